"""A word that is none of those that an argument takes is refused, not taken for one."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from voxpipe import example_wav
from voxpipe.pipeline import AudioFormat, Input, Playout, WiringError
from voxpipe.pipeline.testing import Source
from voxpipe.processors.audio import Resample
from voxpipe.processors.realtime.money import Budget
from voxpipe.simulator import simulated
from voxpipe.simulator.cassettes import Players, recording, replay
from voxpipe.transports import MemoryPhone, WavSink, WavSource

PCM = AudioFormat("pcm16", 8_000)
PATH = Path("never.written")
OTHER: Any = "whole"


async def answer(_: object) -> None: ...


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Input[Any](on_full=OTHER), 'on_full is "wait" or "drop_oldest"'),
        (
            lambda: Playout(MemoryPhone(PCM).speaks, answer, basis=OTHER),
            'basis is "measured" or "estimated"',
        ),
        (lambda: Source([], pace=OTHER), 'pace is "at once" or "real time"'),
        (lambda: WavSource(example_wav(), pace=OTHER), 'pace is "real time" or "at'),
        (lambda: WavSink(PATH, PCM, gaps=OTHER), 'gaps is "silence" or "nothing"'),
        (lambda: MemoryPhone(PCM, background=OTHER), 'background is "silence" or "no'),
        (lambda: Resample(8_000, quality=OTHER), 'quality is "live" or "best", not'),
        (lambda: Budget(usd=1, at_end=OTHER), 'at_end is "raise" or "tell", not'),
        (
            lambda: recording(PATH, simulated(), keep=OTHER),  # all, it would have been
            'keep is "words" or "all", not',
        ),
        (lambda: Players(PATH, then=OTHER), 'then is "fail" or "repeat", not'),
        (lambda: replay(PATH, sound=OTHER), 'sound is "silence" or "tone", not'),
    ],
)
def test_another_word_is_refused(make: Callable[[], object], told: str) -> None:
    with pytest.raises((WiringError, ValueError), match=re.escape(told)) as caught:
        make()
    assert str(caught.value).endswith("not 'whole'")
    assert not PATH.exists()
