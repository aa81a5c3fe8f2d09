"""Every way in which a call can end, and a second pipeline after the first."""

from __future__ import annotations

import json
from typing import Any

import pytest
from anyio import Event, create_task_group, current_time, sleep

from voxpipe.pipeline import (
    AudioFrame,
    Input,
    Output,
    Pipeline,
    Processor,
    Turn,
)
from voxpipe.pipeline.testing import Probe, no_leaks, run_virtual
from voxpipe.transports.telephony.twilio import TwilioCall

from .carrier import (
    CONNECTED,
    STOP,
    Agent,
    Carrier,
    Evening,
    digit,
    nearly,
    reply,
    said,
    speech,
    start,
)

# --- ends


async def chatter(call: TwilioCall, carrier: Carrier) -> None:
    """The caller is never silent."""
    for n in range(10_000):
        carrier.post(speech(n))
        await sleep(0.02)


def test_after_hanging_up_the_last_word_is_heard_and_the_caller_is_not() -> None:
    turn = Turn()

    async def goodbye(call: TwilioCall, carrier: Carrier) -> None:
        async with create_task_group() as tasks:
            tasks.start_soon(chatter, call, carrier)
            await sleep(1.01)
            call.hang_up()
            call.hang_up()
            await sleep(0.001)
            assert not call.heard.connected
            assert not call.pressed.connected
            carrier.post(digit("1"))
            tasks.cancel_scope.cancel()

    evening = Evening(Agent(said(turn, 3.0)), goodbye, Carrier(latency=0.1))
    assert evening.heard.data == b"".join(bytes([n]) * 160 for n in range(51))
    assert evening.pressed.frames == []
    assert (turn.state, turn.basis) == ("played", "measured")  # marks were still read
    assert evening.lasted == nearly(3.1)
    assert evening.call.ended == "agent"
    assert evening.carrier.closed == [1000]


class Deaf(Probe):
    """Reads nothing for a while."""

    async def run(self) -> None:
        await sleep(2.0)
        await super().run()


def test_hanging_up_works_while_nobody_takes_what_the_caller_says() -> None:
    async def conversation() -> tuple[TwilioCall, Probe]:
        carrier, deaf, agent = Carrier(), Deaf(), Agent(said(Turn(), 3.0))
        carrier.post(CONNECTED, start())
        async with (
            TwilioCall.accept(carrier) as call,
            create_task_group() as tasks,
        ):
            tasks.start_soon(chatter, call, carrier)
            tasks.start_soon(hang_up_at, call, 1.0)
            await Pipeline(agent.output >> call.speaks, call.heard >> deaf.input).run()
            tasks.cancel_scope.cancel()
        return call, deaf

    async def hang_up_at(call: TwilioCall, seconds: float) -> None:
        await sleep(seconds)
        call.hang_up()

    call, deaf = run_virtual(conversation)
    assert call.ended == "agent"
    assert deaf.data[:1_600] == b"".join(bytes([n]) * 160 for n in range(10))
    assert len(deaf.data) <= 0.24 * 8_000


def test_a_caller_who_hangs_up_is_not_spoken_to_any_more() -> None:
    turn = Turn()

    async def leave(call: TwilioCall, carrier: Carrier) -> None:
        carrier.post(speech(1))
        await sleep(1.0)
        carrier.post(STOP)

    evening = Evening(Agent(said(turn, 60.0)), leave)
    assert evening.lasted == nearly(1.0)
    assert evening.call.ended == "caller"
    assert (turn.state, turn.played) == ("cut", nearly(1.0))
    assert evening.at("clear") == []  # nobody is there to forget anything
    assert evening.heard.data == bytes([1]) * 160


def test_a_connection_that_ends_without_a_word_was_lost() -> None:
    async def fall(call: TwilioCall, carrier: Carrier) -> None:
        await sleep(1.0)
        carrier.leave()

    evening = Evening(Agent(said(Turn(), 60.0)), fall)
    assert (evening.lasted, evening.call.ended) == (nearly(1.0), "lost")


def test_a_connection_that_takes_nothing_any_more_was_lost() -> None:
    turn = Turn()

    async def fall(call: TwilioCall, carrier: Carrier) -> None:
        await sleep(1.0)
        carrier.is_broken = True

    evening = Evening(Agent(said(turn, 60.0)), fall)
    assert evening.call.ended == "lost"
    assert evening.lasted == nearly(1.05 + 1.0)  # the next delta, and a last word
    assert turn.is_cut
    assert evening.call.sending_since is None


def test_a_farewell_is_read_that_came_before_the_connection_broke() -> None:
    async def fall(call: TwilioCall, carrier: Carrier) -> None:
        await sleep(1.0)
        carrier.is_broken = True
        await sleep(0.5)
        carrier.post(STOP)

    evening = Evening(Agent(said(Turn(), 60.0)), fall)
    assert (evening.lasted, evening.call.ended) == (nearly(1.5), "caller")


def test_a_carrier_that_reads_nothing_holds_up_a_bounded_amount() -> None:
    agent = Agent(said(Turn(), 120.0))
    seen: list[Any] = []

    async def stall(call: TwilioCall, carrier: Carrier) -> None:
        await sleep(1.0)
        carrier.stuck = Event()
        carrier.post(speech(0))
        await sleep(60.0)
        seen.append(call.speaks.queue.seconds)
        seen.append(len(carrier.events("media")))
        assert call.sending_since is not None
        seen.append(current_time() - call.sending_since)
        carrier.post(speech(1))
        await sleep(1.0)
        carrier.post(STOP)

    evening = Evening(agent, stall)
    assert seen[0] <= 0.25
    assert seen[1] == 5
    assert seen[2] == nearly(61.0 - 1.05)
    assert evening.lasted == nearly(62.0)
    assert evening.call.ended == "caller"
    assert len(evening.heard.frames) == 2  # the caller was heard all the time
    assert evening.call.sending_since is None


async def test_a_call_leaves_nothing_behind_on_either_loop() -> None:
    turn = Turn()
    async with no_leaks():
        carrier, probe = Carrier(), Probe()
        carrier.post(CONNECTED, start(), *(speech(n) for n in range(10)))
        async with (
            create_task_group() as tasks,
            TwilioCall.accept(carrier) as call,
        ):
            carrier.answering(tasks)
            await Pipeline(
                Agent(said(turn, 0.3, 0.02)).output >> call.speaks,
                call.heard >> probe.input,
            ).run(deadline=60)
    assert call.ended == "agent"
    assert (turn.state, turn.basis) == ("played", "measured")
    assert probe.data == b"".join(bytes([n]) * 160 for n in range(10))
    assert carrier.closed == [1000]


async def test_a_caller_may_be_gone_before_the_pipeline_runs_on_either_loop() -> None:
    turn = Turn()
    async with no_leaks():
        carrier = Carrier()
        carrier.post(CONNECTED, start(), STOP)
        async with TwilioCall.accept(carrier) as call:
            await Pipeline(Agent(said(turn, 60.0)).output >> call.speaks).run()
            assert call.ended == "caller"
            # And stays so: who is gone cannot be spoken to.
            later = Turn()
            await Pipeline(Agent(said(later, 60.0)).output >> call.speaks).run()
    assert turn.is_cut
    assert later.state == "waiting"
    assert call.ended == "caller"


async def test_a_connection_that_breaks_ends_the_call_on_either_loop() -> None:
    turn = Turn()
    async with no_leaks():
        carrier = Carrier()
        carrier.post(CONNECTED, start())
        async with TwilioCall.accept(carrier) as call:
            carrier.is_broken = True
            carrier.leave()
            await Pipeline(Agent(said(turn, 60.0)).output >> call.speaks).run()
    assert call.ended == "lost"
    assert turn.is_over


# --- a second pipeline


class Failing(Agent):
    async def run(self) -> None:
        await super().run()
        raise ConnectionError("the model is gone")


def test_after_its_pipeline_has_failed_a_call_can_be_apologised_to() -> None:
    lost, apology = Turn("lost"), Turn("apology")
    carrier = Carrier()

    async def conversation() -> TwilioCall:
        carrier.post(CONNECTED, start())
        async with create_task_group() as tasks, TwilioCall.accept(carrier) as call:
            carrier.answering(tasks)
            call.press("1")
            with pytest.raises(ConnectionError):
                await Pipeline(
                    Failing(said(lost, 1.5), stays=0.1).output >> call.speaks
                ).run()
            assert call.ended == ""
            assert lost.is_cut
            call.hang_up()
            await Pipeline(Agent(said(apology, 1.0)).output >> call.speaks).run()
        return call

    call = run_virtual(conversation)
    assert call.ended == "agent"
    assert (apology.state, apology.played) == ("played", nearly(1.0))
    assert apology.basis == "measured"
    kinds = [value["event"] for value in (json.loads(text) for text in carrier.texts)]
    cleared = kinds.index("clear")
    assert kinds.count("clear") == 1  # what the first had left on the way
    apologised = [json.loads(text) for text in carrier.texts[cleared:]]
    spoken = [each["media"]["payload"] for each in apologised if "media" in each]
    assert spoken == [frame.base64 for frame in reply(apology, 1.0)]
    assert call.replies == 2
    assert carrier.sounded.endswith(b"".join(f.data for f in reply(apology, 1.0)))


@pytest.mark.parametrize("moment", [0.0, 0.01, 0.2, 0.25, 0.5, 1.0, 2.9, 3.05])
def test_a_pipeline_may_be_cut_off_at_any_moment_and_followed_by_another(
    moment: float,
) -> None:
    first, second, carrier = Turn(), Turn(), Carrier(latency=0.1)

    async def conversation() -> TwilioCall:
        carrier.post(CONNECTED, start())
        async with (
            no_leaks(),
            TwilioCall.accept(carrier) as call,
            create_task_group() as tasks,
        ):
            carrier.answering(tasks)
            tasks.start_soon(chatter, call, carrier)
            pipeline = Pipeline(Agent(said(first, 3.0)).output >> call.speaks)
            assert await pipeline.run(deadline=moment) == "deadline"
            assert call.ended == ""
            probe = Probe()
            await Pipeline(
                Agent(said(second, 1.0)).output >> call.speaks,
                call.heard >> probe.input,
            ).run()
            assert probe.data
            tasks.cancel_scope.cancel()
        return call

    call = run_virtual(conversation)
    assert call.ended == "agent"
    assert (second.state, second.played) == ("played", nearly(1.0))
    assert carrier.sounded.endswith(b"".join(f.data for f in reply(second, 1.0)))


class Polite(Processor):
    """Says goodbye when it hears no more of the caller."""

    hears = Input[AudioFrame]()
    says = Output[Any]()

    def __init__(self) -> None:
        self.turn = Turn()

    async def run(self) -> None:
        async for _ in self.hears:
            pass
        for frame in said(self.turn, 1.0):
            await self.says.send(frame)


def test_a_call_that_was_hung_up_before_it_ran_is_only_spoken_to() -> None:
    async def conversation() -> tuple[TwilioCall, Polite]:
        carrier, agent = Carrier(), Polite()
        carrier.post(CONNECTED, start())
        async with TwilioCall.accept(carrier) as call:
            call.hang_up()
            pipeline = Pipeline(call.heard >> agent.hears, agent.says >> call.speaks)
            assert await pipeline.run(deadline=5) == "finished"
        return call, agent

    call, agent = run_virtual(conversation)
    assert call.ended == "agent"
    assert agent.turn.state == "played"


def test_a_call_that_has_come_to_its_end_can_go_on() -> None:
    turn = Turn()

    async def conversation() -> Probe:
        carrier, probe = Carrier(), Probe()
        carrier.post(CONNECTED, start())
        async with TwilioCall.accept(carrier) as call, create_task_group() as tasks:
            carrier.answering(tasks)
            await Pipeline(Agent(said(Turn(), 0.5)).output >> call.speaks).run()
            assert call.ended == "agent"
            carrier.post(speech(1))
            await Pipeline(
                Agent(said(turn, 0.5)).output >> call.speaks, call.heard >> probe.input
            ).run()
            assert (call.ended, call.replies) == ("agent", 2)
        return probe

    assert run_virtual(conversation).data == bytes([1]) * 160
    assert (turn.state, turn.basis) == ("played", "measured")


def test_keys_that_a_failed_pipeline_has_not_sent_are_not_pressed_later() -> None:
    carrier = Carrier()

    async def conversation() -> None:
        carrier.post(CONNECTED, start())
        async with TwilioCall.accept(carrier) as call:
            call.press("12345")
            with pytest.raises(ConnectionError):
                await Pipeline(Failing([], stays=0.1).output >> call.speaks).run()
            carrier.sent.clear()
            await Pipeline(Agent(said(Turn(), 1.0)).output >> call.speaks).run()

    run_virtual(conversation)
    assert len(carrier.audio) == 8_000


def test_a_caller_who_hung_up_meanwhile_is_not_apologised_to() -> None:
    apology, carrier = Turn(), Carrier()

    async def conversation() -> TwilioCall:
        carrier.post(CONNECTED, start())
        async with TwilioCall.accept(carrier) as call:
            with pytest.raises(ConnectionError):
                await Pipeline(Failing([]).output >> call.speaks).run()
            carrier.post(STOP)
            await Pipeline(Agent(said(apology, 60.0)).output >> call.speaks).run()
        return call

    assert run_virtual(conversation).ended == "caller"
    assert apology.is_over or apology.state == "waiting"
    assert len(carrier.events("media")) <= 1
