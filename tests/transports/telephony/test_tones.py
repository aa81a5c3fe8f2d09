from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from voxpipe.pipeline import AudioFormat, AudioFrame
from voxpipe.processors.audio import Decode, Encode
from voxpipe.transports.telephony.tones import KEYS, check_keys, tone

PHONE = AudioFormat("ulaw", 8_000)
PAIRS = {  # Hz; ITU-T Q.23
    "1": (697, 1209),
    "2": (697, 1336),
    "3": (697, 1477),
    "A": (697, 1633),
    "4": (770, 1209),
    "5": (770, 1336),
    "6": (770, 1477),
    "B": (770, 1633),
    "7": (852, 1209),
    "8": (852, 1336),
    "9": (852, 1477),
    "C": (852, 1633),
    "*": (941, 1209),
    "0": (941, 1336),
    "#": (941, 1477),
    "D": (941, 1633),
}
FORMATS = [
    PHONE,
    AudioFormat("alaw", 8_000),
    AudioFormat("pcm16", 8_000),
    AudioFormat("pcm16", 24_000),
    AudioFormat("pcm16", 16_000, 2),
]


def samples(frame: AudioFrame) -> NDArray[np.float64]:
    """The first channel."""
    (decoded,) = Decode().feed(frame)
    return decoded.samples.reshape(-1, frame.format.channels)[:, 0].astype(np.float64)


def level(wave: NDArray[np.float64], frequency: float, rate: int) -> float:
    """dBm0 of one frequency: full scale of mu-law is 3.17."""
    turning = np.exp(-2j * np.pi * frequency / rate * np.arange(len(wave)))
    peak = 2 * abs(np.mean(wave * turning))
    return float(20 * np.log10(max(peak, 1e-3) / (4 * 8_159)) + 3.17)


@pytest.mark.parametrize("format", FORMATS, ids=str)
@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_its_two_sines_and_nothing_else(key: str, format: AudioFormat) -> None:
    wave = samples(tone(key, format))[: round(0.1 * format.rate)]
    low, high = PAIRS[key]
    assert level(wave, low, format.rate) == pytest.approx(-11, abs=0.5)
    assert level(wave, high, format.rate) == pytest.approx(-9, abs=0.5)
    for other in {697, 770, 852, 941, 1209, 1336, 1477, 1633} - {low, high}:
        assert level(wave, other, format.rate) < -25


@pytest.mark.parametrize("format", FORMATS, ids=str)
def test_a_key_lasts_long_enough_and_so_does_the_silence_after_it(
    format: AudioFormat,
) -> None:
    frame = tone("5", format)
    assert frame.duration == pytest.approx(0.2)
    assert frame.format == format
    half = frame.size // 2
    assert frame.data[half:] == format.silence(0.1)
    loud = np.abs(samples(frame)[: len(samples(frame)) // 2])
    assert loud.reshape(10, -1).max(axis=1).min() > 5_000  # in each 10 ms of it


def test_both_channels_hear_the_same() -> None:
    stereo = tone("7", AudioFormat("pcm16", 8_000, 2)).samples
    assert (stereo[:, 0] == stereo[:, 1]).all()
    assert (stereo[:, 0] == tone("7", AudioFormat("pcm16", 8_000)).samples).all()


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_the_laws_are_those_of_the_g711_box(law: str) -> None:
    from voxpipe.transports.telephony import tones

    encode = getattr(tones, f"_{law}")
    every = list(range(-32_768, 32_768))
    pcm = AudioFrame(
        data=np.array(every, "<i2").tobytes(), format=AudioFormat("pcm16", 8_000)
    )
    (expected,) = Encode("ulaw" if law == "ulaw" else "alaw").feed(pcm)
    assert b"".join(map(encode, every)) == expected.data


def test_a_comma_is_half_a_second_of_silence() -> None:
    frame = tone(",", PHONE)
    assert frame.data == PHONE.silence(0.5)


def test_a_key_is_made_once() -> None:
    assert tone("1", PHONE) is tone("1", AudioFormat("ulaw", 8_000))


@pytest.mark.parametrize("keys", ["12a", "x", "1 2", "12\n", "é", "1+"])
def test_a_key_that_no_telephone_has_is_refused_without_repeating_it(keys: str) -> None:
    with pytest.raises(ValueError, match="keys are 0-9") as caught:
        check_keys(keys)
    assert keys not in str(caught.value)


def test_every_key_may_be_pressed() -> None:
    check_keys(KEYS + ",")
    assert set(KEYS) == set(PAIRS)
