"""Which rule of the script answers: by what was said, or by what a tool gave back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from voxpipe.simulator.script.patterns import found
from voxpipe.simulator.script.script import When
from voxpipe.simulator.service.conversation.items import Item


@dataclass(frozen=True, slots=True)
class Latest:
    """What has come since the model spoke or called last.

    Attributes:
        words: what the caller said and typed, as far as it is known.
        results: name of the tool and its output, each.
    """

    words: str
    results: tuple[tuple[str, str], ...]


class Rules:
    """Finds the first rule that holds, and counts how often each has answered."""

    def __init__(self, rules: Sequence[When]) -> None:
        self._rules = rules
        self._left = [rule.times for rule in rules]

    def match(
        self, items: Sequence[Item], instructions: str | None, *, aside: bool
    ) -> When | None:
        """The rule that answers, if any does; it has answered once more then.

        Args:
            items: the model's input.
            instructions: of this response alone.
            aside: whether the response is out of band.
        """
        if not self._rules:
            return None
        latest = latest_of(items)
        for index, rule in enumerate(self._rules):
            left = self._left[index]
            if left == 0 or (aside and rule.instructions is None):
                continue
            if _holds(rule, latest, instructions or ""):
                self._left[index] = None if left is None else left - 1
                return rule
        return None

    def give_back(self, rule: When) -> None:
        """Its last answer came to nothing, and does not count."""
        index = next(at for at, each in enumerate(self._rules) if each is rule)
        left = self._left[index]
        self._left[index] = None if left is None else left + 1


def latest_of(items: Sequence[Item]) -> Latest:
    """What has come since the model spoke or called last."""
    names = {
        item.call.get("call_id"): item.call.get("name", "")
        for item in items
        if item.type == "function_call"
    }
    words: list[str] = []
    results: list[tuple[str, str]] = []
    called = False
    for item in reversed(items):
        if item.type.startswith("mcp_"):
            if item.type == "mcp_call":
                called = True
                results[:0] = [(item.call["name"], text) for text in item.result]
        elif called and item.role == "user":
            break  # to which the model has replied with the call
        elif item.type == "function_call_output":
            name = names.get(item.call.get("call_id"), "")
            results.insert(0, (name, item.call["output"]))
        elif item.role == "user":
            words.insert(0, item.words or "")
        elif item.role != "system":
            break
    return Latest("\n".join(words), tuple(results))


def _holds(rule: When, latest: Latest, instructions: str) -> bool:
    if not found(rule.instructions, instructions):
        return False
    if rule.result is None:
        return rule.text is None or (
            bool(latest.words) and found(rule.text, latest.words)
        )
    return any(
        name == rule.result and found(rule.text, output)
        for name, output in latest.results
    )
