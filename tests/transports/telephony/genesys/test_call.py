"""A call by Genesys, as its pipeline sees it."""

from __future__ import annotations

from typing import Any

import pytest
from anyio import Event, create_task_group, move_on_after, sleep

from voxpipe.pipeline import AudioFormat, AudioFrame, Pipeline, TransportError, Turn
from voxpipe.pipeline.testing import Probe, run_virtual
from voxpipe.transports.telephony import Switchboard
from voxpipe.transports.telephony.call import Call
from voxpipe.transports.telephony.genesys import GenesysCall

from ..carrier.wire import Talk, said
from .hook import CONVERSATION, ORGANIZATION, SESSION, Hook, opening

ULAW = AudioFormat("ulaw", 8_000)


def talk(says: list[Any], story: Any = None) -> tuple[Talk, Hook]:
    hook = Hook()
    return Talk(GenesysCall, [opening()], says, story, hook), hook


def closing(hook: Hook) -> None:
    """Genesys closes when it is told to disconnect."""

    def obey(message: str | bytes) -> None:
        if isinstance(message, str) and '"disconnect"' in message:
            hook.tell("close", reason="disconnect")

    hook.obeys = obey


def test_a_call_opens_speaks_and_parts_in_the_order_of_the_protocol() -> None:
    hook, turn = Hook(), Turn()
    closing(hook)
    says = said(turn, 1.05, ULAW)
    call = Talk(GenesysCall, [opening()], says, None, hook)
    assert hook.kinds() == ["opened", "disconnect", "closed"]
    assert b"".join(data for _, data in hook.audio) == b"".join(
        each.data for each in says[:-1]
    )
    assert call.lasted == pytest.approx(1.05)
    assert (call.call.ended, turn.state) == ("agent", "played")
    assert (call.call.id, call.call.caller) == (CONVERSATION, "+15550100")
    assert isinstance(call.call, GenesysCall)
    assert (call.call.session, call.call.organization) == (SESSION, ORGANIZATION)


def test_genesys_that_does_not_close_is_left_after_a_second() -> None:
    call, hook = talk(said(Turn(), 1.0, ULAW))
    assert hook.kinds() == ["opened", "disconnect"]
    assert call.lasted == pytest.approx(2.0)
    assert call.call.ended == "agent"


def test_a_caller_who_hangs_up_is_told_that_it_was_understood() -> None:
    async def leave(call: Any, hook: Hook) -> None:
        await sleep(1.0)
        hook.tell("close", reason="end")

    call, hook = talk([60.0], leave)
    assert hook.kinds() == ["opened", "closed"]
    assert call.call.ended == "caller"


def test_pings_are_answered_while_speech_is_sent() -> None:
    async def ping(call: Any, hook: Hook) -> None:
        for _ in range(5):
            hook.tell("ping", rtt="PT0.1S")
            await sleep(0.3)

    _, hook = talk(said(Turn(), 2.0, ULAW), ping)
    assert hook.kinds() == ["opened", *["pong"] * 5, "disconnect"]


def test_frames_of_20_ms_leave_in_messages_of_which_genesys_takes_as_many() -> None:
    _, hook = talk([*said(Turn(), 4.0, ULAW, 0.02), 1.0])
    sizes = [len(data) for _, data in hook.audio]
    assert sizes == [1_600] * 20


def test_a_genesys_that_reads_nothing_gets_its_numbers_in_order_afterwards() -> None:
    turn = Turn()

    async def stick(call: Any, hook: Hook) -> None:
        await sleep(0.9)
        hook.stuck = Event()
        for _ in range(3):
            hook.tell("ping")
            await sleep(0.1)
        turn.cut()
        hook.tell("ping")
        await sleep(1.0)
        hook.stuck.set()

    call, hook = talk([*said(turn, 5.0, ULAW), 2.0], stick)
    # `Hook` has looked at their numbers.
    assert sorted(hook.kinds()) == sorted(
        ["opened", *["pong"] * 4, "event", "disconnect"]
    )
    assert call.call.fault_count == 0


def test_who_does_not_wait_to_be_heard_takes_no_number() -> None:
    async def give_up(call: GenesysCall, hook: Hook) -> None:
        await sleep(0.5)
        hook.stuck = Event()
        await sleep(0.5)  # by now speech waits to be sent
        with move_on_after(1.0):
            await call.pause()
        hook.tell("ping")
        hook.stuck.set()

    _, hook = talk([*said(Turn(), 3.0, ULAW), 1.0], give_up)
    # `Hook` has looked at their numbers.
    assert hook.kinds() == ["opened", "pong", "disconnect"]


def test_a_cut_is_a_barge_in_and_nothing_of_it_is_sent_again() -> None:
    turn = Turn()

    async def interrupt(call: Any, hook: Hook) -> None:
        await sleep(1.0)
        turn.cut()

    call, hook = talk([*said(turn, 5.0, ULAW), 2.0], interrupt)
    at, order = hook.orders[1]
    assert order["parameters"]["entities"][0]["type"] == "barge_in"
    assert at - call.began == pytest.approx(1.0)
    assert max(at for at, _ in hook.audio) - call.began < 1.0


@pytest.mark.parametrize("delay", [0.0, 0.3])
def test_that_it_plays_makes_what_was_heard_a_measurement(delay: float) -> None:
    turn = Turn()

    async def play(call: Any, hook: Hook) -> None:
        await sleep(delay)
        hook.tell("playback_started")
        await sleep(1.0)
        turn.cut()

    talk([*said(turn, 5.0, ULAW), 2.0], play)
    assert turn.played == pytest.approx(1.0)
    assert turn.basis == "measured"


def test_that_all_was_played_confirms_no_more_than_it_can_mean() -> None:
    turn = Turn()

    async def play(call: Any, hook: Hook) -> None:
        await sleep(0.5)
        hook.tell("playback_completed")  # of what it had when it said so
        await sleep(0.1)
        turn.cut()

    talk([*said(turn, 5.0, ULAW), 1.0], play)
    assert turn.played == pytest.approx(0.6)
    assert turn.basis == "estimated"


def test_while_paused_nothing_is_sent_and_then_all_that_was_to_be_said() -> None:
    turn = Turn()

    async def pause(call: GenesysCall, hook: Hook) -> None:
        await sleep(1.0)
        hook.tell("paused")
        await sleep(40.0)
        assert call.paused
        hook.tell("resumed", start="PT1S", discarded="PT40S")

    says = said(turn, 3.0, ULAW)
    call, hook = talk([*says, 1.0], pause)
    times = [at - call.began for at, _ in hook.audio]
    assert not [at for at in times if 1.0 < at < 41.0]
    assert max(times) > 41.0
    whole = b"".join(each.data for each in says[:-1])
    assert b"".join(data for _, data in hook.audio) == whole
    assert turn.state == "played"
    assert not call.call.paused


@pytest.mark.parametrize(("says", "end"), [("paused", "agent"), ("weather", "silent")])
def test_a_call_that_is_paused_is_silent_for_a_reason(says: str, end: str) -> None:
    async def listen(call: Call) -> None:
        async def leave() -> None:
            await sleep(50.0)
            call.hang_up()

        async with create_task_group() as tasks:
            tasks.start_soon(leave)
            await Pipeline(call.heard >> Probe().input).run()
            tasks.cancel_scope.cancel()

    async def scene() -> str:
        hook = Hook()
        hook.post(opening())
        hook.tell(says)
        async with GenesysCall.accept(hook) as call:
            return await Switchboard(listen, apology=None).run(call)

    assert run_virtual(scene) == end


def test_what_is_cut_while_paused_is_not_said_when_it_goes_on() -> None:
    turn = Turn()

    async def pause(call: Any, hook: Hook) -> None:
        await sleep(1.0)
        hook.tell("paused")
        await sleep(2.0)
        turn.cut()
        await sleep(2.0)
        hook.tell("resumed", start="PT1S", discarded="PT4S")

    call, hook = talk([*said(turn, 9.0, ULAW), 1.0], pause)
    assert max(at for at, _ in hook.audio) - call.began <= 1.0
    assert turn.played < 1.8  # what it had been sent


def test_a_pause_is_no_gap_and_what_was_discarded_is() -> None:
    async def speak(call: Any, hook: Hook) -> None:
        hook.post(b"a" * 160)
        await sleep(0.02)
        hook.tell("paused", 0.02)
        await sleep(3.0)
        hook.tell("resumed", 0.02, start="PT0.02S", discarded="PT3S")
        hook.post(b"b" * 160)
        await sleep(0.1)
        hook.tell("discarded", 3.04, start="PT3.04S", discarded="PT0.5S")
        hook.post(b"c" * 160)

    call, _ = talk([5.0], speak)
    assert call.heard.data == b"a" * 160 + b"b" * 160 + b"c" * 160
    assert call.reports == ["500 ms of what the caller said are missing"]


def test_errors_and_missing_messages_are_told_and_the_call_goes_on() -> None:
    async def speak(call: Any, hook: Hook) -> None:
        hook.tell("error", code=429, message="too many", retryAfter="PT1S")
        hook.seq += 2
        hook.tell("dtmf", digit="7")

    call, _ = talk([1.0], speak)
    assert call.reports == [
        "expected to be understood, got error 429",
        "expected every message, 2 are missing",
    ]
    assert [each.digit for each in call.pressed.frames] == ["7"]


def held(retry_after: str) -> list[float]:
    """When audio was sent to a Genesys that has complained after a second."""
    says = said(Turn(), 30.0, ULAW)

    async def complain(call: Any, hook: Hook) -> None:
        await sleep(1.0)
        hook.tell("error", code=429, message="", retryAfter=retry_after)

    call, hook = talk([*says, 1.0], complain)
    assert call.call.fault_count == 1
    times = [at - call.began for at, _ in hook.audio]
    whole = b"".join(each.data for each in says[:-1])
    assert b"".join(data for _, data in hook.audio) == whole
    return [at for at in times if at > 1.0]


@pytest.mark.parametrize(("retry_after", "seconds"), [("PT3S", 3.0), ("PT999S", 10.0)])
def test_where_it_asks_to_be_left_alone_it_is_for_as_long_as_a_caller_waits(
    retry_after: str, seconds: float
) -> None:
    times = held(retry_after)
    assert 1.0 + seconds <= times[0] < 1.3 + seconds


def test_the_agent_can_have_the_caller_paused() -> None:
    async def pause(call: GenesysCall, hook: Hook) -> None:
        await call.pause()
        await sleep(1.0)
        await call.resume()

    _, hook = talk([2.0], pause)
    assert hook.kinds() == ["opened", "pause", "resume", "disconnect"]


def test_a_probe_is_answered_and_no_call() -> None:
    hook = Hook()
    hook.post(opening(conversationId="00000000-0000-0000-0000-000000000000"))
    hook.tell("ping")
    hook.tell("close", reason="end")

    async def answer() -> None:
        async with GenesysCall.accept(hook):
            raise AssertionError

    with pytest.raises(TransportError, match="has closed the stream again"):
        run_virtual(answer)
    assert hook.kinds() == ["opened", "pong", "closed"]


def test_speech_that_is_fed_in_trickles_exceeds_no_limit() -> None:
    turn = Turn()
    frames: list[Any] = []
    for n in range(100):
        data = bytes([n]) * 8
        frames += [AudioFrame(data=data, format=ULAW, start=n / 1000, turn=turn), 0.1]
    _, hook = talk(frames)
    times = [at for at, _ in hook.audio]
    for n, first in enumerate(times):
        for m, last in enumerate(times[n:], 1):
            assert m <= (last - first) * 5 + 25
    assert b"".join(data for _, data in hook.audio) == b"".join(
        frame.data for frame in frames if isinstance(frame, AudioFrame)
    )
