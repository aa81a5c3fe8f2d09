"""A turn: from the caller's last loud frame to the first loud sample of the answer.

Between them it passes milestones. What lies between two of them is a stage, and each
stage belongs to one side: it is ours, or the model's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Side = Literal["ours", "model"]

STAGES = {
    "inbound": "the caller's last loud frame, until it has left for the model",
    "turn_detection": "until it was decided that the caller has finished",
    "commit": "until the service has closed the turn",
    "first_delta": "until the first audio of the reply came, without tools",
    "tools": "while the model waited for a tool",
    "release": "until that audio left the model's box",
    "graph": "until it was written to the caller's line",
    "line": "until it was heard",
}
"""In order, each with what it is."""

MILESTONES = (
    "said",
    "sent",
    "decided",
    "committed",
    "first_delta",
    "released",
    "written",
    "heard",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What was seen of one reply inside of the app, on anyio's clock.

    Attributes:
        reply: the service's name for it.
        sent: when the last loud audio before it left for the service.
        decided: when it was known that the caller has finished.
        decider: who has decided that: ``ours``, a `Vad` in the app; or the service.
        committed: when the service has closed the turn.
        tools_from: when the first tool was called for it, if one was.
        tools_to: when the last result was sent.
        first_delta: when its first audio came.
        released: when that left the model's box.
        written: when it was given to the line.
    """

    reply: str
    sent: float | None = None
    decided: float | None = None
    decider: Side = "model"
    committed: float | None = None
    tools_from: float | None = None
    tools_to: float | None = None
    first_delta: float | None = None
    released: float | None = None
    written: float | None = None

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Exchange:
        """From JSON."""
        return cls(**told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One answer to a caller.

    Attributes:
        said: seconds from the start of the call to the caller's last loud frame.
        heard: and to the first loud sample of the answer, at the caller's ear.
        marks: the milestones in between, as far as they are known, likewise.
        decider: see `Exchange`.
    """

    said: float
    heard: float
    marks: Mapping[str, float]
    decider: Side

    @property
    def total(self) -> float:
        """Seconds until it was answered."""
        return self.heard - self.said

    def stages(self) -> dict[str, float]:
        """Seconds of each stage; their sum is `total`, when all milestones are known.

        A milestone that is not known leaves the stage that ends there out, and the
        next one is the longer.
        """
        found, before = dict[str, float](), self.said
        for name, at in self._ends():
            at = min(max(at, before), self.heard)
            found[name] = found.get(name, 0.0) + at - before
            before = at
        return found

    def _ends(self) -> Iterator[tuple[str, float]]:
        marks = self.marks
        names = {"sent": "inbound", "decided": "turn_detection", "committed": "commit"}
        for mark, stage in names.items():
            if mark in marks:
                yield stage, marks[mark]
        if "tools_from" in marks:
            yield "first_delta", marks["tools_from"]
            yield "tools", marks.get("tools_to", marks["tools_from"])
        if "first_delta" in marks:
            yield "first_delta", marks["first_delta"]
        if "released" in marks:
            yield "release", marks["released"]
        if "written" in marks:
            yield "graph", marks["written"]
        yield "line", self.heard

    def side_of(self, stage: str) -> Side:
        """Whose it is."""
        if stage in ("turn_detection", "commit"):
            return self.decider
        return "model" if stage == "first_delta" else "ours"

    def sides(self) -> dict[Side, float]:
        """Seconds of ours, and of the model's; their sum is `total`."""
        found: dict[Side, float] = {"ours": 0.0, "model": 0.0}
        for stage, seconds in self.stages().items():
            found[self.side_of(stage)] += seconds
        return found


def matched(
    answers: Mapping[float, float], exchanges: list[Exchange], began: float
) -> list[Turn]:
    """Each answer that was heard, with what was seen of its reply.

    Args:
        answers: when something was said, and when its answer was heard.
        exchanges: of the same call.
        began: when the call did, on the same clock.
    """
    return [
        _turn(said, heard, exchanges, began) for said, heard in sorted(answers.items())
    ]


def _turn(said: float, heard: float, exchanges: list[Exchange], began: float) -> Turn:
    # Of those whose audio came after the question and before the answer was heard, the
    # first: what comes later is played behind it.
    fitting = [
        each
        for each in exchanges
        if each.first_delta is not None and said < each.first_delta <= heard
    ]
    marks, decider = dict[str, float](), "model"
    if fitting:
        found = min(fitting, key=lambda each: each.first_delta or 0.0)
        decider = found.decider
        seen = {
            "sent": found.sent,
            "decided": found.decided,
            "committed": found.committed,
            "tools_from": found.tools_from,
            "tools_to": found.tools_to,
            "first_delta": found.first_delta,
            "released": found.released,
            "written": found.written,
        }
        marks = {
            name: at - began
            for name, at in seen.items()
            if at is not None and at >= said - 0.5  # of this turn, not of one before
        }
    return Turn(
        said=said - began,
        heard=heard - began,
        marks=marks,
        decider="ours" if decider == "ours" else "model",
    )
