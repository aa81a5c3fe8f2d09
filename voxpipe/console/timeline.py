"""A picture of a conversation: who spoke when, what was cut, which tool ran.

Time runs in rows, like music on paper, so that a long call stays readable: the caller
above, the agent below, and between them how long each answer took and what ran.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from math import ceil

import numpy as np
from numpy.typing import NDArray

from .report import Report, Span, Speaker, ToolRecord, TurnRecord
from .svg import Picture, text_width, wrapped

STEP = 0.02  # seconds of audio to each peak of an envelope

_WIDTH, _LEFT, _RIGHT = 1200, 76, 1176  # pixels; the lanes lie between the last two
_ROWS = (5, 10, 15, 20, 30, 60, 120, 300, 600)  # seconds that a row may last
_MOST_ROWS = 24
_LANE = 48  # pixels, the height of a voice
_TOOL = 18  # pixels, the height of a tool's line
_WORDS = 32  # pixels, two lines
_BAR = 3  # pixels from one stroke of a waveform to the next
_NARROW = 40  # pixels in which no word finds room


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
        report: `Report.spans` say who spoke; turns and tools are drawn between.
        envelope_caller: peaks from 0 to 1, one for every `STEP` seconds of the call.
        envelope_agent: the same of what was heard of the agent.
    """
    picture = Picture()
    y = _header(picture, report)
    seconds = max(report.seconds, 1.0)
    length = next((n for n in _ROWS if seconds / n <= _row_count(n)), _ROWS[-1])
    rest: dict[Span, str] = {}
    for number in range(min(ceil(seconds / length), 1_000)):
        row = _Row(picture, report, number * length, length, y)
        row.draw({"caller": envelope_caller, "agent": envelope_agent}, rest)
        y += row.height
    title = f"A conversation of {report.seconds:.1f} seconds with {report.model}"
    return picture.finish(_WIDTH, y, title=title, style=_STYLE, defs=_DEFS)
