"""The Responses API, as far as a hand-over to a text model needs it.

Text and pictures in, text and function calls out, in one piece. Tools of the service's
own, streams and stored conversations are refused rather than pretended.
"""

from __future__ import annotations

from random import SystemRandom
from typing import Any

from anyio import sleep

from voxpipe.simulator.errors import Refusal, invalid_type
from voxpipe.simulator.net.keys import Keys
from voxpipe.simulator.net.messages import HttpRequest, HttpResponse, json_response
from voxpipe.simulator.protocol.ids import Ids
from voxpipe.simulator.protocol.json_types import is_array, is_object
from voxpipe.simulator.protocol.schema import (
    Shape,
    an_object,
    array,
    boolean,
    fields,
    integer,
    nullable,
    number,
    one_of,
    tagged,
    text,
)
from voxpipe.simulator.protocol.session_schema import FUNCTION, TOOL_CHOICE
from voxpipe.simulator.script.script import Script
from voxpipe.simulator.service.conversation.items import Item
from voxpipe.simulator.service.conversation.tokens import count_text
from voxpipe.simulator.service.responses.script_reader import arguments_text

from .request_body import json_object
from .text_model import TextAnswer, answer, items_of

_PICTURE = 765  # tokens, of usual size


def _no(what: str) -> Shape:
    def refuse(value: Any, path: str) -> Any:
        if value:
            raise Refusal(
                "unsupported_value", f"This simulator's text models {what}.", path
            )
        return value

    return refuse


def _input(value: Any, path: str) -> Any:
    if not (type(value) is str or is_array(value)):
        raise invalid_type(path, value, "a string or an array")
    return value


_DEFAULTS = {"description": None, "parameters": None, "strict": True}  # of a function
_ASKED = fields(
    {
        "model": text(128),
        "input": _input,
        "instructions": nullable(text()),
        "max_output_tokens": nullable(integer(16, 1 << 20)),
        "metadata": nullable(an_object),
        "reasoning": nullable(
            fields(
                {
                    "effort": nullable(
                        one_of("none", "minimal", "low", "medium", "high", "xhigh")
                    ),
                    "summary": nullable(text(32)),
                }
            )
        ),
        "safety_identifier": nullable(text(512)),
        "store": nullable(boolean),
        "temperature": nullable(number(0, 2)),
        "text": nullable(an_object),
        "top_p": nullable(number(0, 1)),
        "background": _no("answer at once"),
        "conversation": _no("remember no conversation: send it all as input"),
        "previous_response_id": _no("remember nothing: send it all as input"),
        "stream": _no("do not stream: leave stream out"),
        "tools": nullable(array(tagged("type", {"function": FUNCTION}), 128)),
        "tool_choice": nullable(TOOL_CHOICE),
        "parallel_tool_calls": nullable(boolean),
        # What clients send by habit, and what changes nothing here.
        "include": nullable(array(text(64), 32)),
        "max_tool_calls": nullable(integer(1, 1 << 20)),
        "prompt_cache_key": nullable(text(512)),
        "service_tier": nullable(text(32)),
        "truncation": nullable(one_of("auto", "disabled")),
        "user": nullable(text(512)),
    },
    "model",
    "input",
)


class ResponsesEndpoint:
    """Answers ``POST /v1/responses``.

    Args:
        script: what it answers; without a line for it, it echoes.
        keys: for the time.
    """

    def __init__(self, script: Script, keys: Keys) -> None:
        self._script = script
        self._keys = keys
        self._ids = Ids(SystemRandom())

    async def create(self, request: HttpRequest) -> HttpResponse:
        """Answer a text.

        Raises:
            Refusal: what is asked cannot be.
        """
        asked: dict[str, Any] = _ASKED(json_object(request), "")
        items = items_of(asked["input"])
        answered = answer(self._script, asked, items)
        await sleep(answered.rule.wait_ms / 1000)
        return json_response(self._response(asked, items, answered))

    def _response(
        self, asked: dict[str, Any], items: list[Item], answered: TextAnswer
    ) -> dict[str, Any]:
        failure = answered.rule.fails
        return {
            "id": self._ids.new("resp"),
            "object": "response",
            "created_at": int(self._keys.today()),
            "status": "failed" if failure else "completed",
            "error": failure and {"code": failure.code, "message": failure.message},
            "incomplete_details": None,
            "instructions": asked.get("instructions"),
            "max_output_tokens": asked.get("max_output_tokens"),
            "metadata": asked.get("metadata") or {},
            "model": asked["model"],
            "output": [] if failure else self._output(answered),
            "parallel_tool_calls": asked.get("parallel_tool_calls") is not False,
            "reasoning": asked.get("reasoning") or {"effort": None, "summary": None},
            "temperature": asked.get("temperature", 1.0),
            "text": asked.get("text") or {"format": {"type": "text"}},
            "tool_choice": asked.get("tool_choice") or "auto",
            "tools": [_DEFAULTS | each for each in asked.get("tools") or ()],
            "top_p": asked.get("top_p", 1.0),
            "truncation": "disabled",
            "usage": None if failure else _usage(asked, items, answered),
        }

    def _output(self, answered: TextAnswer) -> list[dict[str, Any]]:
        output: list[dict[str, Any]] = []
        if answered.rule.reasoning_tokens:
            id = self._ids.new("rs")
            output.append({"id": id, "type": "reasoning", "summary": []})
        if answered.text:
            output.append(self._message(answered.text))
        output += [
            {
                "id": self._ids.new("fc"),
                "type": "function_call",
                "status": "completed",
                "call_id": self._ids.call(),
                "name": call.name,
                "arguments": arguments_text(call),
            }
            for call in answered.calls
        ]
        return output

    def _message(self, words: str) -> dict[str, Any]:
        content: dict[str, Any] = {
            "type": "output_text",
            "text": words,
            "annotations": [],
            "logprobs": [],
        }
        return {
            "id": self._ids.new("msg"),
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [content],
        }


def _usage(
    asked: dict[str, Any], items: list[Item], answered: TextAnswer
) -> dict[str, Any]:
    question = [asked.get("instructions") or ""]
    for item in items:
        question += [item.words or "", *item.texts]
    thought = answered.rule.reasoning_tokens
    given = sum(map(count_text, question)) + _PICTURE * _pictures(asked["input"])
    made = count_text(answered.text) + thought
    made += sum(count_text(arguments_text(call)) for call in answered.calls)
    return {
        "input_tokens": given,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": made,
        "output_tokens_details": {"reasoning_tokens": thought},
        "total_tokens": given + made,
    }


def _pictures(input: Any) -> int:
    items = input if is_array(input) else []
    parts = (part for item in items for part in _parts(item.get("content")))
    return sum(part.get("type") == "input_image" for part in parts)


def _parts(content: Any) -> list[dict[str, Any]]:
    return [part for part in (content if is_array(content) else ()) if is_object(part)]
