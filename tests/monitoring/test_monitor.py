"""What is seen of a call from beside it is what has happened in it."""

from __future__ import annotations

import pytest

from voxpipe.transports.telephony import Call

from ..bench.quick import question
from .calls import CALLER, THINKS, Noted, Run, asked_once, desk, looks_it_up, watched


def test_a_turn_is_timed_and_what_is_ours_told_apart(in_time: Run) -> None:
    noted = Noted()

    in_time(lambda: asked_once(desk(graph=0.12), noted))

    (call,) = noted.calls
    assert (call.line, call.end) == ("twilio", "caller")
    assert call.app.endswith(".desk.<locals>.answer")
    assert call.model.startswith("gpt-realtime")
    (turn,) = call.turns
    assert turn.ours == pytest.approx(0.12, abs=1e-6)
    assert turn.model == pytest.approx(THINKS, abs=1e-6)
    assert turn.detection is not None
    assert turn.total == pytest.approx(turn.detection + THINKS + 0.12, abs=1e-6)
    assert not turn.is_cut
    assert call.tokens["audio_out"] > 0
    assert call.cost_usd


def test_a_tool_is_timed_and_its_turn_waits_for_it(in_time: Run) -> None:
    noted = Noted()

    in_time(lambda: asked_once(desk(looks_it_up(), tools=0.3), noted))

    (call,) = noted.calls
    (tool,) = call.tools
    assert (tool.name, tool.error) == ("look_it_up", None)
    assert tool.seconds == pytest.approx(0.3, abs=1e-6)
    (turn,) = call.turns  # the reply that only called is none
    assert turn.model == pytest.approx(THINKS, abs=1e-6)
    assert turn.total is not None
    assert turn.total > THINKS + 0.3


def test_a_reply_that_is_interrupted_is_told_as_such(in_time: Run) -> None:
    noted = Noted()

    async def scene() -> None:
        async with watched(desk(), noted) as caller:
            await caller.say(question().audio)
            await caller.interrupt(question().audio, after=0.5)
            await caller.listen(timeout=10)

    in_time(scene)
    (call,) = noted.calls
    assert [turn.is_cut for turn in call.turns] == [True, False]
    assert call.interruptions == 1
    assert call.turns[0].played < call.turns[0].generated


def test_an_app_that_fails_is_told_by_how_the_call_ended(in_time: Run) -> None:
    noted = Noted()

    async def broken(call: Call) -> None:
        raise LookupError("nobody told it what to do")

    async def scene() -> None:
        async with watched(broken, noted) as caller:
            await caller.wait_closed()

    in_time(scene)
    (call,) = noted.calls
    assert call.end == "failed"
    assert not call.turns


def test_it_sees_no_number_and_no_word(in_time: Run) -> None:
    noted = Noted()

    in_time(lambda: asked_once(desk(), noted))

    assert CALLER not in repr(noted.calls)
    assert "kitchen" not in repr(noted.calls)
