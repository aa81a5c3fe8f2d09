"""What a text model answers: as the script has it, in the asked format, or an echo."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from voxpipe.simulator.errors import invalid_type, missing
from voxpipe.simulator.protocol.json_types import is_array, is_object
from voxpipe.simulator.protocol.made_up import made_up
from voxpipe.simulator.protocol.schema import an_object
from voxpipe.simulator.protocol.schema import text as is_text
from voxpipe.simulator.script.patterns import found
from voxpipe.simulator.script.script import CallTool, Script, Written
from voxpipe.simulator.service.conversation.items import ContentPart, Item
from voxpipe.simulator.service.responses.rules import latest_of
from voxpipe.simulator.service.responses.script_reader import Plan, Wish, allowed
from voxpipe.simulator.service.responses.templates import fill

_MAX_ECHO = 4_000  # characters


@dataclass(frozen=True, slots=True)
class TextAnswer:
    """What comes of a request.

    Attributes:
        rule: of the script; one that says nothing when none fits.
        text: its words; empty when it only calls.
        calls: functions that it calls.
    """

    rule: Written
    text: str = field(repr=False)
    calls: Sequence[CallTool] = ()


def answer(script: Script, asked: Mapping[str, Any], items: list[Item]) -> TextAnswer:
    """The answer to a request whose shape has been checked, and to its items."""
    rule = _rule(script.written, items) or Written()
    said = fill(rule.words, items)
    if not said and not rule.calls:
        text: dict[str, Any] = asked.get("text") or {}
        format = text.get("format")
        said = _in_format(format if is_object(format) else {}, items)
    wish = Wish(
        None, asked.get("tools") or (), asked.get("tool_choice") or "auto", aside=False
    )
    plan = allowed(Plan((said,) if said else (), tuple(rule.calls)), wish)
    failure = rule.fails or plan.failure
    rule = rule.model_copy(update={"fails": failure})
    return TextAnswer(rule, " ".join(plan.messages), plan.calls)


def _rule(rules: Sequence[Written], items: Sequence[Item]) -> Written | None:
    question = "\n".join(item.words or "" for item in items)
    results = latest_of(items).results
    for rule in rules:
        if rule.result is not None:
            if any(
                name == rule.result and found(rule.text, output)
                for name, output in results
            ):
                return rule
        elif not (rule.calls and results) and found(rule.text, question):
            return rule
    return None


def _in_format(format: Mapping[str, Any], items: Sequence[Item]) -> str:
    """What is said without a script: what came last, or what a schema describes."""
    results = latest_of(items).results
    words = [item.words for item in items if item.words]
    last = (results[-1][1] if results else words[-1] if words else "")[:_MAX_ECHO]
    if format.get("type") == "json_schema":
        return json.dumps(made_up(format.get("schema")), ensure_ascii=False)
    if format.get("type") == "json_object":
        return json.dumps({"result" if results else "asked": last}, ensure_ascii=False)
    return f"The result is {last}." if results else f"You asked: {last}"


def items_of(input: Any) -> list[Item]:
    """The items of a request's ``input``.

    Raises:
        Refusal: something in it is no item.
    """
    if isinstance(input, str):
        return [_message("user", input)]
    return list(_items(input))


def _items(input: list[Any]) -> Iterator[Item]:
    for at, each in enumerate(input):
        path = f"input[{at}]"
        item = an_object(each, path)
        kind = item.get("type", "message")
        if kind == "function_call":
            call = _texts(item, path, "call_id", "name", "arguments")
            yield Item("", "function_call", call=call)
        elif kind == "function_call_output":
            call = _texts(item, path, "call_id")
            output = _joined(item.get("output"))
            if output is None:
                raise invalid_type(f"{path}.output", item.get("output"), "a string")
            yield Item("", "function_call_output", call=call | {"output": output})
        elif kind == "message":
            role = "system" if item.get("role") == "developer" else item.get("role")
            yield _message(str(role), _joined(item.get("content")) or "")


def _message(role: str, text: str) -> Item:
    return Item("", role=role, content=[ContentPart("input_text", text)])


def _texts(item: dict[str, Any], path: str, *names: str) -> dict[str, Any]:
    for name in names:
        if name not in item:
            raise missing(f"{path}.{name}")
    return {name: is_text()(item[name], f"{path}.{name}") for name in names}


def _joined(content: Any) -> str | None:
    """The words of a content, which is text or parts."""
    if not is_array(content):
        return content if isinstance(content, str) else None
    texts = [part.get("text") for part in content if is_object(part)]
    return "\n".join(each for each in texts if isinstance(each, str))
