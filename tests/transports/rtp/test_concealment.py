from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.transports.rtp.concealment import SILENT, Concealer, pitch_period
from voxpipe.transports.rtp.law import TICK, Law, codes_of

from .network import quality, samples, speech

ALL, NONE = b"\x01" * TICK, bytes(TICK)


def lossy(codes: bytes, loss: float, seed: int) -> list[tuple[bytes, bytes]]:
    random = Random(seed)
    return [
        (codes[at : at + TICK], NONE if random.random() < loss else ALL)
        for at in range(0, len(codes), TICK)
    ]


def with_silence(ticks: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(codes if there == ALL else b"\xff" * TICK for codes, there in ticks)


def concealed(ticks: list[tuple[bytes, bytes]], law: Law = "ulaw") -> bytes:
    concealer = Concealer(law)
    return b"".join(concealer.fill(*tick) for tick in ticks)


def test_what_is_whole_is_left_as_it_is() -> None:
    said = speech()
    assert concealed(lossy(said, 0.0, 1)) == said


@pytest.mark.parametrize("loss", [0.02, 0.05, 0.1, 0.2])
def test_of_what_is_lost_more_is_there_than_silence(loss: float) -> None:
    said = speech()
    ticks = lossy(said, loss, 1)
    alike, ratio, distance = quality(concealed(ticks), said)
    worse, none, far = quality(with_silence(ticks), said)
    assert alike > worse
    assert ratio > none + 3  # dB, where something was lost
    assert distance < far / 2


@pytest.mark.parametrize("hertz", [80, 120, 200])
def test_a_steady_voice_goes_on_through_a_gap_of_20_ms(hertz: int) -> None:
    time = np.arange(8_000) / 8_000
    parts = [np.sin(2 * np.pi * hertz * k * time) / k for k in range(1, 8)]
    voice = np.sum(parts, axis=0) * 5_000
    codes = codes_of("ulaw")[voice.astype(np.int16).view(np.uint16)].tobytes()
    ticks = [(codes[at : at + TICK], ALL) for at in range(0, 8_000, TICK)]
    ticks[25] = bytes(TICK), NONE
    error = samples(concealed(ticks)) - samples(codes)
    here = slice(25 * TICK, 26 * TICK)
    signal = samples(codes)[here]
    assert np.sum(error[here] ** 2) < np.sum(signal**2) / 10  # 10 dB below it
    assert not error[: 25 * TICK].any()


def test_a_long_gap_fades_to_silence_and_what_follows_is_whole() -> None:
    said = speech()
    begin = 30 * TICK
    ticks = [(said[at : at + TICK], ALL) for at in range(0, begin, TICK)]
    loud = np.abs(samples(said))
    busiest = int(np.argmax(np.convolve(loud, np.ones(800), "valid")))
    at = busiest // TICK * TICK
    ticks = [(said[k : k + TICK], ALL) for k in range(at - 3_200, at, TICK)]
    ticks += [(bytes(TICK), NONE)] * 10
    ticks += [(said[k : k + TICK], ALL) for k in range(at, at + 800, TICK)]
    out = concealed(ticks)
    gap = np.abs(samples(out[3_200:4_800]))
    steps = [float(gap[k : k + 160].mean()) for k in range(0, SILENT, 160)]
    assert steps == sorted(steps, reverse=True)
    assert set(out[3_200 + SILENT : 4_800]) <= {0xFF, 0x7F}
    assert out[4_800:] == said[at : at + 800]


@given(
    masks=st.lists(
        st.lists(
            st.tuples(st.booleans(), st.integers(1, TICK)), min_size=1, max_size=4
        ),
        min_size=1,
        max_size=12,
    ),
    law=st.sampled_from(["ulaw", "alaw"]),
)
def test_every_pattern_of_gaps_gives_whole_ticks_and_leaves_none_of_what_was_not_sent(
    masks: list[list[tuple[bool, int]]], law: Law
) -> None:
    concealer = Concealer(law)
    for runs in masks:
        there = b"".join(bytes([is_there]) * size for is_there, size in runs)
        there = (there + NONE)[:TICK]
        # What is not there is as loud as can be: none of it may be heard.
        codes = bytes(0x55 if each else 0x80 for each in there)
        out = concealer.fill(codes, there)
        assert len(out) == TICK
        if law == "ulaw":
            assert np.abs(samples(out)).max() < 4_000
    assert 0 <= concealer.concealed <= len(masks) * TICK


def test_the_first_word_after_silence_is_not_faded_in_even_within_a_tick() -> None:
    concealer, codes = Concealer("ulaw"), speech()[8_000 : 8_000 + TICK]
    there = bytes(60) + b"\x01" * 100
    assert concealer.fill(codes, there)[60:] == codes[60:]


def test_before_anything_has_come_there_is_silence() -> None:
    concealer = Concealer("ulaw")
    assert concealer.fill(bytes(TICK), NONE) == b"\xff" * TICK
    assert concealer.concealed == 0


def test_the_pitch_of_a_voice_is_found() -> None:
    pulses = np.zeros(1_000)
    pulses[::64] = 10_000  # 125 Hz
    voice = np.convolve(pulses, np.exp(-np.arange(40) / 8) * np.cos(np.arange(40)))
    assert pitch_period(voice[:1_000]) == 64
