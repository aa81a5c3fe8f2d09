"""The Responses API, as far as a hand-over to a text model needs it."""

from __future__ import annotations

from random import SystemRandom
from typing import Any

from voxpipe.simulator.errors import missing
from voxpipe.simulator.front.messages import Answer, Request, answer_json
from voxpipe.simulator.keys import Keys
from voxpipe.simulator.script import Script
from voxpipe.simulator.wire.ids import Ids
from voxpipe.simulator.wire.json_types import is_array
from voxpipe.simulator.wire.schema import an_object, text

from .asked import json_object


class Responses:
    """Answers ``POST /v1/responses``.

    Args:
        script: what it answers; without a line for it, it echoes.
        keys: for the time.
    """

    def __init__(self, script: Script, keys: Keys) -> None:
        self._script = script
        self._keys = keys
        self._ids = Ids(SystemRandom())

    async def create(self, request: Request) -> Answer:
        """Answer a text.

        Raises:
            Refusal: what is asked cannot be.
        """
        asked = json_object(request)
        for name in ("model", "input"):
            if name not in asked:
                raise missing(name)
        model = text(128)(asked["model"], "model")
        said = _last_words(asked["input"])
        return answer_json(self._response(model, f"You asked: {said}"))

    def _response(self, model: str, said: str) -> dict[str, Any]:
        content: dict[str, Any] = {
            "type": "output_text",
            "text": said,
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
        return {
            "id": self._ids.new("resp"),
            "object": "response",
            "created_at": int(self._keys.today()),
            "status": "completed",
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "metadata": {},
            "model": model,
            "output": [message],
            "parallel_tool_calls": True,
            "temperature": 1.0,
            "tool_choice": "auto",
            "tools": [],
            "top_p": 1.0,
        }


def _last_words(input: Any) -> str:
    """The text of the last message that has any."""
    if isinstance(input, str):
        return input
    for item in reversed(input if is_array(input) else []):
        content = an_object(item, "input").get("content")
        if isinstance(content, str):
            return content
        for part in reversed(content if is_array(content) else []):
            words = an_object(part, "input.content").get("text")
            if isinstance(words, str):
                return words
    return ""
