"""A tool that runs only when a person agrees: in code, or asked by voice.

By voice takes two calls. The first is answered with ``approval_needed``, so that the
model asks the caller; the second, of the tool `DECIDE`, says what they answered. What
then runs is what was proposed: the model cannot change its arguments any more. And it
runs only if the caller's own words are a clear yes, or if they have keyed in the code
that they were told: a model can be talked into agreeing for them.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from secrets import randbelow
from typing import Any

from anyio import move_on_after

from voxpipe.pipeline import ToolCall, VoxpipeError
from voxpipe.processors.consent import CallerWords, Understands, consent

from .errors import ArgumentsError
from .outputs import CallAnswer, failure

DECIDE = "answer_approval"  # the tool by which the model says what the caller answered
MAX_QUESTIONS = 16  # questions to one caller; nobody keeps more in mind
APPROVAL_TIMEOUT = 600.0  # seconds, whoever is asked; a person may have to be found
MAX_ARGUMENTS = 1_000  # characters; nobody can be read more, and agree to all of it
MAX_UNCLEAR = 2  # answers that are neither yes nor no; then it is not done
WORDS_TIMEOUT = 4.0  # seconds for what the caller said to be written down
_REFUSED = "the caller does not want it, or has not clearly agreed: offer them a person"


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
    """The caller is asked, by the model, and their own words decide.

    Attributes:
        question: what to ask, as in ``"May I really cancel the booking?"``; without
            one the model finds its own words.
        understands: says of an answer whether it agrees; `consent` knows five
            languages.
    """

    question: str = ""
    understands: Understands = consent


@dataclass(slots=True)
class _Question:
    """One that is open.

    Attributes:
        call: what is to run.
        by: how it is asked.
        until: on the loop's clock.
        turns: of the caller, when they were last asked.
        before: items of theirs that are no answer: they came before it was asked.
        code: to be keyed in; empty when there are no keys.
        keyed: it was.
        unclear: answers that were neither yes nor no.
    """

    call: ToolCall
    by: ByVoice
    until: float
    turns: int
    before: tuple[str, ...]
    code: str = ""
    keyed: bool = False
    unclear: int = 0


class Questions:
    """What the caller was asked and has not answered yet.

    Args:
        words: what they say.
        keys: whether they can key in a code.
    """

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

    def __init__(self, words: CallerWords, *, keys: bool) -> None:
        self._words = words
        self._keys = keys
        self._pressed = ""  # the last of them
        self._open: dict[str, _Question] = {}
        self._numbers = count(1)

    def ask(self, call: ToolCall, by: ByVoice, now: float) -> CallAnswer:
        """The answer to a call that needs the caller's approval.

        Raises:
            ArgumentsError: they are more than can be read to somebody.
        """
        if len(call.arguments) > MAX_ARGUMENTS:
            raise ArgumentsError(
                f"expected arguments of at most {MAX_ARGUMENTS} characters, which can "
                f"be read to the caller, got {len(call.arguments)}"
            )
        name = f"approval_{next(self._numbers)}"
        code = str(100 + randbelow(900)) if self._keys else ""
        until, before = now + APPROVAL_TIMEOUT, self._before(call)
        self._open[name] = _Question(call, by, until, call.caller_turns, before, code)
        while len(self._open) > MAX_QUESTIONS:
            del self._open[next(iter(self._open))]
        needed = {
            "request": name,
            "tool": call.name,
            "arguments": call.arguments,
            "question": by.question or "Say what you are about to do, and ask.",
            "next": "Read to the caller what would be done, with every value of the "
            "arguments in plain words, and ask the question. When they have answered, "
            f"call {DECIDE}.",
        }
        output = json.dumps({"approval_needed": needed}, ensure_ascii=False)
        return CallAnswer(output, "approval_needed")

    def press(self, digit: str) -> None:
        """The caller has pressed a key."""
        self._pressed = f"{self._pressed}{digit}"[-3:]
        for question in self._open.values():
            if question.code == self._pressed:
                question.keyed = True

    async def decide(self, call: ToolCall, now: float) -> CallAnswer | ToolCall:
        """What the caller said: an answer, or the call that may run now.

        Raises:
            ArgumentsError: the model wrote something else.
        """
        name, agreed = _decision(call.arguments)
        question = self._open.get(name)
        if question is None or now > question.until:
            self._open.pop(name, None)
            return failure("refused", "there is no such request, or no longer")
        if call.caller_turns <= question.turns and not question.keyed:
            return failure(
                "approval_needed",
                "the caller has not answered yet: ask them, and wait for their answer",
            )
        if agreed and not question.keyed:
            meaning = await self._meaning(question, call.caller_item)
            if meaning is None and question.unclear < MAX_UNCLEAR:
                return self._ask_again(question, call)
            agreed = meaning is True
        if self._open.pop(name, None) is None:  # decided meanwhile
            return failure("refused", "there is no such request, or no longer")
        return question.call if agreed else failure("refused", _REFUSED)

    async def _meaning(self, question: _Question, item_id: str) -> bool | None:
        """Whether the caller's last words agree, and nothing that they said says no."""
        with move_on_after(WORDS_TIMEOUT):
            while self._words.get(item_id) is None:
                await self._words.more()
        said = dict(self._words.but(question.before))
        meanings = {each: question.by.understands(said[each]) for each in said}
        if item_id not in meanings:
            return None
        last = list(meanings)[list(meanings).index(item_id) :]
        if all(meanings[each] is True for each in last):
            return None if False in meanings.values() else True
        return False if meanings[item_id] is False else None

    def _ask_again(self, question: _Question, call: ToolCall) -> CallAnswer:
        question.unclear += 1
        question.turns = call.caller_turns
        question.before = self._before(call)
        again = "what the caller has said is no clear yes: ask them to say yes or no"
        if question.code:
            again += (
                f", or to agree by pressing {' '.join(question.code)} on their "
                "telephone and to say when they have"
            )
        return failure("approval_needed", f"{again}, and nothing else")

    def _before(self, call: ToolCall) -> tuple[str, ...]:
        return (*self._words.items(), call.caller_item)


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
