"""A picture of a conversation: who spoke when, what was cut, which tool ran.

Time runs in rows, like music on paper, so that a long call stays readable
(``timeline_row.py`` draws one). Above them stand the figures and the colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np
from numpy.typing import NDArray

from .report import Report, SpanRecord
from .svg import Picture, text_width
from .timeline_row import RIGHT, STEP, TimelineRow

WIDTH = RIGHT + 24  # pixels
_LENGTHS = (5, 10, 15, 20, 30, 60, 120, 300, 600)  # seconds that a row may last
_ENOUGH = 15.0  # seconds; in a longer row, words and milliseconds find no room
_MAX_ROWS = 24


def envelope(samples: NDArray[np.int16], rate: int) -> list[float]:
    """The peaks of one voice, 0 to 1, one for every `STEP` seconds.

    Args:
        samples: shape ``(n,)``; of a stereo recording, one column.
        rate: of the samples, in Hz.
    """
    size = max(round(rate * STEP), 1)
    whole = np.zeros(ceil(len(samples) / size) * size)
    whole[: len(samples)] = np.abs(samples.astype(np.float64)) / 32_768
    return [float(peak) for peak in whole.reshape(-1, size).max(axis=1)]


def timeline_svg(
    report: Report, envelope_caller: Sequence[float], envelope_agent: Sequence[float]
) -> str:
    """The conversation as an SVG file, readable in light and in dark.

    Args:
        report: its spans say who spoke; turns and tools are drawn between the voices.
        envelope_caller: peaks from 0 to 1, one for every `STEP` seconds of the call.
        envelope_agent: the same, of what was heard of the agent.
    """
    picture = Picture()
    y = _header(picture, report)
    length = _row_length(report.seconds)
    voices = {"caller": envelope_caller, "agent": envelope_agent}
    untold: dict[SpanRecord, str] = {}  # words that found no room in an earlier row
    for number in range(max(ceil(report.seconds / length), 1)):
        row = TimelineRow(picture, report, number * length, length, y)
        row.draw(voices, untold)
        y += row.height
    title = f"A conversation of {report.seconds:.1f} seconds with {report.answerer}"
    return picture.finish(WIDTH, y, title=title, style=_STYLE, defs=_DEFS)


def _row_length(seconds: float) -> float:
    for length in _LENGTHS:
        if length >= min(seconds, _ENOUGH) and seconds / length <= _MAX_ROWS:
            return length
    return seconds / _MAX_ROWS


def _header(picture: Picture, report: Report) -> float:
    cost = "" if report.cost_usd is None else f" · ${report.cost_usd:.4f}"
    counts = (
        (len(report.turns), "turn"),
        (len(report.tool_calls), "tool call"),
        (len(report.interruptions), "interruption"),
    )
    told = " · ".join(f"{n} {name}{'s' if n != 1 else ''}" for n, name in counts)
    picture.text(24, 36, "Conversation", "title")
    what = f"{report.seconds:.1f} s with {report.answerer} · {told}{cost}"
    picture.text(RIGHT, 36, what, "words", anchor="end")
    x = 24.0
    for kind, meaning in _LEGEND:
        picture.rect(x, 55, 14, 10, kind)
        picture.text(x + 20, 64, meaning, "small")
        x += 20 + text_width(meaning, 11) + 20
    return 84


_LEGEND = (
    ("caller-key", "caller"),
    ("agent-key", "agent, as played"),
    ("unplayed", "generated, never played"),
    ("closing", "until the turn was closed"),
    ("model", "until the model's first audio"),
    ("ours", "until it was played: ours"),
    ("tool", "tool"),
)

# Hatching under 45°, in the agent's colour.
_DEFS = (
    '<pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><rect class="hatch" width="2" height="7"/></pattern>'
)

_STYLE = """
text { font-family: system-ui, "Segoe UI", "Helvetica Neue", "DejaVu Sans", sans-serif;
  font-size: 12px; font-variant-numeric: tabular-nums; fill: #1c2430 }
.title { font-size: 20px; font-weight: 600 }
.small, .tick { font-size: 11px; fill: #5b6675 }
.name { font-size: 12px; font-weight: 600 }
.untold { fill: #7b8694; font-style: italic }
.paper { fill: #ffffff }
.lane { fill: #f3f5f8 }
.grid { stroke: #dfe4ea; fill: none }
.caller-span { fill: #2f6fde; fill-opacity: .10 }
.agent-span { fill: #0b8f6a; fill-opacity: .11 }
.caller-key { fill: #2f6fde }
.agent-key { fill: #0b8f6a }
.caller-wave { stroke: #2f6fde; stroke-width: 2; stroke-linecap: round; fill: none }
.agent-wave { stroke: #0b8f6a; stroke-width: 2; stroke-linecap: round; fill: none }
.hatch { fill: #0b8f6a; fill-opacity: .35 }
.unplayed { fill: url(#hatch); stroke: #0b8f6a; stroke-opacity: .6;
  stroke-dasharray: 4 3 }
.cut { stroke: #d6336c; stroke-width: 2; fill: none }
.cut-words { font-size: 11px; font-weight: 600; fill: #c2255c }
.label { fill: #ffffff; fill-opacity: .85 }
.closing { fill: #e3b341 }
.model { fill: #9aa5b4 }
.ours { fill: #d9480f }
.tool { fill: #7c5cd6 }
.failed { fill: #d6336c }
@media (prefers-color-scheme: dark) {
  text { fill: #e6ebf2 }
  .small, .tick { fill: #9aa7b8 }
  .untold { fill: #8592a3 }
  .paper { fill: #12161c }
  .lane { fill: #1a2029 }
  .grid { stroke: #2b3441 }
  .caller-span { fill: #78a6ff; fill-opacity: .16 }
  .agent-span { fill: #3ecfa0; fill-opacity: .14 }
  .caller-key { fill: #78a6ff }
  .agent-key { fill: #3ecfa0 }
  .caller-wave { stroke: #78a6ff }
  .agent-wave, .unplayed { stroke: #3ecfa0 }
  .hatch { fill: #3ecfa0 }
  .cut { stroke: #ff7aa8 }
  .cut-words { fill: #ff8fb5 }
  .label { fill: #12161c }
  .model { fill: #6b7888 }
  .ours { fill: #ff7a3d }
  .tool { fill: #a98bff }
  .failed { fill: #ff7aa8 }
}
"""
