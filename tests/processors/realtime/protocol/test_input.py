"""The caller's side."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import AudioFrame, Timings
from voxpipe.processors.realtime import SemanticVad, ServerVad, Settings
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.protocol.arbiter import Arbiter
from voxpipe.processors.realtime.protocol.input import (
    MAX_KEPT,
    SHORTEST,
    CallerClock,
    InputAudio,
)
from voxpipe.processors.realtime.protocol.outbox import Outbox
from voxpipe.processors.realtime.protocol.updates import SessionSettings

from ..bench import COMMIT, CREATE, Bench, kinds


def test_a_reply_knows_when_the_caller_fell_silent() -> None:
    bench = Bench(turn_detection=ServerVad(silence_ms=200))
    bench.hears(2.0)  # 0.0 to 2.0 on the clock
    bench.now = 2.1
    bench.started()
    bench.stopped(at_ms=1700)  # of which 200 were silence
    bench.now = 2.5
    bench.created()
    (reply,) = bench.spoken
    timings = reply.turn.timings
    assert timings.user_stopped == pytest.approx(1.48)  # one frame early: see hears
    assert timings.committed == 2.1
    assert timings.created == 2.5


def test_a_reply_to_a_local_turn_knows_it_too() -> None:
    bench = Bench(turn_detection="local")
    bench.hears(0.5)
    bench.starts(0.0)
    bench.hears(1.5, start=0.5)
    bench.stops(1.6)  # 0.4 s ago
    bench.created(of=bench.conversation.arbiter.asked)
    (reply,) = bench.spoken
    assert reply.turn.timings.user_stopped == pytest.approx(1.6)
    assert reply.turn.timings.committed == pytest.approx(2.0)


def test_what_the_program_has_said_answers_no_turn() -> None:
    bench = Bench()
    bench.hears(1.0)
    bench.stopped()
    bench.created("resp_own")
    (own,) = bench.spoken
    bench.done("resp_own")
    reply = bench.asks(instructions="Say exactly this")
    bench.created("resp_2", of=reply)
    assert own.turn.timings.user_stopped is not None
    assert reply.turn.timings.user_stopped is None


def test_the_reply_after_a_tool_answers_the_turn_that_called_it() -> None:
    bench = Bench()
    bench.hears(1.0)
    bench.stopped()
    bench.created("resp_1")
    (first,) = bench.spoken
    bench.calls("resp_1", "call_1")
    bench.done("resp_1")
    bench.result("call_1")
    following = bench.conversation.arbiter.asked
    assert following is not None
    assert following.turn.timings.user_stopped == first.turn.timings.user_stopped
    assert following.turn.timings.committed == first.turn.timings.committed


@pytest.mark.parametrize(
    ("turn_detection", "seconds"),
    [
        ("server", 0.9),
        (ServerVad(silence_ms=1000), 1.4),
        ("semantic", 4.4),
        (SemanticVad(eagerness="low"), 8.4),
        (SemanticVad(eagerness="high"), 2.4),
    ],
)
def test_the_service_hears_silence_after_the_caller_has_gone(
    turn_detection: object, seconds: float
) -> None:
    bench = Bench(turn_detection=turn_detection)
    bench.hears(0.5)
    bench.sent()
    bench.conversation.hang_up(bench.now)
    assert bench.sent() == []
    assert bench.audio[-1].duration == pytest.approx(seconds)
    assert not any(bench.audio[-1].data)


@pytest.mark.parametrize("turn_detection", ["local", "manual"])
def test_an_open_turn_is_closed_when_the_caller_goes(turn_detection: str) -> None:
    bench = Bench(turn_detection=turn_detection)
    bench.starts(0.0)
    bench.hears(0.5)
    bench.conversation.hang_up(bench.now)
    assert kinds(bench.sent()) == [COMMIT, CREATE]
    assert bench.audio[-1].duration == pytest.approx(0.02)


@pytest.mark.parametrize("turn_detection", ["server", "semantic", "local", "manual"])
def test_a_caller_who_said_nothing_is_not_answered(turn_detection: str) -> None:
    bench = Bench(turn_detection=turn_detection)
    bench.conversation.hang_up(bench.now)
    assert bench.sent() == []
    assert bench.audio == []


def test_a_commit_of_the_programs_ends_speech_for_the_service_too() -> None:
    bench = Bench()
    bench.started()
    bench.committed()  # and no "stopped" will come
    reply = bench.asks()
    assert bench.sent(CREATE)[0]["event_id"] == reply.request_id


def test_our_own_commit_does_not_take_the_floor_from_who_speaks_again() -> None:
    bench = Bench(turn_detection="local")
    bench.hears(1.0)
    bench.starts(0.0)
    bench.stops(1.0)
    bench.hears(0.2, start=1.0)
    bench.starts(1.0)
    bench.committed()  # the acknowledgement of the first turn
    assert bench.conversation.arbiter.speaking


def test_a_silent_caller_is_answered_by_the_service() -> None:
    bench = Bench()
    kind = "input_audio_buffer.timeout_triggered"
    bench.says(kind, item_id="item_u", audio_start_ms=0, audio_end_ms=6000)
    bench.asks()
    assert bench.sent(CREATE) == []  # its own reply comes first


# --- which of the caller's audio goes to the service


class Line:
    """The caller's audio, and what of it is sent."""

    def __init__(self, turn_detection: str) -> None:
        self.outbox = Outbox()
        settings = Settings(turn_detection=turn_detection)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        in_force = SessionSettings(settings, self.outbox)
        self.audio = InputAudio(in_force, Arbiter(), self.outbox)

    def hears(self, start: float, seconds: float = 0.02) -> AudioFrame:
        data = bytes(PCM_24K.bytes_in(seconds))
        frame = AudioFrame(data=data, format=PCM_24K, start=start)
        self.audio.hear(frame, start)
        return frame

    @property
    def sent(self) -> list[object]:
        sent = list(self.outbox.messages)
        self.outbox.messages.clear()
        return [each["type"] if isinstance(each, dict) else each for each in sent]


CLEAR = "input_audio_buffer.clear"


@pytest.mark.parametrize("turn_detection", ["server", "semantic", "manual"])
def test_everything_goes_to_a_service_that_owns_the_turns(turn_detection: str) -> None:
    line = Line(turn_detection)
    one = line.hears(0.0)
    assert line.sent == [one]
    line.audio.begin(0.0, 0.02)
    assert line.sent == []


def test_silence_stays_here_when_turn_detection_is_local() -> None:
    line = Line("local")
    frames = [line.hears(n * 0.02) for n in range(200)]
    assert line.sent == []
    line.audio.begin(3.5, 4.0)
    assert line.sent == frames[175:]
    after = line.hears(4.0)
    assert line.sent == [after]
    line.audio.begin(4.0, 4.02)  # it has begun
    assert line.sent == []
    assert line.audio.close(4.0, 4.0)
    assert line.sent == [COMMIT]
    line.hears(4.02)
    assert line.sent == []


def test_too_little_is_no_turn() -> None:
    line = Line("manual")
    for seconds, enough in ((SHORTEST - 0.001, False), (SHORTEST, True), (0.0, False)):
        if seconds:
            line.hears(0.0, seconds)
        assert line.audio.can_close is enough
        assert line.audio.close(1.0, 1.0) is enough
        assert line.sent[-1] == (COMMIT if enough else CLEAR)


def test_it_knows_how_long_ago_a_moment_was() -> None:
    line = Line("local")
    line.hears(2.0, 0.5)
    assert line.audio.moment_of(2.25, 10.0) == 9.75
    assert line.audio.moment_of(9.0, 10.0) == 10.0


@given(st.lists(st.floats(0.001, 5), max_size=50), st.floats(0, 100))
def test_what_is_kept_for_a_mark_is_bounded(lengths: list[float], at: float) -> None:
    line, start = Line("local"), 0.0
    for seconds in lengths:
        start += line.hears(start, seconds).duration
    line.audio.begin(at, start)
    sent = [each for each in line.sent if isinstance(each, AudioFrame)]
    if len(sent) > 1:
        assert sum(each.duration for each in sent[1:]) <= MAX_KEPT + 1e-6
    assert all(each.start + each.duration > at for each in sent)


# --- the caller's clock


def test_a_place_that_was_not_sent_yet_is_now_at_the_latest() -> None:
    bench = Bench(turn_detection=ServerVad(silence_ms=200))
    bench.hears(1.0)
    bench.started()
    bench.now = 1.5
    bench.stopped(at_ms=99_000)
    bench.created()
    (reply,) = bench.spoken
    # The last of it was sent at 0.98.
    assert reply.turn.timings.user_stopped == pytest.approx(0.98)
    assert reply.turn.timings.committed == 1.5


def test_a_turn_is_answered_once_and_a_new_one_forgets_the_old() -> None:
    clock, first, second = CallerClock(), Timings(), Timings()
    clock.stopped(1.0)
    clock.committed(2.0)
    clock.committed(3.0)  # the service's acknowledgement of our own
    clock.note_on(first)
    clock.note_on(second)
    assert (first.user_stopped, first.committed) == (1.0, 2.0)
    assert (second.user_stopped, second.committed) == (None, None)
    clock.stopped(4.0)
    clock.committed(5.0)
    clock.started()
    clock.note_on(second)
    assert second.committed is None
