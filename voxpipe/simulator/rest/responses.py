"""The Responses API, as far as a hand-over to a text model needs it.

Text and pictures in, text out, in one piece. Tools, streams and stored conversations
are refused rather than pretended.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
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
    boolean,
    fields,
    integer,
    nullable,
    number,
    one_of,
    text,
)
from voxpipe.simulator.script.script import Script, Written
from voxpipe.simulator.service.conversation.tokens import count_text

from .request_body import json_object

_PICTURE = 765  # tokens, of usual size
_MAX_ECHO = 4_000  # characters


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
        "tools": _no("call no tools"),
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
        texts = list(_texts(asked["input"]))
        written = self._written("\n".join(texts))
        if written is None:
            said = texts[-1] if texts else ""
            written = Written(say=f"You asked: {said[:_MAX_ECHO]}")
        await sleep(written.wait_ms / 1000)
        return json_response(self._response(asked, written))

    def _written(self, question: str) -> Written | None:
        for each in self._script.written:
            if re.search(each.text or "", question, re.IGNORECASE):
                return each
        return None

    def _response(self, asked: dict[str, Any], written: Written) -> dict[str, Any]:
        failure = written.fails
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
            "output": [] if failure else self._output(written),
            "parallel_tool_calls": True,
            "reasoning": asked.get("reasoning") or {"effort": None, "summary": None},
            "temperature": asked.get("temperature", 1.0),
            "text": asked.get("text") or {"format": {"type": "text"}},
            "tool_choice": "auto",
            "tools": [],
            "top_p": asked.get("top_p", 1.0),
            "truncation": "disabled",
            "usage": None if failure else _usage(asked, written),
        }

    def _output(self, written: Written) -> list[dict[str, Any]]:
        content: dict[str, Any] = {
            "type": "output_text",
            "text": written.say,
            "annotations": [],
            "logprobs": [],
        }
        message: dict[str, Any] = {
            "id": self._ids.new("msg"),
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [content],
        }
        if not written.reasoning_tokens:
            return [message]
        return [
            {"id": self._ids.new("rs"), "type": "reasoning", "summary": []},
            message,
        ]


def _usage(asked: dict[str, Any], written: Written) -> dict[str, Any]:
    question = [asked.get("instructions") or "", *_texts(asked["input"])]
    given = sum(map(count_text, question)) + _PICTURE * _pictures(asked["input"])
    made = count_text(written.say) + written.reasoning_tokens
    return {
        "input_tokens": given,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": made,
        "output_tokens_details": {"reasoning_tokens": written.reasoning_tokens},
        "total_tokens": given + made,
    }


def _texts(input: Any) -> Iterator[str]:
    """All that is written in it, in order."""
    if isinstance(input, str):
        yield input
        return
    for at, item in enumerate(input):
        content = an_object(item, f"input[{at}]").get("content")
        if isinstance(content, str):
            yield content
        for part in _parts(content):
            if isinstance(part.get("text"), str):
                yield part["text"]


def _pictures(input: Any) -> int:
    items = input if is_array(input) else []
    parts = (part for item in items for part in _parts(item.get("content")))
    return sum(part.get("type") == "input_image" for part in parts)


def _parts(content: Any) -> Iterator[dict[str, Any]]:
    return (part for part in (content if is_array(content) else ()) if is_object(part))
