"""Two ways to mu-law, written apart, must agree."""

from __future__ import annotations

from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.processors.audio.g711 import compression, expansion
from voxpipe.transports.telephony.testing.ulaw import (
    compressed,
    expanded,
    first_loud,
    is_loud,
)

LOUD, QUIET, SILENT = 0x80, 0xEF, 0xFF  # full scale, -49 dBFS, nothing


def test_all_256_codes_are_expanded_as_the_decoder_of_the_pipeline_does() -> None:
    assert [expanded(code) for code in range(256)] == expansion("ulaw").tolist()


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


@pytest.mark.parametrize(
    ("frame", "loud"),
    [
        (bytes([LOUD]) * 160, True),
        (bytes([SILENT]) * 160, False),
        (bytes([QUIET]) * 160, False),
        (bytes([LOUD]) * 16 + bytes([SILENT]) * 144, True),
        (bytes([LOUD]) * 15 + bytes([SILENT]) * 145, False),  # a crackle
        (b"", False),
    ],
)
def test_a_frame_is_loud_when_a_tenth_of_its_samples_are(
    frame: bytes, loud: bool
) -> None:
    assert is_loud(frame) is loud


@given(st.binary(max_size=400))
def test_the_first_loud_sample_is_the_first_above_minus_40_dbfs(ulaw: bytes) -> None:
    loud = [index for index, code in enumerate(ulaw) if abs(expanded(code)) >= 328]
    assert first_loud(ulaw) == (loud[0] if loud else -1)
