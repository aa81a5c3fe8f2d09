"""A text model that a voice hands over to; the official SDK is the judge."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Literal

import pytest
from openai import AsyncOpenAI, AuthenticationError, BadRequestError
from openai.types.responses import Response
from pydantic import BaseModel, Field

from voxpipe.simulator import (
    CallTool,
    Failure,
    Script,
    Simulator,
    ToneVoice,
    Written,
    parse_script,
)

SCRIPT = Script(
    written=[
        Written(text="prime", say="It is prime.", reasoning_tokens=120),
        Written(text="broken", fails=Failure(message="Try again.")),
    ]
)


@asynccontextmanager
async def text_model(
    script: Script = SCRIPT, key: str = "sk-test"
) -> AsyncGenerator[AsyncOpenAI]:
    async with (
        Simulator(script, ToneVoice(), accepts="sk-test".__eq__) as simulator,
        AsyncOpenAI(
            base_url=simulator.url,
            api_key=key,
            max_retries=0,
            _strict_response_validation=True,
        ) as client,
    ):
        yield client


def judge(response: Response) -> Response:
    """Nothing in it that the SDK's type does not know, and all in its place."""
    told = response.model_dump(mode="json", exclude_unset=True)
    assert not Response.model_validate(told).model_extra
    for item in response.output:
        assert not item.model_extra
    usage = response.usage
    if usage is not None:
        assert usage.total_tokens == usage.input_tokens + usage.output_tokens
        thought = usage.output_tokens_details.reasoning_tokens
        assert thought <= usage.output_tokens
    return response


async def test_a_text_is_answered_as_the_script_has_it() -> None:
    async with text_model() as client:
        response = judge(
            await client.responses.create(
                model="gpt-5.6",
                input="Is 97 a Prime?",
                instructions="Be exact.",
                reasoning={"effort": "high"},
                metadata={"call": "1"},
                max_output_tokens=500,
            )
        )
    assert response.output_text == "It is prime."
    assert [item.type for item in response.output] == ["reasoning", "message"]
    assert response.status == "completed"
    assert (response.model, response.metadata) == ("gpt-5.6", {"call": "1"})
    assert response.reasoning is not None
    assert response.reasoning.effort == "high"
    assert response.usage is not None
    assert response.usage.output_tokens_details.reasoning_tokens == 120


async def test_without_a_line_it_echoes_the_last_words() -> None:
    picture = "data:image/png;base64,iVBORw0KGgo="
    async with text_model(Script()) as client:
        response = judge(
            await client.responses.create(
                model="gpt-5.6",
                input=[
                    {"role": "user", "content": "Hello."},
                    {
                        "role": "user",
                        "content": [
                            {
                                "type": "input_image",
                                "image_url": picture,
                                "detail": "auto",
                            },
                            {"type": "input_text", "text": "What is this?"},
                        ],
                    },
                ],
            )
        )
    assert response.output_text == "You asked: What is this?"
    assert response.usage is not None
    assert response.usage.input_tokens > 700  # a picture is seen


async def test_a_response_that_fails_says_how() -> None:
    async with text_model() as client:
        response = judge(await client.responses.create(model="m", input="broken?"))
    assert response.status == "failed"
    assert response.error is not None
    assert (response.error.code, response.error.message) == (
        "server_error",
        "Try again.",
    )
    assert response.output_text == ""


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"input": "x"}, "model", "Missing required parameter"),
    ({"model": "m"}, "input", "Missing required parameter"),
    ({"model": "m", "input": 3}, "input", "a string or an array"),
    ({"model": "m", "input": [3]}, "input[0]", "an object"),
    ({"model": "m", "input": "x", "bogus": 1}, "bogus", "Unknown parameter"),
    ({"model": "m", "input": "x", "stream": True}, "stream", "do not stream"),
    (
        {"model": "m", "input": "x", "tools": [{"type": "web_search"}]},
        "tools[0].type",
        "Supported value is: 'function'",
    ),
    (
        {"model": "m", "input": [{"type": "function_call_output", "call_id": "c"}]},
        "input[0].output",
        "expected a string",
    ),
    ({"model": "m", "input": "x", "temperature": 3}, "temperature", "2"),
]


@pytest.mark.parametrize(("asked", "param", "words"), REFUSED)
async def test_what_cannot_be_is_refused_as_the_service_does(
    asked: dict[str, Any], param: str, words: str
) -> None:
    async with text_model() as client:
        with pytest.raises(BadRequestError, match=words) as refused:
            await client.post("/responses", cast_to=Response, body=asked)
    assert refused.value.param == param


PRICE: Any = {
    "type": "function",
    "name": "price_of",
    "description": "A price.",
    "parameters": {
        "type": "object",
        "properties": {"thing": {"type": "string"}},
        "required": ["thing"],
    },
    "strict": False,
}
ASKING: Any = {"role": "user", "content": "What is a lamp?"}


async def test_it_calls_functions_and_answers_what_they_gave() -> None:
    script = Script(
        written=[
            Written(text="lamp", calls=[CallTool(name="price_of", arguments={"a": 1})]),
            Written(result="price_of", text="euros", say="It costs {result.price}."),
        ]
    )
    async with text_model(script) as client:
        first = judge(
            await client.responses.create(
                model="m", input=[ASKING], tools=[PRICE], parallel_tool_calls=False
            )
        )
        (call,) = first.output
        assert call.type == "function_call"
        assert (call.name, call.arguments) == ("price_of", '{"a": 1}')
        assert first.output_text == ""
        output = {
            "type": "function_call_output",
            "call_id": call.call_id,
            "output": '{"price": "40 euros"}',
        }
        again: Any = [ASKING, call.model_dump(exclude_none=True), output]
        second = judge(
            await client.responses.create(model="m", input=again, tools=[PRICE])
        )
    assert second.output_text == "It costs 40 euros."


async def test_without_a_line_it_calls_only_what_it_must() -> None:
    async with text_model(Script()) as client:
        free = await client.responses.create(model="m", input="Hi", tools=[PRICE])
        forced = await client.responses.create(
            model="m", input="Hi", tools=[PRICE], tool_choice="required"
        )
    assert judge(free).output_text == "You asked: Hi"
    (call,) = judge(forced).output
    assert call.type == "function_call"
    assert json.loads(call.arguments) == {"thing": "example"}


class Seat(BaseModel):
    """Referred to by the schema of `Booking`."""

    row: int = Field(ge=5)
    side: Literal["left", "right"] | None


class Booking(BaseModel):
    """What a supervisor asks a text model for."""

    name: str
    seats: list[Seat] = Field(min_length=2)
    paid: bool


@pytest.mark.parametrize("said", [None, {"name": "Ada", "seats": [], "paid": True}])
async def test_what_a_schema_describes_is_answered(said: Any) -> None:
    if said is not None:
        said["seats"] = [{"row": 5, "side": None}, {"row": 6, "side": "left"}]
    script = Script(written=[Written(say=said)] if said else [])
    async with text_model(script) as client:
        response = await client.responses.parse(
            model="m", input="Book it.", text_format=Booking
        )
    booking = response.output_parsed
    assert isinstance(booking, Booking)
    assert len(booking.seats) == 2
    assert booking.name == ("Ada" if said else "example")


async def test_any_json_is_some_json() -> None:
    async with text_model(Script()) as client:
        response = await client.responses.create(
            model="m", input="Say JSON.", text={"format": {"type": "json_object"}}
        )
    assert json.loads(response.output_text) == {"asked": "Say JSON."}


async def test_a_wrong_key_is_no_key() -> None:
    async with text_model(key="wrong") as client:
        with pytest.raises(AuthenticationError):
            await client.responses.create(model="m", input="x")


def test_a_file_can_say_it() -> None:
    script = parse_script("written:\n  - text: prime\n    say: It is prime.\n")
    assert script.written == (Written(text="prime", say="It is prime."),)
