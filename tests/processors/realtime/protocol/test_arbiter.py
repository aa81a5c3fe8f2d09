"""Who may ask for a reply, and when."""

from __future__ import annotations

from voxpipe.processors.realtime.protocol.arbiter import (
    MAX_REFUSALS,
    MAX_WISHES,
    REPLY_TIMEOUT,
    SPEECH_TIMEOUT,
    TAKE_UP_TIMEOUT,
    Arbiter,
)
from voxpipe.processors.realtime.protocol.response import Response

from ..bench import outcome


def wish(arbiter: Arbiter, *, follow_up: bool = False) -> Response:
    reply = Response(options={}, follow_up=follow_up)
    assert arbiter.wish(reply, 0.0) is None
    return reply


def test_one_reply_at_a_time() -> None:
    arbiter = Arbiter()
    first, second = wish(arbiter), wish(arbiter)
    order = arbiter.next(0.0)
    assert order is not None
    assert order["event_id"] == first.request_id
    assert arbiter.next(0.0) is None
    assert arbiter.take(first.request_id) is first
    arbiter.begun(first)
    assert arbiter.next(0.0) is None
    arbiter.ended(first)
    order = arbiter.next(0.0)
    assert order is not None
    assert order["event_id"] == second.request_id


def test_nobody_asks_while_the_caller_speaks_or_will_be_answered() -> None:
    arbiter = Arbiter()
    wish(arbiter)
    arbiter.caller_starts()
    assert arbiter.next(0.0) is None
    arbiter.caller_stops()
    arbiter.expect(10.0)
    assert arbiter.next(10.0 + REPLY_TIMEOUT - 0.01) is None
    assert arbiter.due == 10.0 + REPLY_TIMEOUT
    assert arbiter.expire(10.0 + REPLY_TIMEOUT) == []
    assert arbiter.next(10.0 + REPLY_TIMEOUT) is not None


def test_it_says_when_it_must_be_asked_again() -> None:
    arbiter = Arbiter()
    due = [arbiter.due]
    arbiter.expect(0.0)
    due.append(arbiter.due)
    wish(arbiter)
    arbiter.expire(REPLY_TIMEOUT)
    arbiter.next(REPLY_TIMEOUT)
    due.append(arbiter.due)
    assert due == [None, REPLY_TIMEOUT, REPLY_TIMEOUT + TAKE_UP_TIMEOUT]


def test_follow_ups_lapse_when_the_caller_is_answered() -> None:
    arbiter = Arbiter()
    follow_up, own = wish(arbiter, follow_up=True), wish(arbiter)
    arbiter.caller_starts()
    arbiter.caller_stops()
    arbiter.begun(Response())
    assert outcome(follow_up) == ("superseded", "another reply answers the caller")
    assert follow_up.turn.is_cut
    assert outcome(own) is None


def test_what_the_model_is_told_to_say_answers_nobody() -> None:
    arbiter = Arbiter()
    follow_up = wish(arbiter, follow_up=True)
    arbiter.caller_starts()
    arbiter.begun(Response(options={"instructions": "Say exactly this"}))
    assert outcome(follow_up) is None
    arbiter.caller_said_nothing()
    arbiter.active = None
    assert arbiter.next(0.0) is not None


def test_of_two_follow_ups_one_is_enough() -> None:
    arbiter = Arbiter()
    arbiter.caller_starts()
    first, second = wish(arbiter, follow_up=True), wish(arbiter, follow_up=True)
    assert outcome(first) == ("superseded", "another reply answers the caller")
    arbiter.caller_said_nothing()
    order = arbiter.next(0.0)
    assert order is not None
    assert order["event_id"] == second.request_id


def test_a_program_that_asks_in_a_loop_is_told() -> None:
    arbiter = Arbiter()
    replies = [wish(arbiter) for _ in range(MAX_WISHES + 1)]
    assert outcome(replies[-2]) is None
    assert outcome(replies[-1]) == (
        "rejected",
        f"{MAX_WISHES} replies are asked for already",
    )


def test_metadata_that_is_null_is_no_obstacle() -> None:
    arbiter = Arbiter()
    reply = Response(options={"metadata": None})
    arbiter.wish(reply, 0.0)
    order = arbiter.next(0.0)
    assert order is not None
    assert order["response"]["metadata"] == {"voxpipe": reply.request_id}


def test_names_of_other_clients_are_not_ours() -> None:
    ours, theirs = Arbiter(), Arbiter()
    reply = wish(theirs)
    assert theirs.gave_up(reply.request_id)
    assert not ours.gave_up(reply.request_id)
    assert not ours.gave_up({"not": "a name"})
    assert ours.take(["not a name"]) is None


def test_a_refusal_without_a_name_is_ours_only_if_the_service_is_busy() -> None:
    arbiter = Arbiter()
    reply = wish(arbiter)
    arbiter.next(0.0)
    asked: list[Response | None] = []
    for busy in (False, True):
        assert arbiter.refused(None, busy=busy, now=0.0) is None
        asked.append(arbiter.asked)
    assert asked == [reply, None]
    arbiter.expire(REPLY_TIMEOUT)
    assert arbiter.next(REPLY_TIMEOUT) is not None


def test_idle_means_that_nothing_will_happen_by_itself() -> None:
    arbiter = Arbiter()
    idle = [arbiter.is_idle]
    arbiter.caller_starts()
    idle.append(arbiter.is_idle)
    follow_up = wish(arbiter, follow_up=True)
    arbiter.caller_stops()
    idle.append(arbiter.is_idle)
    arbiter.begun(Response())
    assert outcome(follow_up) is not None
    idle.append(arbiter.is_idle)
    arbiter.active = None
    arbiter.expect(0.0)
    idle.append(arbiter.is_idle)
    arbiter.expire(REPLY_TIMEOUT)
    idle.append(arbiter.is_idle)
    assert idle == [True, False, False, False, False, True]


def test_what_is_not_taken_up_in_time_has_failed_be_it_aside_or_not() -> None:
    arbiter = Arbiter()
    reply, aside = wish(arbiter), Response(options={"conversation": "none"})
    arbiter.next(0.0)
    assert arbiter.wish(aside, 1.0) is not None
    assert arbiter.due == TAKE_UP_TIMEOUT
    why = "the service did not take it up"
    report = f"a reply was asked for, and {why}"
    assert arbiter.expire(TAKE_UP_TIMEOUT) == [report]
    assert (outcome(reply), outcome(aside)) == (("failed", why), None)
    assert arbiter.due == 1.0 + TAKE_UP_TIMEOUT
    assert arbiter.expire(1.0 + TAKE_UP_TIMEOUT) == [report]
    assert outcome(aside) == ("failed", why)
    assert arbiter.is_idle
    assert arbiter.due is None


def test_a_caller_who_is_never_said_to_stop_does_not_keep_the_floor() -> None:
    arbiter = Arbiter()
    follow_up = wish(arbiter, follow_up=True)
    arbiter.caller_starts(SPEECH_TIMEOUT)
    assert arbiter.due == SPEECH_TIMEOUT
    assert arbiter.expire(SPEECH_TIMEOUT - 0.1) == []
    (report,) = arbiter.expire(SPEECH_TIMEOUT)
    assert "the floor counts as free" in report
    order = arbiter.next(SPEECH_TIMEOUT)
    assert order is not None
    assert order["event_id"] == follow_up.request_id


def test_a_service_that_is_busy_for_ever_is_asked_so_often_and_no_more() -> None:
    arbiter = Arbiter()
    reply = wish(arbiter)
    now = 0.0
    for _ in range(MAX_REFUSALS - 1):
        assert arbiter.next(now) is not None
        assert arbiter.refused(reply.request_id, busy=True, now=now) is None
        now += REPLY_TIMEOUT
        arbiter.expire(now)
    assert arbiter.next(now) is not None
    assert arbiter.refused(reply.request_id, busy=True, now=now) is reply
    assert arbiter.is_idle
