"""Two ways to mu-law, written apart, must agree."""

from __future__ import annotations

from array import array

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.processors.audio.g711 import compression, expansion
from voxpipe.transports.telephony.loudness import expanded
from voxpipe.transports.telephony.testing.ulaw import compressed, first_loud


def test_every_sample_is_compressed_to_the_code_nearest_to_it_or_the_one_beside() -> (
    None
):
    samples = np.arange(-32768, 32768).astype("<i2")
    ours = np.frombuffer(compressed(samples.tobytes()), np.uint8)
    theirs = compression("ulaw")[samples.view(np.uint16)]
    table = expansion("ulaw").astype(int)
    error = np.abs(table[ours] - samples)
    assert (ours != theirs).mean() < 0.01  # they round apart only at the boundaries
    assert error.max() <= np.abs(table[theirs] - samples).max() + 4


def test_what_was_expanded_is_compressed_to_the_same_code() -> None:
    codes = [code for code in range(256) if code != 0x7F]  # the zero that is negative
    samples = array("h", map(expanded, codes)).tobytes()
    assert list(compressed(samples)) == codes


@given(st.binary(max_size=400))
def test_the_first_loud_sample_is_the_first_above_minus_40_dbfs(ulaw: bytes) -> None:
    loud = [index for index, code in enumerate(ulaw) if abs(expanded(code)) >= 328]
    assert first_loud(ulaw) == (loud[0] if loud else -1)
