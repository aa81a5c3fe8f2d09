"""Loud is what exceeds a quiet line: by table, and by the figures of its sources."""

from __future__ import annotations

import numpy as np
import pytest

from voxpipe.processors.audio.g711 import compression, expansion
from voxpipe.transports.telephony.loudness import expanded, is_loud

LOUD, QUIET, SILENT = 0x80, 0xEF, 0xFF  # full scale, -49 dBFS, nothing


def test_all_256_codes_are_expanded_as_the_decoder_of_the_pipeline_does() -> None:
    assert [expanded(code) for code in range(256)] == expansion("ulaw").tolist()


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


def noise(dbov: float) -> list[bytes]:
    """Twenty frames of white noise, as mu-law."""
    level = 32768 * 10 ** (dbov / 20)
    samples = np.random.default_rng(7).normal(0, level, 160 * 20).clip(-32768, 32767)
    codes = compression("ulaw")[samples.astype("<i2").view(np.uint16)].tobytes()
    return [codes[at : at + 160] for at in range(0, len(codes), 160)]


def test_a_soft_voice_is_loud_and_a_bad_line_is_not() -> None:
    assert all(map(is_loud, noise(-36)))  # the softest of ITU-T P.830
    assert not any(map(is_loud, noise(-48)))  # 14 dB above what G.712 allows
