from __future__ import annotations

from itertools import permutations
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Dtmf,
    FormatError,
    Input,
    Pipeline,
    Processor,
    ReplyEnd,
    Turn,
    WiringError,
)
from voxpipe.pipeline.testing import Probe, Source
from voxpipe.processors.audio import Gain, Resample

Int16 = NDArray[np.int16]
Float64 = NDArray[np.float64]

LIVE_PAIRS = list(permutations((8_000, 16_000, 24_000, 48_000), 2))
ODD_PAIRS = [(44_100, 16_000), (16_000, 44_100), (11_025, 8_000), (44_100, 48_000)]
BY_SOXR = [(8_000, 8_001)]  # a ratio too odd for a matrix
QUALITIES: list[Literal["live", "best"]] = ["live", "best"]


def frame(samples: Int16, rate: int, start: float = 0.0) -> AudioFrame:
    channels = 1 if samples.ndim == 1 else 2
    return AudioFrame(
        data=samples.tobytes(), format=AudioFormat("pcm16", rate, channels), start=start
    )


def pieces(samples: Int16, rate: int, seconds: float = 0.02) -> list[AudioFrame]:
    size = round(rate * seconds)
    return [
        frame(samples[at : at + size], rate, at / rate)
        for at in range(0, len(samples), size)
    ]


def through(box: Resample, frames: list[AudioFrame]) -> list[AudioFrame]:
    return [out for each in frames for out in box.feed(each)]


def samples_of(frames: list[AudioFrame] | tuple[AudioFrame, ...]) -> Int16:
    return np.concatenate([np.zeros(0, np.int16), *(each.samples for each in frames)])


def whole(box: Resample, frames: list[AudioFrame]) -> bytes:
    return b"".join(out.data for out in [*through(box, frames), *box.flush()])


def tone(hertz: float, rate: int, seconds: float = 0.4) -> Int16:
    """20,000 high: that leaves room for ripples."""
    times = np.arange(round(rate * seconds)) / rate
    wave: Float64 = np.rint(20_000 * np.sin(2 * np.pi * hertz * times))
    return wave.astype(np.int16)


def fit(samples: Int16, hertz: float, rate: int) -> tuple[float, float, Float64]:
    """Amplitude and delay (seconds) of a tone in ``samples``, and what else is there.

    Without its first 50 ms: there it begins, and has other frequencies.
    """
    angles = 2 * np.pi * hertz * np.arange(len(samples))[rate // 20 :] / rate
    settled = samples[rate // 20 :].astype(np.float64)
    waves = np.stack([np.sin(angles), np.cos(angles)], axis=1)
    (sine, cosine), *_ = np.linalg.lstsq(waves, settled)
    rest: Float64 = settled - waves @ np.array([sine, cosine])
    delay = -np.arctan2(cosine, sine) / (2 * np.pi * hertz)
    return float(np.hypot(sine, cosine)), float(delay), rest


def decibels(ratio: float) -> float:
    return 20 * float(np.log10(max(ratio, 1e-9)))


def rms(samples: Int16 | Float64) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


# --- live: quick, even, and clean at the same time


@pytest.mark.parametrize(("rate_in", "rate_out"), LIVE_PAIRS)
def test_20_ms_go_in_and_20_ms_come_out_from_the_first_frame_on(
    rate_in: int, rate_out: int
) -> None:
    made = through(Resample(rate_out), pieces(tone(300, rate_in), rate_in))
    assert [len(each.samples) for each in made] == [rate_out // 50] * 20


@pytest.mark.parametrize(("rate_in", "rate_out"), LIVE_PAIRS)
def test_tones_pass_evenly_and_at_most_2_ms_late_and_nothing_else_is_added(
    rate_in: int, rate_out: int
) -> None:
    lower = min(rate_in, rate_out)
    delays: list[float] = []
    for share in (0.02, 0.1, 0.2, 0.3, 0.36, 0.4, 0.42):
        hertz = share * lower
        played = pieces(tone(hertz, rate_in), rate_in)
        # Delivered together with what went in: a lag in here is the delay.
        made = samples_of(through(Resample(rate_out), played))
        amplitude, lag, rest = fit(made, hertz, rate_out)
        whole_turns = np.round((12 / lower - lag) * hertz)  # a tone repeats itself
        delays.append(lag + whole_turns / hertz)
        assert abs(decibels(amplitude / 20_000)) <= 0.5
        if share <= 0.4:  # its lowest image lies at 0.6 of the lower rate
            assert decibels(rms(rest) / rms(made)) <= -80
    assert max(delays) <= 0.002
    assert max(delays) - min(delays) < 1e-6  # linear phase: no frequency comes later


@pytest.mark.parametrize(
    ("rate_in", "rate_out"), [pair for pair in LIVE_PAIRS if pair[0] > pair[1]]
)
def test_what_would_fold_back_from_0_6_of_the_lower_rate_on_is_80_db_down(
    rate_in: int, rate_out: int
) -> None:
    for hertz in np.linspace(0.6 * rate_out, rate_in / 2 - 50, 23):
        played = tone(float(hertz), rate_in)
        made = samples_of(through(Resample(rate_out), pieces(played, rate_in)))
        made = made[rate_out // 20 :]  # without the click of its beginning
        assert decibels(rms(made) / rms(played)) <= -80


@pytest.mark.parametrize(("rate_in", "rate_out"), LIVE_PAIRS)
def test_a_click_arrives_at_most_2_ms_late(rate_in: int, rate_out: int) -> None:
    click = np.zeros(rate_in // 10, np.int16)
    at = rate_in // 25  # 40 ms, the first sample of a frame
    click[at] = 30_000
    made = through(Resample(rate_out), pieces(click, rate_in))
    late = int(np.argmax(np.abs(samples_of(made)))) / rate_out - 0.04
    assert 0 < late <= 0.002
    assert np.any(made[2].samples)  # in the very frame that it entered with


def test_nothing_clicks_where_frames_meet() -> None:
    # A steep but smooth tone: any discontinuity at a border would exceed its slope.
    made = samples_of(through(Resample(24_000), pieces(tone(440, 8_000), 8_000)))[500:]
    slope = np.abs(np.diff(made.astype(np.int64)))
    assert slope.max() <= 20_000 * 2 * np.pi * 440 / 24_000 + 2


# --- exactness


@settings(deadline=None)
@given(
    data=st.data(),
    pair=st.sampled_from([*LIVE_PAIRS, *ODD_PAIRS, *BY_SOXR]),
    quality=st.sampled_from(QUALITIES),
    channels=st.sampled_from([1, 2]),
    seed=st.integers(0, 1000),
)
def test_cutting_the_stream_differently_changes_no_sample(
    data: st.DataObject,
    pair: tuple[int, int],
    quality: Literal["live", "best"],
    channels: int,
    seed: int,
) -> None:
    rate_in, rate_out = pair
    shape = 3_000 if channels == 1 else (3_000, channels)
    noise = np.random.default_rng(seed).integers(-32768, 32768, shape).astype(np.int16)
    sizes = data.draw(st.lists(st.sampled_from([1, 2, 3, 5, 80, 160, 441, 977])))
    cuts = [int(cut) for cut in np.cumsum(sizes) if cut < 3_000]
    frames = [frame(part, rate_in) for part in np.split(noise, cuts)]
    in_parts = whole(Resample(rate_out, quality=quality), frames)
    at_once = whole(Resample(rate_out, quality=quality), [frame(noise, rate_in)])
    assert in_parts == at_once


def test_a_minute_in_one_frame_is_the_same_as_in_frames_of_20_ms() -> None:
    noise = np.random.default_rng(7).integers(-9_000, 9_000, 480_000).astype(np.int16)
    at_once = whole(Resample(24_000), [frame(noise, 8_000)])
    assert whole(Resample(24_000), pieces(noise, 8_000)) == at_once


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize(("rate_in", "rate_out"), [*LIVE_PAIRS, *ODD_PAIRS, *BY_SOXR])
def test_silence_stays_exactly_silent(
    rate_in: int, rate_out: int, quality: Literal["live", "best"]
) -> None:
    silence = np.zeros(rate_in, np.int16)
    made = whole(Resample(rate_out, quality=quality), pieces(silence, rate_in))
    assert made.count(0) == len(made) >= rate_out * 2


@pytest.mark.parametrize(("rate_in", "rate_out"), [*LIVE_PAIRS, *ODD_PAIRS])
@pytest.mark.parametrize("level", [-32768, -1, 1, 32767])
def test_what_is_constant_comes_out_constant(
    rate_in: int, rate_out: int, level: int
) -> None:
    constant = np.full(rate_in // 10, level, np.int16)
    made = samples_of(through(Resample(rate_out), pieces(constant, rate_in)))
    settled = made[rate_out // 200 :]  # 5 ms; the filter is 3 ms long at 8 kHz
    assert set(settled.tolist()) == {level}


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("channels", [1, 2])
def test_what_overshoots_is_clipped_and_never_wraps(
    channels: int, quality: Literal["live", "best"]
) -> None:
    square = np.where(np.arange(8_000) // 40 % 2, 32767, -32768).astype(np.int16)
    played = square if channels == 1 else np.stack([square, square], axis=1)
    box = Resample(16_000, quality=quality)
    made = np.frombuffer(whole(box, [frame(played, 8_000)]), np.int16)
    made = made.reshape(-1, channels)[:, 0]
    assert {-32768, 32767} <= set(made.tolist())  # it did overshoot
    late = 24 if quality == "live" else 0
    held = np.arange(10, 16_000 - 80, 80)[:, np.newaxis] + np.arange(60)  # no edges
    loud = made[held + late].astype(np.int64)
    wanted = np.where(np.arange(len(held)) % 2, 1, -1)[:, np.newaxis]
    assert np.all(loud * wanted > 25_000)


def test_left_and_right_do_not_mix() -> None:
    left, right = tone(300, 16_000), tone(777, 16_000)
    both = np.stack([left, right], axis=1)
    made = np.frombuffer(whole(Resample(24_000), pieces(both, 16_000)), np.int16)
    for side, played in enumerate((left, right)):
        alone = whole(Resample(24_000), pieces(played, 16_000))
        assert made[side::2].tobytes() == alone


# --- lengths and places


@settings(deadline=None)
@given(pair=st.sampled_from([*LIVE_PAIRS, *ODD_PAIRS]), count=st.integers(1, 3_000))
def test_as_much_time_comes_out_as_goes_in_and_the_delay_at_the_end(
    pair: tuple[int, int], count: int
) -> None:
    rate_in, rate_out = pair
    box = Resample(rate_out)
    fed = samples_of(box.feed(frame(np.ones(count, np.int16), rate_in)))
    tail = samples_of(box.flush())
    assert len(fed) == -(-count * rate_out // rate_in)  # all moments before the end
    delay = 12 / min(pair) * rate_out
    assert abs(len(tail) - delay) <= 1
    assert box.flush() == ()


@settings(deadline=None)
@given(
    pair=st.sampled_from([*LIVE_PAIRS, *ODD_PAIRS, *BY_SOXR]),
    count=st.integers(1, 3_000),
)
def test_the_best_has_the_length_of_its_input(
    pair: tuple[int, int], count: int
) -> None:
    rate_in, rate_out = pair
    played = frame(np.ones(count, np.int16), rate_in)
    made = whole(Resample(rate_out, quality="best"), [played])
    assert len(made) // 2 == int(count * rate_out / rate_in + 0.5)


@pytest.mark.parametrize(("rate_in", "rate_out"), [(8_000, 24_000), (24_000, 16_000)])
def test_after_an_hour_nothing_has_drifted(rate_in: int, rate_out: int) -> None:
    box, fresh = Resample(rate_out), Resample(rate_out)
    second = frame(np.zeros(rate_in - 1, np.int16), rate_in)  # out of step with it all
    made = sum(len(out.data) // 2 for _ in range(3_600) for out in box.feed(second))
    made += sum(
        len(out.samples) for out in box.feed(frame(np.zeros(3_600, np.int16), rate_in))
    )
    assert made == 3_600 * rate_out
    noise = np.random.default_rng(1).integers(-9_000, 9_000, rate_in).astype(np.int16)
    assert whole(box, pieces(noise, rate_in)) == whole(fresh, pieces(noise, rate_in))


@pytest.mark.parametrize("quality", QUALITIES)
def test_the_tail_is_flushed(quality: Literal["live", "best"]) -> None:
    played = np.zeros(1_600, np.int16)
    played[-1] = 30_000  # a click in the very last sample
    box = Resample(48_000, quality=quality)
    made = through(box, pieces(played, 16_000))
    assert np.abs(samples_of(made)).max(initial=0) < 10_000
    assert np.abs(samples_of(box.flush())).max() > 25_000


def test_frames_keep_their_place_and_their_turn() -> None:
    turn = Turn("r1")
    played = [
        AudioFrame(
            data=each.data, format=each.format, start=7.0 + each.start, turn=turn
        )
        for each in pieces(tone(300, 24_000), 24_000)
    ]
    box = Resample(8_000)
    made = through(box, played)
    assert [each.start for each in made] == [each.start for each in played]
    (tail,) = box.flush()
    assert tail.start == pytest.approx(7.4)
    assert {each.turn for each in [*made, tail]} == {turn}


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("size", [1, 7, 160, 1_999])
def test_every_frame_starts_where_the_one_before_it_ends(
    size: int, quality: Literal["live", "best"]
) -> None:
    played = pieces(tone(300, 16_000, 1.0), 16_000, size / 16_000)
    box = Resample(24_000, quality=quality)
    place = 0.0
    for each in [*through(box, played), *box.flush()]:
        assert each.start == pytest.approx(place, abs=1e-9)
        place += each.duration
    assert place == pytest.approx(1.0, abs=0.001)


def test_the_best_is_in_time_with_its_input() -> None:
    click = np.zeros(16_000, np.int16)
    click[8_000] = 30_000
    made = whole(Resample(48_000, quality="best"), pieces(click, 16_000))
    assert int(np.argmax(np.frombuffer(made, np.int16))) == 24_000


@pytest.mark.parametrize("quality", QUALITIES)
def test_reset_forgets_the_stream(quality: Literal["live", "best"]) -> None:
    played = pieces(tone(300, 16_000), 16_000)
    box, fresh = (Resample(24_000, quality=quality) for _ in range(2))
    box.feed(frame(tone(2_000, 16_000, 0.0513), 16_000))
    box.reset()
    assert box.flush() == ()
    assert whole(box, played) == whole(fresh, played)
    assert whole(box, played) == whole(fresh, played)  # after a flush, too


# --- what goes past it, and what may not enter


@pytest.mark.parametrize("encoding", ["pcm16", "ulaw", "alaw"])
def test_audio_at_this_rate_passes_untouched(
    encoding: Literal["pcm16", "ulaw", "alaw"],
) -> None:
    box = Resample(8_000)
    format = AudioFormat(encoding, 8_000)
    assert box.leaves_as(format) == format
    played = AudioFrame(data=bytes(160), format=format)
    (made,) = box.feed(played)
    assert made is played
    assert box.flush() == ()


def test_no_samples_in_no_frame_out() -> None:
    assert Resample(8_000).feed(frame(np.zeros(0, np.int16), 16_000)) == ()


def test_a_new_format_begins_a_new_stream() -> None:
    box = Resample(16_000)
    box.feed(frame(tone(300, 8_000, 0.02), 8_000))
    played = pieces(tone(300, 24_000), 24_000)
    assert whole(box, played) == whole(Resample(16_000), played)


def test_it_says_in_which_format_audio_leaves() -> None:
    entering = AudioFormat("pcm16", 8_000, 2)
    assert Resample(24_000).leaves_as(entering) == AudioFormat("pcm16", 24_000, 2)
    with pytest.raises(FormatError, match=r"resampling takes pcm16: put Decode\(\) in"):
        Resample(24_000).leaves_as(AudioFormat("ulaw", 8_000))


@pytest.mark.parametrize("rate", [0, -8_000, 3_999, 1_000_000])
def test_a_rate_that_audio_cannot_have_is_refused(rate: int) -> None:
    with pytest.raises(FormatError, match="rate must be a whole number of Hz"):
        Resample(rate)


def test_an_unknown_quality_is_refused() -> None:
    with pytest.raises(WiringError, match='quality is "live" or "best", not'):
        Resample(8_000, quality="good")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


# --- in a pipeline


async def test_in_a_pipeline_the_tail_comes_before_the_end_of_a_reply() -> None:
    turns = [Turn("r1"), Turn("r2")]
    played = pieces(tone(440, 24_000, 0.1), 24_000)
    source = Source(
        [
            each
            for turn in turns
            for each in (
                *(AudioFrame(data=f.data, format=f.format, turn=turn) for f in played),
                ReplyEnd(turn=turn),
            )
        ]
    )
    probe = Probe()
    await Pipeline(source.output >> Resample(8_000) >> probe.input).run()
    kinds = [
        "tail" if getattr(each, "size", 320) < 320 else type(each).__name__
        for each in probe.frames
    ]
    assert kinds == [*["AudioFrame"] * 5, "tail", "ReplyEnd"] * 2
    first, second = probe.frames[:6], probe.frames[7:13]
    assert [each.data for each in first] == [each.data for each in second]
    assert [each.turn for each in first] == [turns[0]] * 6


async def test_in_a_pipeline_an_interrupted_reply_is_not_heard_in_the_next() -> None:
    turns = [Turn("r1"), Turn("r2")]
    loud, soft = (tone(hertz, 24_000, 0.02) for hertz in (440, 999))
    frames = [
        AudioFrame(data=each.tobytes(), format=AudioFormat("pcm16", 24_000), turn=turn)
        for each, turn in zip((loud, soft), turns, strict=True)
    ]
    probe, source = Probe(), Source(frames)
    await Pipeline(source.output >> Resample(8_000) >> probe.input).run()
    (alone,) = Resample(8_000).feed(frames[1])
    assert probe.frames[1].data == alone.data


async def test_in_a_pipeline_other_frames_pass_by() -> None:
    source = Source([frame(tone(440, 8_000, 0.02), 8_000), Dtmf(digit="1")])
    probe = Probe()
    await Pipeline(source.output >> Resample(16_000) >> probe.input).run()
    assert [type(each).__name__ for each in probe.frames] == [
        "AudioFrame",
        "Dtmf",
        "AudioFrame",
    ]


def test_a_pipeline_refuses_g711_before_anything_runs() -> None:
    source, probe = Source([]), Probe()
    source.output.format = AudioFormat("ulaw", 8_000)
    with pytest.raises(WiringError, match=r"source.output is ulaw 8000 Hz.*put Decode"):
        Pipeline(source.output >> Resample(24_000) >> probe.input)


def test_a_wrong_rate_is_mended_where_it_was_written() -> None:
    class Model(Processor):
        hears = Input[AudioFrame](format=AudioFormat("pcm16", 24_000))

    source = Source([])
    source.output.format = AudioFormat("pcm16", 8_000)
    with pytest.raises(WiringError) as caught:
        Pipeline(source.output >> Resample(16_000) >> Gain(0) >> Model().hears)
    assert str(caught.value) == (
        "resample gives pcm16 16000 Hz, and model.hears takes pcm16 24000 Hz: write "
        "Resample(24000) in its place"
    )
