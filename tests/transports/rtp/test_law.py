from __future__ import annotations

import numpy as np
import pytest

from voxpipe.processors.audio.g711 import expansion
from voxpipe.transports.rtp.law import Law, codes_of, samples_of, translation


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_the_tables_are_those_of_the_boxes(law: Law) -> None:
    assert (samples_of(law) == expansion(law)).all()


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_no_other_code_is_nearer_to_a_sample(law: Law) -> None:
    every = np.arange(-32_768, 32_768).astype(np.int16)
    chosen = samples_of(law)[codes_of(law)[every.view(np.uint16)]].astype(np.int64)
    values = np.unique(samples_of(law).astype(np.int64))
    nearest = np.abs(every[:, None].astype(np.int64) - values).min(axis=1)
    assert (np.abs(chosen - every) == nearest).all()


def test_from_one_law_to_the_other_and_back_loses_less_than_a_step() -> None:
    there, back = translation("ulaw", "alaw"), translation("alaw", "ulaw")
    codes = bytes(range(256))
    before = samples_of("ulaw").astype(np.int64)
    after = before[np.frombuffer(codes.translate(there).translate(back), np.uint8)]
    assert (np.abs(after - before) <= 8 + np.abs(before) / 16).all()
