from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    CallerFrame,
    Dtmf,
    Pipeline,
    SpeechStarted,
    SpeechStopped,
    WiringError,
)
from voxpipe.pipeline.testing import Probe, Source
from voxpipe.processors.audio import Encode, Resample, Stereo
from voxpipe.processors.vad import Energy, Vad

Int16 = NDArray[np.int16]


class Loud:
    """An engine of a user's own: a loud sample is speech, and it likes 10 ms."""

    rates: tuple[int, ...] = ()

    def listen(self, rate: int) -> Loud:
        self.window = rate // 100
        return self

    def probability(self, samples: Int16) -> float:
        return float(np.any(np.abs(samples.astype(np.int64)) > 5_000))


class LoudAt16k(Loud):
    rates = (16_000,)


def exact(engine: Loud | None = None, *, preroll: float = 0.0) -> Vad:
    return Vad(engine or Loud(), minimum=0.01, hangover=0.4, preroll=preroll)


def speech(rate: int, *spans: tuple[float, float], seconds: float = 3.0) -> Int16:
    """Bursts like syllables, 8 in a second, between silences."""
    times = np.arange(round(seconds * rate)) / rate
    wave = np.sin(2 * np.pi * 300 * times) * (0.7 + 0.3 * np.cos(2 * np.pi * 8 * times))
    inside = np.zeros(len(times), bool)
    for begin, end in spans:
        inside |= (times >= begin) & (times < end)
    return np.where(inside, 20_000 * wave, 0).astype(np.int16)


def frames(
    samples: Int16, rate: int, *, size: float = 0.02, start: float = 0.0
) -> list[AudioFrame]:
    count = round(size * rate)
    format = AudioFormat("pcm16", rate)
    return [
        AudioFrame(
            data=samples[at : at + count].tobytes(),
            format=format,
            start=start + at / rate,
        )
        for at in range(0, len(samples), count)
    ]


def out_of(vad: Vad, heard: Iterable[CallerFrame]) -> list[CallerFrame]:
    return [*(out for each in heard for out in vad.feed(each)), *vad.flush()]


def marks(made: Sequence[CallerFrame]) -> list[SpeechStarted | SpeechStopped]:
    return [each for each in made if isinstance(each, SpeechStarted | SpeechStopped)]


def places(made: Sequence[CallerFrame]) -> list[float]:
    return [round(mark.at, 6) for mark in marks(made)]


# --- where the marks are


def test_marks_say_where_speech_began_and_where_it_ended() -> None:
    made = out_of(exact(), frames(speech(8_000, (0.5, 1.2)), 8_000))
    assert marks(made) == [SpeechStarted(at=0.5), SpeechStopped(at=1.2)]


def test_speech_begins_with_its_preroll() -> None:
    made = out_of(exact(preroll=0.2), frames(speech(8_000, (0.5, 1.2)), 8_000))
    assert places(made) == [0.3, 1.2]


def test_a_mark_follows_the_frame_in_which_it_was_noticed() -> None:
    played = frames(speech(8_000, (0.5, 1.2)), 8_000)
    made = out_of(exact(), played)
    assert isinstance(made[26], SpeechStarted)  # 26 frames end at 0.52
    assert made[25] is played[25]
    stopped = made.index(SpeechStopped(at=1.2))
    assert made[stopped - 1] is played[79]  # 1.2 + 0.4 of hangover


def test_audio_and_keys_pass_untouched_and_in_order() -> None:
    played: list[CallerFrame] = [*frames(speech(8_000, (0.5, 1.2)), 8_000)]
    played.insert(30, Dtmf(digit="5"))
    made = [each for each in out_of(exact(), played) if each not in marks([each])]
    assert len(made) == len(played)
    assert all(one is other for one, other in zip(made, played, strict=True))


def test_the_end_of_the_stream_ends_speech() -> None:
    made = out_of(exact(), frames(speech(8_000, (2.0, 3.0)), 8_000))
    assert places(made) == [2.0, 3.0]
    assert isinstance(made[-1], SpeechStopped)


def test_a_stream_that_ends_in_silence_gets_no_more_marks() -> None:
    vad = exact()
    assert vad.flush() == ()
    out_of(vad, frames(speech(8_000, (0.5, 1.2)), 8_000))
    assert vad.flush() == ()


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 24_000, 44_100, 48_000])
def test_bursts_are_found_by_their_energy_at_any_rate(rate: int) -> None:
    made = out_of(Vad(), frames(speech(rate, (0.5, 1.2), (2.0, 2.4)), rate))
    assert [type(each) for each in marks(made)] == [SpeechStarted, SpeechStopped] * 2
    assert places(made) == pytest.approx([0.3, 1.2, 1.8, 2.4], abs=0.03)


# --- the stream's own timeline


def test_positions_are_on_the_timeline_of_the_stream() -> None:
    played = frames(speech(8_000, (0.5, 1.2)), 8_000, start=100.0)
    assert places(out_of(exact(), played)) == [100.5, 101.2]


def test_audio_is_counted_where_frames_do_not_say_when_they_start() -> None:
    played = [
        AudioFrame(data=each.data, format=each.format)
        for each in frames(speech(8_000, (0.5, 1.2)), 8_000)
    ]
    assert places(out_of(exact(), played)) == [0.5, 1.2]


def test_a_short_gap_moves_what_follows() -> None:
    played = frames(speech(8_000, (0.5, 1.2), (2.0, 2.5)), 8_000)
    del played[70:75]  # 100 ms of the silence after 1.4 s never arrive
    assert places(out_of(exact(), played)) == [0.5, 1.2, 2.0, 2.5]


def test_audio_that_never_came_is_silence() -> None:
    played = frames(speech(8_000, (0.5, 2.8)), 8_000)
    del played[50:100]  # a telephone that sends nothing for a second
    made = out_of(exact(), played)
    assert places(made) == [0.5, 1.0, 2.0, 2.8]
    assert made[made.index(SpeechStopped(at=1.0)) + 1] is played[50]


# --- the same marks for the same audio


@settings(max_examples=40)  # what resamples has a test of its own for that
@given(data=st.data(), rate=st.sampled_from([8_000, 24_000, 44_100]))
def test_cutting_the_stream_differently_moves_no_mark(
    data: st.DataObject, rate: int
) -> None:
    signal = bursts(rate)
    sizes = data.draw(st.lists(st.integers(1, rate // 2), max_size=20))
    cuts = [int(cut) for cut in np.cumsum(sizes) if cut < len(signal)]
    bounds = [0, *cuts, len(signal)]
    format = AudioFormat("pcm16", rate)
    played = [
        AudioFrame(data=signal[a:b].tobytes(), format=format, start=a / rate)
        for a, b in pairwise(bounds)
    ]
    for engine in (None, LoudAt16k):
        cut = marks(out_of(Vad(engine() if engine else None), played))
        assert cut == uncut(engine, rate)
        assert len(cut) == 4


def bursts(rate: int) -> Int16:
    return speech(rate, (0.3, 0.7), (1.2, 1.5), seconds=2.0)


@cache
def uncut(engine: type[Loud] | None, rate: int) -> list[SpeechStarted | SpeechStopped]:
    at_once = frames(bursts(rate), rate, size=2.0)
    return marks(out_of(Vad(engine() if engine else None), at_once))


@pytest.mark.parametrize("encoding", ["pcm16", "ulaw", "alaw"])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [8_000, 16_000, 48_000])
def test_every_format_is_heard_at_the_rate_of_the_engine(
    encoding: Literal["pcm16", "ulaw", "alaw"], channels: int, rate: int
) -> None:
    played: Iterable[AudioFrame] = frames(speech(rate, (0.5, 1.2)), rate)
    if channels == 2:
        stereo = Stereo()
        played = [out for each in played for out in stereo.feed(each)]
    if encoding != "pcm16":
        encode = Encode(encoding)
        played = [out for each in played for out in encode.feed(each)]
    made = out_of(exact(LoudAt16k()), played)
    assert places(made) == pytest.approx([0.5, 1.2], abs=0.011)  # a window
    assert [each for each in made if isinstance(each, AudioFrame)] == played


def test_the_delay_of_the_resampler_is_not_in_the_marks() -> None:
    click = np.zeros(16_000, np.int16)
    click[8_010:8_030] = 30_000  # 1.25 ms into a window of 10 ms, at 8 kHz
    made = out_of(exact(LoudAt16k()), frames(click, 8_000))
    (began, _) = places(made)
    assert began <= 8_010 / 8_000 < began + 0.01


def test_reset_forgets_the_stream() -> None:
    vad, fresh = exact(), exact()
    for each in frames(speech(8_000, (0.0, 1.0), seconds=1.0), 8_000):
        vad.feed(each)
    vad.reset()
    assert vad.flush() == ()
    played = frames(speech(16_000, (0.5, 1.2)), 16_000, start=7.0)
    assert out_of(vad, played) == out_of(fresh, played)


# --- in a pipeline


async def test_in_a_pipeline_g711_goes_straight_through_with_marks_beside() -> None:
    encode = Encode("ulaw")
    played = [
        out
        for each in frames(speech(8_000, (0.5, 1.2), (2.5, 3.0)), 8_000)
        for out in encode.feed(each)
    ]
    wired = [AudioFrame.from_base64(f.base64, f.format, start=f.start) for f in played]
    probe, source = Probe(), Source([*wired, Dtmf(digit="#")])
    source.output.format = probe.input.format = AudioFormat("ulaw", 8_000)
    await Pipeline(source.output >> exact() >> probe.input).run()
    assert places(probe.frames) == [0.5, 1.2, 2.5, 3.0]
    passed = [each for each in probe.frames if isinstance(each, AudioFrame)]
    assert all(one is other for one, other in zip(passed, wired, strict=True))
    assert Dtmf(digit="#") in probe.frames


async def test_in_a_pipeline_marks_pass_the_boxes_behind() -> None:
    source = Source(frames(speech(8_000, (0.5, 1.2)), 8_000))
    probe = Probe()
    await Pipeline(source.output >> exact() >> Resample(24_000) >> probe.input).run()
    assert places(probe.frames) == [0.5, 1.2]


async def test_two_runs_are_two_streams() -> None:
    vad = exact()
    for _ in range(2):
        source = Source(frames(speech(8_000, (2.0, 3.0)), 8_000))
        probe = Probe()
        await Pipeline(source.output >> vad >> probe.input).run()
        assert places(probe.frames) == [2.0, 3.0]


# --- arguments


@pytest.mark.parametrize("start", [0.0, 1.0, -1.0, math.nan])
def test_a_probability_that_is_none_is_refused(start: float) -> None:
    with pytest.raises(WiringError, match="start is a probability between 0 and 1"):
        Vad(start=start)


@pytest.mark.parametrize("seconds", [-0.1, 400, math.nan, math.inf])
def test_seconds_that_look_like_milliseconds_are_refused(seconds: float) -> None:
    refused = pytest.raises(WiringError, match="are seconds from 0 to 10, not")
    with refused:
        Vad(minimum=seconds)
    with refused:
        Vad(hangover=seconds)
    with refused:
        Vad(preroll=seconds)


@pytest.mark.parametrize(
    ("engine", "cure"),
    [
        ("silero", "str has not: leave it out for Energy(), or take Silero() from"),
        (Energy, "an engine is made before: Energy(), not Energy"),
    ],
)
def test_what_is_no_engine_is_refused_with_the_cure(engine: Any, cure: str) -> None:
    with pytest.raises(WiringError, match=re.escape(cure)):
        Vad(engine)


@pytest.mark.parametrize("given", [math.nan, -0.1, 1.7])
def test_an_engine_that_gives_no_probability_is_blamed(given: float) -> None:
    class Broken(Loud):
        def probability(self, samples: Int16) -> float:
            return given

    with pytest.raises(ValueError, match=r"from 0 to 1, not (nan|-0\.1|1\.7): Broken"):
        Vad(Broken()).feed(frames(speech(8_000), 8_000)[0])
