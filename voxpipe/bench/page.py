"""The report as one HTML file, which opens without a network.

What is drawn, the page draws itself (``report/*.js``) from the data that is in it: the
report, every turn with its milestones, and of some calls what was said and heard.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from importlib.resources import files
from struct import pack
from typing import Any

import numpy as np

from .plan import CallRun
from .result import Report, turns_of
from .tape import Tape, interleaved
from .turns import Turn

MAX_AUDIO = 16_000_000  # bytes of sound, as base64 a third more: 1,000 s of calls
PEAK = 0.05  # seconds for each point of a wave
MAX_TURNS = 2_000  # that are drawn; the slowest
_SCRIPTS = ("svg.js", "tables.js", "turns.js", "call.js", "graph.js", "page.js")


def page(report: Report, runs: Sequence[CallRun]) -> str:
    """The whole file.

    Args:
        report: what was found.
        runs: the calls.
    """
    folder = files("voxpipe.bench") / "report"
    read = {name: (folder / name).read_text("utf-8") for name in _SCRIPTS}
    told = {"report": report, "calls": _calls(runs)}
    # Nothing in it can end the element in which it stands.
    data = json.dumps(told, separators=(",", ":")).replace("<", "\\u003c")
    html = (folder / "page.html").read_text("utf-8")
    html = html.replace("/*style*/", (folder / "page.css").read_text("utf-8"))
    html = html.replace("/*scripts*/", "\n".join(read.values()))
    return html.replace("/*data*/", data)


def _calls(runs: Sequence[CallRun]) -> list[dict[str, Any]]:
    turns = [turns_of(run) for run in runs]
    totals = sorted((t.total for each in turns for t in each), reverse=True)
    least = totals[MAX_TURNS - 1] if len(totals) > MAX_TURNS else 0.0
    found = [
        {
            "number": run.number + 1,
            "seconds": round(run.ended - run.began, 3),
            "turns": [_turn(t) for t in each if t.total >= least],
            "faults": {name: count for name, count in run.faults.items() if count},
            "failure": run.failure,
            "cleared": [round(s * 1000, 1) for s in run.measured.clear_after],
            "underruns": run.measured.underruns,
        }
        for run, each in zip(runs, turns, strict=True)
    ]
    room = MAX_AUDIO
    slowest = sorted(range(len(runs)), key=lambda n: -_worst(turns[n]))
    for number in slowest:
        tape = runs[number].tape
        if tape is not None and tape.said and room > 0:
            found[number].update(_heard(tape, runs[number].began))
            room -= 2 * len(tape.said)
    return found


def _worst(turns: Sequence[Turn]) -> float:
    return max((turn.total for turn in turns), default=0.0)


def _turn(turn: Turn) -> dict[str, Any]:
    return {
        "said": round(turn.said, 4),
        "heard": round(turn.heard, 4),
        "stages": {name: round(s * 1000, 2) for name, s in turn.stages().items()},
        "decider": turn.decider,
    }


def _heard(tape: Tape, began: float) -> dict[str, Any]:
    """What was said and heard, and its waves."""
    caller, agent = tape.both()
    return {
        "audio": base64.b64encode(_wav(caller, agent)).decode("ascii"),
        "audio_from": round(tape.began - began, 4),
        "audio_seconds": round(len(caller) / tape.format.bytes_per_second, 3),
        "waves": [_wave(caller), _wave(agent)],
        "cuts": [round(at - began, 3) for at in tape.cuts],
    }


def _wav(left: bytes, right: bytes) -> bytes:
    """Stereo mu-law of 8,000 Hz: a format that every browser plays.

    Source: RIFF; WAVE_FORMAT_MULAW is 7 (RFC 2361).
    """
    data = interleaved(left, right)
    head = pack("<HHIIHHH", 7, 2, 8_000, 16_000, 2, 8, 0)
    fact = pack("<I", len(left))
    chunks = _chunk(b"fmt ", head) + _chunk(b"fact", fact) + _chunk(b"data", data)
    return b"RIFF" + pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _wave(ulaw: bytes) -> str:
    """Peaks of 0 to 255, as base64."""
    codes = np.frombuffer(ulaw, np.uint8) ^ 0xFF
    segment, step = (codes >> 4 & 7).astype(int), (codes & 15).astype(int)
    levels = (((step * 8 + 132) << segment) - 132) / 32_124  # ITU-T G.711, in 16 bits
    size = round(PEAK * 8_000)
    whole = np.zeros(-(-len(levels) // size) * size)
    whole[: len(levels)] = levels
    peaks = whole.reshape(-1, size).max(axis=1) ** 0.6  # quiet speech is seen, too
    return base64.b64encode((peaks * 255).astype(np.uint8).tobytes()).decode("ascii")
