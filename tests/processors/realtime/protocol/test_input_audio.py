"""Which of the caller's audio goes to the service."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import AudioFrame
from voxpipe.processors.realtime import Settings
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.protocol.input_audio import KEPT, SHORTEST, CallerAudio


def frame(start: float, seconds: float = 0.02) -> AudioFrame:
    data = bytes(PCM_24K.bytes_in(seconds))
    return AudioFrame(data=data, format=PCM_24K, start=start)


def test_everything_goes_to_a_service_that_owns_the_turns() -> None:
    for turn_detection in ("server", "semantic", "manual"):
        audio = CallerAudio(Settings(turn_detection=turn_detection))
        one = frame(0.0)
        assert audio.take(one) == (one,)
        assert audio.begin(0.0) == ()


def test_silence_stays_here_when_turns_are_local() -> None:
    audio = CallerAudio(Settings(turn_detection="local"))
    frames = [frame(n * 0.02) for n in range(200)]
    for each in frames:
        assert audio.take(each) == ()
    assert audio.begin(3.5) == tuple(frames[175:])
    after = frame(4.0)
    assert audio.take(after) == (after,)
    assert audio.begin(4.0) == ()  # it has begun
    assert audio.close()
    assert audio.take(frame(4.02)) == ()


def test_too_little_is_no_turn() -> None:
    audio = CallerAudio(Settings(turn_detection="manual"))
    audio.take(frame(0.0, SHORTEST - 0.001))
    assert [audio.can_close, audio.close()] == [False, False]
    audio.take(frame(1.0, SHORTEST))
    assert [audio.can_close, audio.close()] == [True, True]
    assert [audio.can_close, audio.close()] == [False, False]


def test_it_knows_how_long_ago_a_moment_was() -> None:
    audio = CallerAudio(Settings(turn_detection="local"))
    audio.take(frame(2.0, 0.5))
    assert audio.behind(2.25) == 0.25
    assert audio.behind(9.0) == 0.0


@given(st.lists(st.floats(0.001, 5), max_size=50), st.floats(0, 100))
def test_what_is_kept_for_a_mark_is_bounded(lengths: list[float], at: float) -> None:
    audio, start = CallerAudio(Settings(turn_detection="local")), 0.0
    for seconds in lengths:
        each = frame(start, seconds)
        audio.take(each)
        start += each.duration
    sent = audio.begin(at)
    if len(sent) > 1:
        assert sum(each.duration for each in sent[1:]) <= KEPT + 1e-6
    assert all(each.start + each.duration > at for each in sent)
