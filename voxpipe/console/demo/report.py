"""What happened in a conversation, as data: for a file, for a terminal, for a picture.

All times are seconds on the call's own clock, which starts at 0 when the call does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from voxpipe.pipeline import Timings

from .plain import columns, fit, safe, wrapped

Speaker = Literal["caller", "agent"]
SCHEMA = 1  # of the file; goes up when a key changes its meaning


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRecord:
    """A question, or nothing, and its answer.

    Attributes:
        index: from 1.
        reply_id: the model's name for the answer.
        user_words: the question; empty where the agent spoke unasked.
        agent_words: the whole answer, as it was generated.
        agent_words_played: the part that was played, if it was cut; else ``None``.
        timings: when it passed its milestones.
    """

    index: int
    reply_id: str = ""
    user_words: str = ""
    agent_words: str = ""
    agent_words_played: str | None = None
    timings: Timings = field(default_factory=Timings)

    @property
    def total_ms(self) -> float | None:
        """From the caller's last sound to the first of the answer."""
        return between(self.timings.user_stopped, self.timings.first_played)

    @property
    def ours_ms(self) -> float | None:
        """The part of `total_ms` that is voxpipe's: from the first delta to the ear.

        ``None`` where nobody had asked: such a reply may wait for an earlier one.
        """
        if self.timings.user_stopped is None:
            return None
        return between(self.timings.first_delta, self.timings.first_played)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallRecord:
    """A tool that ran.

    Attributes:
        arguments: JSON text as the model wrote it.
        output: text that the model got.
        started: when it was called.
        seconds: how long it ran.
        error: what went wrong, if something did.
    """

    name: str
    call_id: str
    arguments: str
    output: str
    started: float
    seconds: float
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InterruptionRecord:
    """A reply that was interrupted.

    Attributes:
        reply_id: the model's name for it.
        at: when.
        generated_ms: how much the model had made.
        played_ms: how much of that was played.
        basis: whether that was ``measured`` or ``estimated``.
        truncated_to_ms: what the model was told to remember; ``None`` if nothing.
        silent_after_ms: from the caller's first loud sample to the agent's last one, in
            the recording; ``None`` where that cannot be heard.
    """

    reply_id: str
    at: float
    generated_ms: float
    played_ms: float
    basis: Literal["measured", "estimated"]
    truncated_to_ms: float | None = None
    silent_after_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanRecord:
    """Somebody speaking, for the picture.

    Attributes:
        kind: ``played``, or ``unplayed`` for what was generated and then cut; that one
            begins at the cut and lasts as long as it would have sounded.
        text: the words; may be empty.
    """

    speaker: Speaker
    start: float
    end: float
    kind: Literal["played", "unplayed"] = "played"
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A conversation.

    Attributes:
        model: who answered.
        simulated: the model was: its times are those of its script, and cost nothing.
        seconds: how long the call was.
        usage: tokens by class, of all replies.
        cost_usd: of all replies; ``None`` for a model that has no price here.
    """

    model: str
    seconds: float
    simulated: bool = False
    turns: tuple[TurnRecord, ...] = ()
    tool_calls: tuple[ToolCallRecord, ...] = ()
    interruptions: tuple[InterruptionRecord, ...] = ()
    usage: Mapping[str, int] = field(default_factory=dict[str, int])
    cost_usd: float | None = None
    spans: tuple[SpanRecord, ...] = ()

    @property
    def answerer(self) -> str:
        """The model, for people."""
        return f"{self.model}, simulated" if self.simulated else self.model


def between(start: float | None, end: float | None) -> float | None:
    """Milliseconds from one mark to another, if both were passed."""
    return None if start is None or end is None else (end - start) * 1000


def to_json(report: Report) -> dict[str, Any]:
    """The report as plain values, ready for `json.dump`."""
    turns = [
        asdict(turn)
        | {"total_ms": _rounded(turn.total_ms), "ours_ms": _rounded(turn.ours_ms)}
        for turn in report.turns
    ]
    return {"schema": SCHEMA, **asdict(report), "turns": turns}


def _rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 1)


def table(report: Report, width: int = 80) -> str:
    """The report as plain text: turns, tools, interruptions, tokens and money.

    Args:
        width: columns of the terminal.
    """
    sections = (_turns(report), _tools(report), _interruptions(report), _bill(report))
    return "\n\n".join(_grid(*each, width) for each in sections if each[3])


TableRow = tuple[str, ...] | str  # cells, or words that have a line for themselves
TableSection = tuple[str, str, tuple[str, ...], list[TableRow]]
"""Its title, what its columns mean, their heads, and its rows."""

_STEPS = (
    "→ commit: until the turn is closed; the Vad waits for more. → first delta: until "
    "the model's first audio{simulated}. → played (ours): until that is heard. A dash: "
    "nobody had asked."
)


def _turns(report: Report) -> TableSection:
    head = ("turn", "→ commit", "→ first delta", "→ played (ours)", "total")
    rows: list[TableRow] = []
    for turn in report.turns:
        timings = turn.timings
        times = (
            between(timings.user_stopped, timings.committed),
            between(timings.committed, timings.first_delta),
            turn.ours_ms,
            turn.total_ms,
        )
        rows.append((str(turn.index), *map(_number, times)))
        if turn.user_words:
            rows.append(f"> {turn.user_words}")
        if turn.agent_words_played is not None:
            rows.append(f"< [cut] {turn.agent_words_played} …")
        elif turn.agent_words:
            rows.append(f"< {turn.agent_words}")
    title = "Turns: from the caller's last sound to the answer, in ms"
    simulated = ", which the simulator's script sets" if report.simulated else ""
    return title, _STEPS.format(simulated=simulated), head, rows


def _tools(report: Report) -> TableSection:
    rows: list[TableRow] = [
        (call.name, _number(call.seconds * 1000), call.arguments, _result(call))
        for call in report.tool_calls
    ]
    return "Tools", "", ("tool", "ms", "arguments", "result"), rows


def _result(call: ToolCallRecord) -> str:
    return call.output if call.error is None else f"{call.error}: {call.output}"


def _interruptions(report: Report) -> TableSection:
    words = {turn.reply_id: turn.agent_words_played for turn in report.turns}
    rows: list[TableRow] = []
    for each in report.interruptions:
        times = (
            each.silent_after_ms,
            each.generated_ms,
            each.played_ms,
            each.truncated_to_ms,
        )
        rows.append((f"{each.at:.1f} s", *map(_number, times), each.basis))
        played = words.get(each.reply_id)
        if played is not None:
            rows.append(f"< {played} …")
    head = ("at", "silent after", "generated", "played", "remembered", "basis")
    meaning = (
        "silent after: from the caller's first loud sample to the agent's last one, in "
        "the recording; most of it is the Vad, which waits until it is sure of speech. "
        "generated, played, remembered: of the reply that was cut."
    )
    return "Interruptions: how soon, and what was played, in ms", meaning, head, rows


def _bill(report: Report) -> TableSection:
    rows: list[TableRow] = [
        (name.replace("_", " "), f"{count:,}")
        for name, count in report.usage.items()
        if count
    ]
    if rows or report.cost_usd is not None:
        cost = report.cost_usd
        rows.append(("cost", "unknown" if cost is None else f"${cost:.4f}"))
    title = f"Tokens and dollars: {safe(report.answerer)}"
    meaning = "Estimated, at the real model's prices; nobody is billed."
    return title, meaning if report.simulated else "", ("class", "tokens"), rows


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def _grid(
    title: str, meaning: str, head: tuple[str, ...], rows: list[TableRow], width: int
) -> str:
    """Aligned columns, numbers to the right; the widest give way until all fit."""
    cells = [
        tuple(safe(cell) for cell in row) if isinstance(row, tuple) else safe(row)
        for row in (head, *rows)
    ]
    table = [row for row in cells if isinstance(row, tuple)]
    widths = [max(map(columns, column)) for column in zip(*table, strict=True)]
    numeric = [
        all(map(_NUMBER.fullmatch, column[1:])) for column in zip(*table, strict=True)
    ]
    while sum(widths) + 2 * len(widths) > width and max(widths) > _MIN_COLUMN:
        widths[widths.index(max(widths))] -= 1
    lines = [fit(title, width)]
    if meaning:
        lines += wrapped(meaning, width, "  ", "  ")
    for row in cells:
        if isinstance(row, tuple):
            parts = map(_placed, row, widths, numeric)
            lines.append(fit("  " + "  ".join(parts), width).rstrip())
        else:
            lines += wrapped(row, width, "    ", "      ")
    return "\n".join(lines)


_MIN_COLUMN = 6  # columns; below that a cell says nothing
_NUMBER = re.compile(r"–|unknown|[$]?[0-9][0-9,.]*")


def _placed(cell: str, size: int, numeric: bool) -> str:
    cell = fit(cell, size)
    space = " " * (size - columns(cell))
    return space + cell if numeric else cell + space
