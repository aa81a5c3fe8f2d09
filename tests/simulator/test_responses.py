"""A text model that a voice hands over to; the official SDK is the judge."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from openai import AsyncOpenAI, AuthenticationError, BadRequestError
from openai.types.responses import Response

from voxpipe.simulator import (
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
    ({"model": "m", "input": "x", "tools": [{}]}, "tools", "call no tools"),
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


async def test_a_wrong_key_is_no_key() -> None:
    async with text_model(key="wrong") as client:
        with pytest.raises(AuthenticationError):
            await client.responses.create(model="m", input="x")


def test_a_file_can_say_it() -> None:
    script = parse_script("written:\n  - text: prime\n    say: It is prime.\n")
    assert script.written == (Written(text="prime", say="It is prime."),)
