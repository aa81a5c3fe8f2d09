"""A tool that runs only when a person agrees: in code, or asked by voice.

By voice takes two calls. The first is answered with ``approval_needed``, so that the
model asks the caller; the second, of the tool `DECIDE`, says what they answered. What
then runs is what was proposed: the model cannot change its arguments any more. And it
runs only if the caller has had a turn in between, so that a model cannot agree for them
in the same breath.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from voxpipe.pipeline import ToolCall, VoxpipeError

from .errors import ArgumentsError
from .outputs import CallAnswer, failure

DECIDE = "answer_approval"  # the tool by which the model says what the caller answered
MAX_QUESTIONS = 16  # questions to one caller; nobody keeps more in mind
APPROVAL_TIMEOUT = 600.0  # seconds, whoever is asked; a person may have to be found
_MAX_ARGUMENTS = 1_000  # characters of arguments that are repeated to the model


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the model would like to do.

    Attributes:
        call_id: of the call.
        tool: its name.
        arguments: checked, as the function will get them.
    """

    call_id: str
    tool: str
    arguments: Mapping[str, Any] = field(repr=False)


Ask = Callable[[Proposal], Awaitable[bool]]
"""Asks somebody; may take minutes. What it raises counts as a refusal."""


class Refused(VoxpipeError):
    """Raised by an approval to refuse with a reason, which is told to the model."""


@dataclass(frozen=True, slots=True)
class ByVoice:
    """The caller is asked, by the model.

    Attributes:
        question: what to ask, as in ``"May I really cancel the booking?"``; without
            one the model finds its own words.
    """

    question: str = ""


class Questions:
    """What the caller was asked and has not answered yet."""

    schema: Mapping[str, Any] = {
        "type": "function",
        "name": DECIDE,
        "description": (
            "Say what the caller has answered to a question for approval. Call it only "
            "after they have answered, in clear words, and never in their place."
        ),
        "parameters": {
            "type": "object",
            "properties": {
                "request": {
                    "type": "string",
                    "description": "the name of the request, as in approval_1",
                },
                "agreed": {
                    "type": "boolean",
                    "description": "whether the caller has clearly agreed",
                },
            },
            "required": ["request", "agreed"],
            "additionalProperties": False,
        },
    }

    def __init__(self) -> None:
        self._open: dict[str, tuple[ToolCall, float]] = {}  # and until when
        self._numbers = count(1)

    def ask(self, call: ToolCall, by: ByVoice, now: float) -> CallAnswer:
        """The answer to a call that needs the caller's approval."""
        name = f"approval_{next(self._numbers)}"
        self._open[name] = call, now + APPROVAL_TIMEOUT
        while len(self._open) > MAX_QUESTIONS:
            del self._open[next(iter(self._open))]
        question = by.question or "Say what you are about to do, and ask if you may."
        needed = {
            "request": name,
            "tool": call.name,
            "arguments": call.arguments[:_MAX_ARGUMENTS],
            "question": question,
            "next": f"Ask the caller. When they have answered, call {DECIDE}.",
        }
        output = json.dumps({"approval_needed": needed}, ensure_ascii=False)
        return CallAnswer(output, "approval_needed")

    def decide(self, call: ToolCall, now: float) -> CallAnswer | ToolCall:
        """What the caller said: an answer, or the call that may run now.

        Raises:
            ArgumentsError: the model wrote something else.
        """
        name, agreed = _decision(call.arguments)
        asked, until = self._open.get(name, (None, 0.0))
        if asked is None or now > until:
            self._open.pop(name, None)
            return failure("refused", "there is no such request, or no longer")
        if call.caller_turns <= asked.caller_turns:
            return failure(
                "approval_needed",
                "the caller has not answered yet: ask them, and wait for their answer",
            )
        del self._open[name]
        if not agreed:
            return failure("refused", "the caller does not want it")
        return asked


def _decision(text: str) -> tuple[str, bool]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    match value:
        case {"request": str(name), "agreed": bool(agreed), **rest} if not rest:
            return name, agreed
        case _:
            raise ArgumentsError(
                "expected an object with request, a string, and agreed, true or false"
            )
