"""The caller's side."""

from __future__ import annotations

import pytest

from voxpipe.processors.realtime import SemanticVad, ServerVad

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
