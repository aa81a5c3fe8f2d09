from __future__ import annotations

import numpy as np
import pytest

from voxpipe.simulator.audio.g711 import decode, encode

EVERY_CODE = bytes(range(256))


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_every_code_survives_the_way_to_linear_and_back(law: str) -> None:
    again = encode(decode(EVERY_CODE, law), law)
    if law == "ulaw":  # it has two zeros
        again = bytes(0x7F if code == 0xFF and at == 0x7F else code
                      for at, code in enumerate(again))  # fmt: skip
    assert again == EVERY_CODE


@pytest.mark.parametrize(
    ("law", "code", "value"),
    [
        ("ulaw", 0xFF, 0),
        ("ulaw", 0x80, 32124),
        ("ulaw", 0x00, -32124),
        ("alaw", 0xD5, 8),
        ("alaw", 0xAA, 32256),
        ("alaw", 0x2A, -32256),
    ],
)
def test_known_codes_have_the_values_of_the_standard(
    law: str, code: int, value: int
) -> None:
    assert decode(bytes([code]), law)[0] == value


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_every_sample_gets_the_nearest_code(law: str) -> None:
    samples = np.arange(-32768, 32768).astype(np.int16)
    values = decode(EVERY_CODE, law).astype(np.int32)
    error = np.abs(decode(encode(samples, law), law).astype(np.int32) - samples)
    nearest = np.abs(np.sort(values)[:, None] - samples[None, ::37]).min(axis=0)
    assert (error[::37] == nearest).all()


def test_silence_is_the_silence_of_each_law() -> None:
    zeros = np.zeros(4, np.int16)
    assert encode(zeros, "ulaw") == b"\xff" * 4
    assert encode(zeros, "alaw") == b"\xd5" * 4
