"""A caller in memory and an app, over the wire that `TwilioCall` speaks."""

from __future__ import annotations

import pytest
from anyio import (
    create_task_group,
    current_time,
    move_on_after,
    sleep,
    sleep_forever,
)

from voxpipe.pipeline import Input, Pipeline, Processor, TransportError
from voxpipe.pipeline.frames import Dtmf
from voxpipe.pipeline.testing import no_leaks
from voxpipe.transports.telephony import Call
from voxpipe.transports.telephony.testing import BadLine, answered

from ....processors.realtime.loops import (
    BACKENDS,
    Backend,
    run_virtually,
)
from .agents import HUM, Parrot, greeter, parrot, speech, talk

virtual = pytest.mark.parametrize("backend", BACKENDS)


@virtual
def test_an_agent_is_called_answers_and_is_interrupted(backend: Backend) -> None:
    async def scene() -> None:
        async with no_leaks(), answered(greeter) as caller:
            assert (await caller.listen()).duration == pytest.approx(2.0)
            await caller.say(speech(3))
            cut = await caller.interrupt(speech(1), after=1.5)
            assert cut.duration == pytest.approx(1.5, abs=0.04)
            assert (await caller.listen()).duration == pytest.approx(1.0)
        measured = caller.measured
        assert (measured.utterances, measured.interruptions) == (2, 1)
        assert list(measured.reply_after) == [pytest.approx(0.5, abs=0.021)] * 2
        assert list(measured.clear_after) == [pytest.approx(0.0, abs=0.021)]
        assert (measured.stale, measured.underruns, measured.skipped) == (0, 0, 0)
        assert measured.violation_count == 0
        assert measured.marks == measured.marks_returned > 10
        assert measured.lead < 0.61  # a delta of 0.2 s may come 0.2 s ahead
        assert caller.ended == "caller"

    run_virtually(backend, scene)


@virtual
def test_the_app_knows_who_calls_and_what_was_passed_on(backend: Backend) -> None:
    async def scene() -> None:
        async def app(call: Call) -> None:
            assert (call.caller, call.called) == ("+1", "+2")
            assert call.parameters == {"table": "7"}
            await parrot(call)

        async with answered(
            app, caller="+1", called="+2", parameters={"table": "7"}
        ) as caller:
            await caller.say(speech(0.1))
            await caller.listen()

    run_virtually(backend, scene)


@virtual
def test_keys_arrive_in_order(backend: Backend) -> None:
    class Keys(Processor):
        pressed = Input[Dtmf]()

        def __init__(self) -> None:
            self.keys = ""

        async def run(self) -> None:
            async for key in self.pressed:
                self.keys += key.digit

    async def scene() -> None:
        keys = Keys()

        async def app(call: Call) -> None:
            agent = Parrot()
            await Pipeline(
                call.heard >> agent.hears,
                agent.says >> call.speaks,
                call.pressed >> keys.pressed,
            ).run()

        async with answered(app) as caller:
            caller.press("42#")
            await sleep(0.1)
        assert keys.keys == "42#"

    run_virtually(backend, scene)


@virtual
def test_an_agent_that_hangs_up_is_heard_to_its_last_sample(backend: Backend) -> None:
    async def scene() -> None:
        async def app(call: Call) -> None:
            call.hang_up()
            await greeter(call)

        async with answered(app) as caller:
            heard = await caller.listen()
            await caller.wait_closed()
        assert heard.duration == pytest.approx(2.0)
        assert caller.ended == "agent"
        assert caller.measured.unheard == pytest.approx(0.0, abs=0.001)

    run_virtually(backend, scene)


@virtual
def test_a_call_without_any_marks_is_the_same_to_the_caller(backend: Backend) -> None:
    async def scene() -> None:
        async with answered(greeter, line=BadLine(lose_marks=1.0)) as caller:
            await caller.listen()
            await caller.say(speech(1))
            assert (await caller.listen()).duration == pytest.approx(1.0)
        assert caller.measured.marks > caller.measured.marks_returned == 0
        assert caller.measured.underruns == 0

    run_virtually(backend, scene)


@virtual
def test_what_the_app_raises_is_raised_at_the_end_of_the_block(
    backend: Backend,
) -> None:
    async def scene() -> None:
        async def app(call: Call) -> None:
            await sleep(1)
            raise TransportError("the model is away")

        async with no_leaks():
            with pytest.raises(TransportError, match="the model is away"):
                async with answered(app) as caller:
                    await caller.wait_closed()

    run_virtually(backend, scene)


@virtual
def test_the_fault_is_the_apps_also_when_the_block_falls_over_it(
    backend: Backend,
) -> None:
    async def scene() -> None:
        async def app(call: Call) -> None:
            raise TransportError("the model is away")

        with pytest.raises(TransportError, match="the model is away"):
            async with answered(app) as caller:
                await caller.listen()

    run_virtually(backend, scene)


@virtual
def test_an_app_that_does_not_return_is_an_error(backend: Backend) -> None:
    async def scene() -> None:
        async def app(call: Call) -> None:
            await sleep_forever()

        begun = current_time()
        with pytest.raises(TimeoutError, match="30 s after the caller was gone"):
            async with answered(app) as caller:
                await caller.say(speech(1))
        assert 30 < current_time() - begun < 35

    run_virtually(backend, scene)


@virtual
def test_a_call_can_be_cancelled_with_its_app(backend: Backend) -> None:
    async def scene() -> None:
        async with no_leaks():
            with move_on_after(3):
                async with answered(greeter) as caller:
                    while True:
                        await caller.say(speech(1))
        assert current_time() < 4

    run_virtually(backend, scene)


@virtual
def test_an_app_may_see_its_caller_vanish(backend: Backend) -> None:
    async def scene() -> None:
        ends: list[str] = []

        async def app(call: Call) -> None:
            await greeter(call)
            ends.append(call.ended)

        async with no_leaks(), answered(app) as caller:
            await sleep(1)
            caller.drop()
        assert ends == ["lost"]

    run_virtually(backend, scene)


@virtual
def test_a_call_that_nobody_ends_is_not_waited_for_for_ever(backend: Backend) -> None:
    async def scene() -> None:
        async with answered(greeter) as caller:
            await sleep(100)
            await caller.say(speech(1))
            await caller.listen()
            began = current_time()
            with pytest.raises(TimeoutError, match=r"60 s: have the agent end it with"):
                await caller.wait_closed()
            assert current_time() - began == pytest.approx(60, abs=1)
        assert caller.ended == "caller"

    run_virtually(backend, scene)


@virtual
def test_a_call_in_which_somebody_speaks_is_waited_for(backend: Backend) -> None:
    async def talkative(call: Call) -> None:
        async def end() -> None:
            await sleep(50)
            call.hang_up()

        async with create_task_group() as tasks:
            tasks.start_soon(end)
            await talk(call, Parrot(HUM * 10))  # for 20 s

    async def scene() -> None:
        async with answered(talkative, patience=31) as caller:
            await caller.wait_closed()
        assert caller.ended == "agent"

    run_virtually(backend, scene)
