"""One row of the picture: the caller above, the agent below, what happened between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from .plain import fit, safe
from .report import (
    InterruptionRecord,
    Report,
    SpanRecord,
    Speaker,
    ToolCallRecord,
    TurnRecord,
)
from .svg import Picture, text_width, wrapped

STEP = 0.02  # seconds of audio to each peak of an envelope
LEFT, RIGHT = 76, 1176  # pixels; the voices lie between

_LANE = 48  # pixels, the height of a voice
_LINE = 16  # pixels, a line of words
_TOOL = 20  # pixels, a line of tools
_STROKE = 3  # pixels from one stroke of a waveform to the next
_FAINT = 0.008  # of full scale; less is drawn as silence
_NARROW = 44  # pixels; no words in less
_STEPS = (
    ("closing", "user_stopped", "committed"),
    ("model", "committed", "first_delta"),
    ("ours", "first_delta", "first_played"),
)


class TimelineRow:
    """A stretch of the call.

    Args:
        picture: what to draw on.
        report: the whole call.
        start: seconds, where the row begins.
        length: seconds that it lasts.
        y: pixels, its upper edge.
    """

    def __init__(
        self, picture: Picture, report: Report, start: float, length: float, y: float
    ) -> None:
        self._picture = picture
        self._report = report
        self._start = start
        self._end = start + length
        self._scale = (RIGHT - LEFT) / length
        self._tools = self._stacked(report.tool_calls)
        lines = max([level + 1 for _, level in self._tools], default=0)
        self._caller = y + 32 + 2 * _LINE  # upper edges
        self._latency = self._caller + _LANE + 8
        self._tool = self._latency + 30
        self._agent = self._tool + lines * _TOOL
        self.height = self._agent + _LANE + 2 * _LINE + 24 - y
        self._axis = y + 20

    def draw(
        self, voices: Mapping[str, Sequence[float]], untold: dict[SpanRecord, str]
    ) -> None:
        """Paint it.

        Args:
            voices: envelopes of the whole call, by speaker.
            untold: words that found no room in the rows before; brought up to date.
        """
        self._draw_axis()
        self._draw_voice("caller", self._caller, voices["caller"])
        self._draw_voice("agent", self._agent, voices["agent"])
        self._draw_words("caller", untold)
        self._draw_words("agent", untold)
        for turn in self._report.turns:
            self._draw_latency(turn)
        for call, level in self._tools:
            self._draw_tool(call, self._tool + level * _TOOL)
        for interruption in self._report.interruptions:
            self._draw_interruption(interruption)

    def _x(self, seconds: float) -> float:
        inside = min(max(seconds, self._start), self._end)
        return LEFT + (inside - self._start) * self._scale

    def _meets(self, start: float, end: float) -> bool:
        return start < self._end and end > self._start

    # --- time

    def _draw_axis(self) -> None:
        length = self._end - self._start
        step = next((n for n in (1, 2, 5, 10, 20, 60) if length / n <= 15), length / 10)
        count = round(length / step)
        for number in range(count + 1):
            at = self._start + number * step
            if at >= self._report.seconds + step:
                return
            x, bottom = self._x(at), self._agent + _LANE
            self._picture.path(f"M{x:.1f} {self._axis + 6:.1f}V{bottom:.1f}", "grid")
            minutes, seconds = divmod(round(at), 60)
            time = f"{minutes}:{seconds:02d}"
            self._picture.text(x, self._axis, time, "tick", anchor="middle")

    # --- voices

    def _draw_voice(self, speaker: Speaker, y: float, peaks: Sequence[float]) -> None:
        end = self._x(self._report.seconds)
        self._picture.rect(LEFT, y, end - LEFT, _LANE, "lane")
        self._picture.text(24, y + _LANE / 2 + 4, speaker, "name")
        for span in self._spans(speaker):
            start, stop = self._shown(span)
            kind = f"{speaker}-span" if span.kind == "played" else "unplayed"
            x = self._x(start)
            width = max(self._x(stop) - x - 1, 0.5)  # a pixel to tell neighbours apart
            self._picture.rect(x, y, width, _LANE, kind, span.text)
        strokes: list[str] = []
        middle, half = y + _LANE / 2, _LANE / 2 - 3
        for x in range(LEFT + 1, int(end), _STROKE):
            peak = self._peak(peaks, x)
            if peak > _FAINT:
                tall = max(half * min(peak, 1.0), 0.5)
                strokes.append(f"M{x} {middle - tall:.1f}V{middle + tall:.1f}")
        if strokes:
            self._picture.path("".join(strokes), f"{speaker}-wave")

    def _peak(self, peaks: Sequence[float], x: int) -> float:
        at = self._start + (x - LEFT) / self._scale
        first = int(at / STEP)
        last = max(int((at + _STROKE / self._scale) / STEP), first + 1)
        return max(peaks[first:last], default=0.0)

    def _spans(self, speaker: Speaker) -> list[SpanRecord]:
        return sorted(
            (
                span
                for span in self._report.spans
                if span.speaker == speaker and self._meets(span.start, span.end)
            ),
            key=lambda span: (span.start, span.end),
        )

    def _shown(self, span: SpanRecord) -> tuple[float, float]:
        """From when to when to draw it: what was never heard ends at the next words."""
        if span.kind == "played":
            return span.start, max(span.start, span.end)
        following = (
            other.start
            for other in self._report.spans
            if other.speaker == span.speaker and other.start > span.start
        )
        end = min([span.end, *following, self._report.seconds])
        return span.start, max(span.start, end)

    # --- words

    def _draw_words(self, speaker: Speaker, untold: dict[SpanRecord, str]) -> None:
        spans = self._spans(speaker)
        edges = [*(self._x(span.start) for span in spans), RIGHT]
        for span, (x, edge) in zip(spans, pairwise(edges), strict=True):
            room = edge - x - 6
            text = untold.get(span, span.text)
            if room < _NARROW or not text:
                untold[span] = text
                continue
            *lines, rest = wrapped(text, room, 2)
            goes_on = span.end > self._end
            if rest and not goes_on:
                lines[-1] = f"{lines[-1]} …".strip()
            untold[span] = rest if goes_on else ""
            kind = "words" if span.kind == "played" else "untold"
            lines = [line for line in lines if line]
            if speaker == "caller":
                y = self._caller - 8 - _LINE * (len(lines) - 1)  # stands on the lane
            else:
                y = self._agent + _LANE + _LINE
            for number, line in enumerate(lines):
                at = y + number * _LINE
                self._picture.text(x + 2, at, line, kind, hint=span.text)

    # --- between the voices

    def _draw_latency(self, turn: TurnRecord) -> None:
        timings, total = turn.timings, turn.total_ms
        start, end = timings.user_stopped, timings.first_played
        if start is None or end is None or total is None:
            return
        if not self._meets(start, end):
            return
        y = self._latency
        for kind, first, last in _STEPS:
            began, ended = getattr(timings, first), getattr(timings, last)
            if began is not None and ended is not None and self._meets(began, ended):
                x = self._x(began)
                width = max(self._x(ended) - x, 1.0)
                self._picture.rect(x, y, width, 6, kind)
        middle = (start + end) / 2
        if self._start <= middle < self._end:
            label = f"turn {turn.index}: {total:,.0f} ms"
            half = text_width(label, 11) / 2
            x = min(max(self._x(middle), LEFT + half), RIGHT - half)
            ours = "" if turn.ours_ms is None else f"ours {turn.ours_ms:,.0f} ms"
            self._picture.text(x, y + 20, label, "small", anchor="middle", hint=ours)

    def _stacked(
        self, calls: Sequence[ToolCallRecord]
    ) -> list[tuple[ToolCallRecord, int]]:
        """Tools of this row, each on the first line on which it has room."""
        free: list[float] = []
        placed: list[tuple[ToolCallRecord, int]] = []
        for call in sorted(calls, key=lambda call: call.started):
            if not self._meets(call.started, call.started + max(call.seconds, 0.001)):
                continue
            left, right = self._extent(call)
            level = next((n for n, edge in enumerate(free) if edge <= left), len(free))
            free[level : level + 1] = [right + 8]
            placed.append((call, level))
        return placed

    def _extent(self, call: ToolCallRecord) -> tuple[float, float]:
        start, end = self._x(call.started), self._x(call.started + call.seconds)
        end = max(end, start + 3)
        label = 6 + text_width(_tool_label(call), 11)
        if end + label <= RIGHT:
            return start, end + label
        return start - label, end

    def _draw_tool(self, call: ToolCallRecord, y: float) -> None:
        left, _ = self._extent(call)
        start = self._x(call.started)
        width = max(self._x(call.started + call.seconds) - start, 3.0)
        kind = "tool" if call.error is None else "failed"
        hint = f"{call.arguments} → {call.output}"
        self._picture.rect(start, y, width, 12, kind, hint)
        label = _tool_label(call)
        if left < start:
            self._picture.text(start - 6, y + 10, label, "small", anchor="end")
        else:
            self._picture.text(start + width + 6, y + 10, label, "small")

    def _draw_interruption(self, interruption: InterruptionRecord) -> None:
        if not self._start <= interruption.at < self._end:
            return
        x, y = self._x(interruption.at), self._agent
        self._picture.path(f"M{x:.1f} {y - 6:.1f}V{y + _LANE + 4:.1f}", "cut")
        played, generated = interruption.played_ms, interruption.generated_ms
        label = f"cut: {played / 1000:.1f} of {generated / 1000:.1f} s played"
        width = text_width(label, 11)
        room = RIGHT - x
        left = x + 8 if room > width + 16 else x - width - 16
        self._picture.rect(left, y + _LANE / 2 - 9, width + 8, 18, "label")
        self._picture.text(left + 4, y + _LANE / 2 + 4, label, "cut-words")


def _tool_label(call: ToolCallRecord) -> str:
    error = "" if call.error is None else f", {call.error}"
    took = call.seconds * 1000
    name = fit(safe(call.name), 40)
    return f"{name} {took:,.{0 if took >= 10 else 1}f} ms{fit(safe(error), 40)}"
