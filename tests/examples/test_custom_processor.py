from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from runpy import run_path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import AudioFormat, AudioFrame, Pipeline
from voxpipe.pipeline.testing import Source, run_virtual

PROGRAM = run_path(str(Path(__file__).parents[2] / "examples" / "custom_processor.py"))
FORMAT = AudioFormat("pcm16", 8_000)
SOUND = np.concatenate(
    [np.full(800, 32_767), np.full(800, 3_277), np.zeros(400)]
).astype(np.int16)


def levels(*pieces: bytes) -> list[Any]:
    box = PROGRAM["Loudness"]()
    box.reset()
    frames = (AudioFrame(data=piece, format=FORMAT) for piece in pieces)
    return [level for frame in frames for level in box.feed(frame)]


def test_it_measures_decibels() -> None:
    loud, soft = levels(SOUND.tobytes())
    assert (loud.at, soft.at) == (0.0, 0.1)
    assert loud.db == pytest.approx(0.0, abs=0.01)
    assert soft.db == pytest.approx(-20.0, abs=0.01)


@given(st.lists(st.integers(0, len(SOUND))).map(sorted))
def test_cutting_the_audio_differently_changes_no_level(cuts: list[int]) -> None:
    edges = [0, *cuts, len(SOUND)]
    pieces = [SOUND[begin:end].tobytes() for begin, end in pairwise(edges)]
    assert levels(*pieces) == levels(SOUND.tobytes())


def test_it_draws_a_bar_for_each_tenth_of_a_second(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bars = PROGRAM["Bars"]()
    source = Source([AudioFrame(data=SOUND.tobytes(), format=FORMAT)])
    loudness = PROGRAM["Loudness"]()
    run_virtual(Pipeline(source.output >> loudness >> bars.levels).run)
    loud, soft = capsys.readouterr().out.splitlines()
    assert loud.count("█") == 40
    assert soft.count("█") == 30
