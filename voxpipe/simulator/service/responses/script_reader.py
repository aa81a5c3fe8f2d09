"""What the simulated model says next: as its script has it, or an echo."""

from __future__ import annotations

import json
import re
from collections.abc import ItemsView, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

from voxpipe.simulator.protocol.json_types import is_object
from voxpipe.simulator.protocol.made_up import made_up
from voxpipe.simulator.script.faults import RATE_LIMIT, RateLimited
from voxpipe.simulator.script.script import (
    CallTool,
    Failure,
    Line,
    Script,
    ScriptedReply,
    When,
)
from voxpipe.simulator.service.conversation.items import Item

from .rules import Rules
from .templates import fill

_SAYING = re.compile(r"\b(?:say|repeat|read)\b", re.IGNORECASE)
_MAX_MESSAGE = 4000  # characters of a message: clients and tools may send a megabyte
_RATE_LIMITED = Failure(
    type="tokens",
    code=RATE_LIMIT,
    message="Rate limit reached on tokens per min. Please try again later.",
)
_NOTHING_TO_CALL = Failure(
    type="invalid_request_error",
    code="no_tool_available",
    message="tool_choice is 'required', and no tool can be called yet.",
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a response was asked for, as far as it matters for what is said.

    Attributes:
        instructions: of this response alone, if any.
        tools: that it may call.
        tool_choice: which of them it must or must not call.
        aside: whether it is out of band.
    """

    instructions: str | None
    tools: Sequence[dict[str, Any]]
    tool_choice: Any
    aside: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What a response will hold.

    Attributes:
        messages: each becomes an item.
        calls: made after them.
        wait_ms: before the first delta, when the script says so.
        failure: how it fails after them.
        line: number of the script's line it follows, or takes the turn of, from 0.
        rule: the one that it follows instead.
        why: this and nothing else, for people.
        interleaved: whether an item begins before the one before it has ended.
        reasoning_tokens: that a model which reasons has thought with.
    """

    messages: tuple[str, ...]
    calls: tuple[CallTool, ...] = ()
    wait_ms: float | None = None
    failure: Failure | None = None
    line: int | None = None
    rule: When | None = None
    why: str = ""
    interleaved: bool = False
    reasoning_tokens: int = 0


class ScriptReader:
    """Keeps the place in the script."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._rules = Rules(script.when)
        self._last: Item | None = None  # of the input of the newest reply by rule
        self._unanswered: Item | None = None  # the same, once that was not heard
        self._responses = 0  # planned so far
        self._next = 0
        self._next_aside = 0
        self._heard_until = 0  # lines whose ``heard`` has been used
        self._told: Item | None = None  # the last that a client has told

    def listen(self, item: Item) -> Line | None:
        """Tell what is said in ``item``, which has just been heard, if it is known."""
        if self._heard_until > self._next:
            return None  # said already: this is the rest of the same sentence
        line = self._line(self._next)
        self._heard_until = self._next + 1
        if line is not None:
            item.content[0].words = line.heard
        return line

    def told(self, item: Item) -> None:
        """A client has put in ``item``, perhaps of a session before this one."""
        before, self._told = self._told, item
        if not self._script.goes_on or not _is_models(item):
            return
        if before is None or not _is_models(before):  # else it was the same reply
            self._next += 1
        self._heard_until = max(self._heard_until, self._next)

    def go_on(self) -> None:
        """Nobody answers in this session: what is said next is in the next line."""
        self._next = max(self._next, self._heard_until)

    def plan(self, wish: Wish, items: Sequence[Item]) -> Plan:
        """Choose what to say, given the response's input."""
        self._responses += 1
        if self._is_limited(self._responses - 1):
            return Plan((), failure=_RATE_LIMITED, why="a fault of the script's")
        verbatim = _verbatim(wish.instructions or "")
        if verbatim:
            why = "told in its instructions what to say"
            return allowed(Plan((_bounded(verbatim),), why=why), wish)
        rest = self._rest(wish, items)
        if rest:
            why = f"the rest of line {self._line_number(self._next - 1)} of replies"
            return allowed(Plan((rest,), line=self._next - 1, why=why), wish)
        rule = self._rule(wish, items)
        number, answer = self._turn(wish, rule)
        if answer is None:
            calls = () if wish.aside else self._echoed_calls(wish, items)
            why = "the script has nothing for it, so an echo"
            if calls:
                why += ", and a call"
            said = _bounded(echo(items))
            return allowed(Plan((said,), calls, line=number, why=why), wish)
        messages = tuple(_bounded(fill(text, items)) for text in answer.messages)
        plan = Plan(
            messages,
            tuple(answer.calls),
            answer.wait_ms,
            answer.fails,
            number,
            rule,
            self._why(rule, number, wish),
            answer.interleaved,
            answer.reasoning_tokens,
        )
        return allowed(plan, wish)

    def _rest(self, wish: Wish, items: Sequence[Item]) -> str:
        """What is left of a line that broke off in the session before this one."""
        last = items[-1] if items else None
        if wish.aside or last is None or last is not self._told or self._next == 0:
            return ""
        line, said = self._line(self._next - 1), last.words or ""
        if not self._script.goes_on or last.role != "assistant" or not line:
            return ""
        whole = " ".join(line.messages)
        is_part = bool(said) and whole.startswith(said)
        return whole.removeprefix(said).strip() if is_part else ""

    def _why(self, rule: When | None, number: int | None, wish: Wish) -> str:
        if rule is not None:
            index = next(i for i, each in enumerate(self._script.when) if each is rule)
            fields = ("instructions", "result", "text")
            said = ((name, getattr(rule, name)) for name in fields)
            holds = ", ".join(f"{name}: {each!r}" for name, each in said if each)
            return f"rule {index + 1} of when holds ({holds or 'always'})"
        if number is None:
            return f"line {self._next_aside} of out_of_band, by turn"
        return f"line {self._line_number(number)} of replies, by turn"

    def _line_number(self, number: int) -> int:
        lines = len(self._script.replies)
        return number % lines + 1 if self._script.then == "repeat" else number + 1

    def _rule(self, wish: Wish, items: Sequence[Item]) -> When | None:
        match = self._rules.match
        if wish.aside:
            return match(items, wish.instructions, aside=True)
        rule, seen = None, self._unanswered
        if seen is not None:
            # The caller may have changed their mind: what they said since goes first.
            news = list(takewhile(lambda item: item is not seen, reversed(items)))
            rule = match(news[::-1], wish.instructions, aside=False)
        if rule is None:
            rule = match(items, wish.instructions, aside=False)
        self._last, self._unanswered = (items[-1] if items else None), None
        return rule

    def _turn(
        self, wish: Wish, rule: When | None
    ) -> tuple[int | None, ScriptedReply | None]:
        """The number of the line that has had its turn then, and the answer."""
        if wish.aside and rule is None:
            lines = self._script.out_of_band
            line = lines[self._next_aside] if self._next_aside < len(lines) else None
            self._next_aside += 1
            return None, line
        # A rule takes the turn of the line that told the words it answers.
        told = self._heard_until > self._next and self._line(self._next) is not None
        if wish.aside or (rule is not None and not told):
            return None, rule
        number = self._next
        self._next += 1
        return number, rule or self._line(number)

    def _echoed_calls(self, wish: Wish, items: Sequence[Item]) -> tuple[CallTool, ...]:
        """What is called when no script says anything, and somebody has asked."""
        tools = [tool for tool in wish.tools if tool.get("type") == "function"]
        asked = items[-1] if items and items[-1].role == "user" else None
        if self._script.then != "call_tools" or not tools or asked is None:
            return ()
        words = set(re.findall(r"\w+", (asked.words or "").lower()))

        def is_named(tool: dict[str, Any]) -> bool:
            return not words.isdisjoint(tool["name"].lower().split("_"))

        return (_made_up(max(tools, key=is_named)),)

    def _is_limited(self, number: int) -> bool:
        return any(
            fault.after <= number < fault.after + fault.times
            for fault in self._script.faults
            if isinstance(fault, RateLimited)
        )

    def give_back(self, plan: Plan) -> None:
        """The last reply was interrupted before it had said anything: say it again."""
        if plan.line is not None and plan.line == self._next - 1:
            self._next = plan.line
        if plan.rule is not None:
            self._rules.give_back(plan.rule)
            self._unanswered = self._last

    def _line(self, number: int) -> Line | None:
        lines = self._script.replies
        if self._script.then == "repeat" and lines:
            return lines[number % len(lines)]
        return lines[number] if number < len(lines) else None


def _is_models(item: Item) -> bool:
    return item.role == "assistant" or item.type == "function_call"


def _verbatim(instructions: str) -> str:
    """What is to be said exactly: *Say this, and nothing else: "Good evening."*"""
    saying = _SAYING.search(instructions)
    if saying is None:
        return ""
    rest = instructions[saying.end() :]
    opened = min((at for at in map(rest.find, '"“') if at >= 0), default=len(rest))
    return rest[opened + 1 : max(opened + 1, *map(rest.rfind, '"”'))]


def echo(items: Sequence[Item]) -> str:
    """What is said when no script says anything: what came last, said back."""
    for item in reversed(items):
        if item.type == "function_call_output":
            return f"The result is {item.call['output']}."
        if item.type == "mcp_call" and item.result:
            return f"The result is {item.result[0]}."
        if item.role == "user":
            if item.words:
                return item.words
            seconds = sum(p.sound.ms for p in item.content if p.sound) / 1000
            if seconds:
                return f"I heard {seconds:.1f} seconds of speech."
            return "I see a picture."
    return "Hello. This is the simulator."


def allowed(plan: Plan, wish: Wish) -> Plan:
    """``plan`` within what tools and ``tool_choice`` permit."""
    names = [tool["name"] for tool in wish.tools]
    messages, calls = plan.messages, plan.calls
    absent = [call.name for call in calls if call.name not in names]
    if wish.tool_choice == "none":
        calls = ()
    elif absent:
        plan = replace(plan, why=f"{plan.why}; the session declares no {absent[0]}")
        messages += (f"I have no tool called {', '.join(absent)}.",)
        calls = ()
    if wish.tool_choice == "required" and not names:
        return replace(plan, messages=(), calls=(), failure=_NOTHING_TO_CALL)
    if plan.failure is not None:
        return replace(plan, messages=messages, calls=calls)
    wanted = _wanted(wish.tool_choice, wish.tools)
    if wanted and not any(call.name in wanted for call in calls):
        tool = next(each for each in wish.tools if each["name"] == wanted[0])
        calls = (_made_up(tool),)
        messages = messages if plan.calls else ()
    if not messages and not calls:
        messages = ("Yes.",)
    return replace(plan, messages=messages, calls=calls)


def _made_up(tool: dict[str, Any]) -> CallTool:
    """A call of it with arguments that fit its schema, and mean nothing."""
    arguments = made_up(tool.get("parameters"))
    return CallTool(name=tool["name"], arguments=arguments or {})


def _bounded(text: str) -> str:
    return text if len(text) <= _MAX_MESSAGE else text[:_MAX_MESSAGE] + "…"


def _wanted(choice: Any, tools: Sequence[dict[str, Any]]) -> list[str]:
    if not is_object(choice):
        return [tool["name"] for tool in tools] if choice == "required" else []
    asked = {name: value for name, value in choice.items() if value is not None}
    return [tool["name"] for tool in tools if asked.items() <= _identity(tool)]


def _identity(tool: dict[str, Any]) -> ItemsView[str, Any]:
    """What a ``tool_choice`` may ask of it."""
    names = ("type", "server_label", "name")
    return {name: tool[name] for name in names if name in tool}.items()


def arguments_text(call: CallTool) -> str:
    """The arguments as the wire carries them: JSON text."""
    if isinstance(call.arguments, str):
        return call.arguments
    return json.dumps(call.arguments, ensure_ascii=False)
