"""The switchboard: calls that end well, end badly, and are too many."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any, Literal

import pytest
from anyio import create_task_group, current_time, fail_after, sleep, sleep_forever

from voxpipe.pipeline import AudioFrame, Output, Pipeline, Processor, Turn, Usage
from voxpipe.pipeline.runtime.exits import ctrl_c_handled
from voxpipe.pipeline.testing import Probe, Source, no_leaks
from voxpipe.processors.realtime import Realtime, open_session
from voxpipe.processors.realtime.hosted_mcp import Approvals, HostedMcp, McpApproval
from voxpipe.simulator import (
    CallTool,
    Line,
    McpTool,
    McpTools,
    Script,
    ToneVoice,
    simulated,
)
from voxpipe.transports.telephony import Call, CallNotTaken, Switchboard
from voxpipe.transports.telephony.testing import Leg, memory_lines

from ...processors.realtime.loops import BACKENDS, Steps, VirtualLoop, run_virtually
from .calling import Run, Told, called, serve, state_of
from .testing.agents import ULAW, greeter, parrot, speech

# --- ends that one wishes for


def test_a_call_is_answered_and_told_of_in_one_line(in_time: Run, told: Told) -> None:
    async def scene() -> None:
        board = Switchboard(greeter)
        async with no_leaks():
            async with called(board) as caller:
                assert board.calls == 0
                assert (await caller.listen()).duration == pytest.approx(2.0)
                assert board.calls == 1
                await caller.say(speech(1))
                await caller.listen()
            assert board.calls == 0

    in_time(scene)
    assert told() == [("caller", "5.5", "2", "unknown")]


def test_an_agent_may_hang_up_or_just_return(in_time: Run, told: Told) -> None:
    async def polite(call: Call) -> None:
        call.hang_up()
        await greeter(call)

    async def rude(call: Call) -> None:
        pass

    async def scene() -> None:
        for app in (polite, rude):
            async with called(Switchboard(app)) as caller:
                await caller.wait_closed()
            assert (caller.ended, caller.close_code) == ("agent", 1000)

    in_time(scene)
    assert told() == [
        ("agent", "2.0", "1", "unknown"),
        ("agent", "0.0", "0", "unknown"),
    ]


def test_a_connection_that_breaks_is_lost(in_time: Run, told: Told) -> None:
    async def scene() -> None:
        async with called(Switchboard(parrot)) as caller:
            await sleep(3)
            caller.drop()

    in_time(scene)
    assert told() == [("lost", "3.0", "0", "unknown")]


def test_the_line_tells_what_the_call_has_cost(in_time: Run, told: Told) -> None:
    async def app(call: Call) -> None:
        usage = [
            Usage(kind="reply", cost_usd=0.01),
            Usage(kind="reply", cost_usd=0.0023),
        ]
        await Pipeline(
            call.heard >> Probe().input,
            Source(usage).output >> call.charges,
            Source([]).output >> call.speaks,
        ).run()

    async def scene() -> None:
        async with called(Switchboard(app)):
            await sleep(1)

    in_time(scene)
    assert [cost for *_, cost in told()] == ["0.0123"]


def test_the_line_tells_what_has_failed(
    in_time: Run, caplog: pytest.LogCaptureFixture
) -> None:
    class Clumsy(Processor):
        output = Output[AudioFrame]()

        async def run(self) -> None:
            self.report("expected audio, got none")

    async def app(call: Call) -> None:
        await Pipeline(
            call.heard >> Probe().input, Clumsy().output >> call.speaks
        ).run()

    async def scene() -> None:
        async with called(Switchboard(app)):
            await sleep(1)

    caplog.set_level(logging.INFO)
    in_time(scene)
    warning, line = (each.getMessage() for each in caplog.records)
    assert line.endswith(" cost_usd=unknown faults=1")
    assert warning.startswith(line.split()[0] + " clumsy: expected audio, got none")


# --- ends that nobody wishes for


@pytest.mark.parametrize("where", ["app", "box"])
def test_an_app_that_would_end_the_process_ends_its_own_call_only(
    in_time: Run, told: Told, where: str
) -> None:
    class Quitter(Processor):
        output = Output[AudioFrame]()

        async def run(self) -> None:
            sys.exit("a library with a command line")

    async def app(call: Call) -> None:
        if where == "app":
            sys.exit(2)
        await Pipeline(
            call.heard >> Probe().input, Quitter().output >> call.speaks
        ).run()

    async def scene() -> None:
        async with called(Switchboard(app, apology=None)) as caller:
            await caller.wait_closed()

    in_time(scene)
    ((end, *_),) = told()
    assert end == "failed"


def test_where_ctrl_c_is_handled_an_app_that_raises_it_ends_its_own_call_only(
    in_time: Run, told: Told
) -> None:
    async def app(call: Call) -> None:
        raise KeyboardInterrupt

    async def scene() -> None:
        with ctrl_c_handled():  # as by `voxpipe serve`
            async with called(Switchboard(app, apology=None)) as caller:
                await caller.wait_closed()

    in_time(scene)
    ((end, *_),) = told()
    assert end == "failed"


def test_a_call_without_a_reply_ends_when_it_is_idle(in_time: Run, told: Told) -> None:
    async def scene() -> None:
        board = Switchboard(greeter, idle_limit=20)
        async with called(board) as caller:
            await caller.wait_closed()
            assert caller.close_code == 1000

    in_time(scene)
    ((end, seconds, *_),) = told()
    assert end == "idle"
    assert 21.5 < float(seconds) < 23.0  # the greeting took two


def test_a_call_ends_on_a_loop_that_anyio_has_not_started(told: Told) -> None:
    async def scene() -> None:
        async with called(Switchboard(greeter, idle_limit=20)) as caller:
            with fail_after(30):
                await caller.wait_closed()

    with asyncio.Runner(loop_factory=lambda: VirtualLoop(Steps())) as runner:
        runner.run(scene())  # as uvicorn and hypercorn do
    assert [end for end, *_ in told()] == ["idle"]


def test_a_call_with_replies_is_not_idle(in_time: Run, told: Told) -> None:
    async def scene() -> None:
        board = Switchboard(parrot, idle_limit=20)
        async with called(board) as caller:
            for _ in range(6):
                await sleep(15)
                await caller.say(speech(1))
                await caller.listen()

    in_time(scene)
    assert [end for end, *_ in told()] == ["caller"]


@pytest.mark.parametrize(
    "added", ["at_first", pytest.param("later", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("approval", ["never", "always"])
def test_a_call_is_not_idle_while_the_service_calls_a_tool_or_a_person_decides(
    in_time: Run,
    told: Told,
    caplog: pytest.LogCaptureFixture,
    approval: Literal["never", "always"],
    added: str,
) -> None:
    caplog.set_level(logging.WARNING, "voxpipe.simulator")
    caplog.set_level(logging.INFO, "voxpipe.calls")
    refund = McpTool(name="refund", gives="40", wait_ms=60_000)
    script = Script(
        replies=[Line(calls=[CallTool(name="refund")]), Line(say="Done {result}.")],
        mcp=[McpTools(label="shop", tools=[refund])],
    )
    shop = HostedMcp(
        label="shop", url="https://shop.example/mcp", require_approval=approval
    )

    async def colleague(_: McpApproval) -> bool:
        await sleep(60)
        return True

    async def app(call: Call) -> None:
        async with open_session(
            audio=call.format,
            mcp=[shop] if added == "at_first" else [],
            connect=simulated(script, ToneVoice()),
        ) as session:
            model, decide = Realtime(session), Approvals(colleague)
            pipeline = Pipeline(
                call.heard >> model.hears,
                model.says >> call.speaks,
                model.mcp >> decide.requests,
                decide.decisions >> model.results,
            )
            async with create_task_group() as tasks:
                tasks.start_soon(pipeline.run)
                if added == "later":
                    model.update(mcp=[shop])
                await sleep(1)  # for what the server can do to be listed
                model.send_text("I want my money back.")

    async def scene() -> None:
        async with called(Switchboard(app, idle_limit=30)):
            await sleep(125 if approval == "always" else 65)

    in_time(scene)
    assert [(end, replies) for end, _, replies, _ in told()] == [("caller", "1")]


def test_an_app_that_never_comes_to_its_pipeline_is_idle(
    in_time: Run, told: Told
) -> None:
    async def app(call: Call) -> None:
        await sleep_forever()

    async def scene() -> None:
        async with called(Switchboard(app)) as caller:
            await caller.wait_closed()

    in_time(scene)
    ((end, seconds, *_),) = told()
    assert end == "idle"
    assert 300 < float(seconds) < 302


def test_an_app_may_take_its_time_before_and_after_its_pipeline(
    in_time: Run, told: Told
) -> None:
    async def app(call: Call) -> None:
        await sleep(100)
        await parrot(call)
        await sleep(100)

    async def scene() -> None:
        async with called(Switchboard(app), capacity=8) as caller:
            await sleep(101)
            await caller.say(speech(1))
            await caller.listen()

    in_time(scene)
    ((end, seconds, *_),) = told()
    assert end == "caller"
    assert float(seconds) > 200


def test_a_carrier_that_sends_nothing_for_30_s_is_silent(
    in_time: Run, told: Told
) -> None:
    async def scene() -> None:
        ours, theirs = memory_lines()
        leg = Leg(current_time())
        async with create_task_group() as tasks:
            tasks.start_soon(serve, Switchboard(parrot), theirs)
            for message in leg.opening():
                await ours.send(message)
            for _ in range(100):
                await sleep(0.02)
                for message in leg.tick(current_time()):
                    await ours.send(message)
        assert ours.close_code == 1000
        await ours.close()

    in_time(scene)
    ((end, seconds, *_),) = told()
    assert end == "silent"
    assert 32.0 < float(seconds) < 33.1


def test_a_carrier_that_does_not_read_is_stuck_and_others_go_on(
    in_time: Run, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    async def talker(call: Call) -> None:
        turn = Turn()
        data = bytes([0x10]) * 1_600
        said = (
            AudioFrame(data=data, format=ULAW, start=index / 5, turn=turn)
            for index in range(600)
        )
        source = Source(said)
        source.output.format = ULAW
        await Pipeline(call.heard >> Probe().input, source.output >> call.speaks).run()

    async def app(call: Call) -> None:
        await (talker if call.id in deafs else parrot)(call)

    async def scene() -> None:
        async with called(board) as deaf, called(board) as other:
            deafs.append(deaf.sid)
            deaf.stop_reading(60)
            for _ in range(8):
                await other.say(speech(1))
                await other.listen()
            assert other.measured.underruns == 0
            assert (
                list(other.measured.reply_after) == [pytest.approx(0.5, abs=0.03)] * 8
            )
            assert board.calls == 1
            assert deaf.measured.messages <= 64

    board = Switchboard(app)
    deafs = list[str]()
    in_time(scene)
    (end, seconds, *_), (other, *_) = told()
    assert (end, other) == ("stuck", "caller")
    assert float(seconds) < 20  # 64 messages were taken for it, in six seconds
    (line,) = [each for each in caplog.records if each.levelname == "WARNING"]
    assert "the carrier has read nothing for 10 s" in line.getMessage()


# --- how many


def test_no_more_calls_are_taken_than_may_be(in_time: Run) -> None:
    async def scene() -> None:
        board = Switchboard(parrot, limit=2)
        assert state_of(board) == "ready"
        async with called(board) as one:
            await one.say(speech(0.1))
            board.admit()
            assert board.promise("CA1")
            assert state_of(board) == "full"
            with pytest.raises(CallNotTaken, match="full"):
                board.admit()
            with pytest.raises(CallNotTaken, match="full"):
                board.promise("CA2")
            await sleep(2.99)
            assert board.promise("CA1")  # which has a place, and keeps it no longer
            assert state_of(board) == "full"
            await sleep(0.01)
            assert state_of(board) == "ready"  # it did not come

    in_time(scene)


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"idle_limit": 0.0}])
def test_a_switchboard_takes_some_calls_for_some_time(wrong: Any) -> None:
    with pytest.raises(ValueError, match="limit"):
        Switchboard(parrot, **wrong)


def test_many_calls_in_turn_leave_nothing_behind(in_time: Run, told: Told) -> None:
    async def brief(call: Call) -> None:
        call.hang_up()
        await parrot(call)

    async def scene() -> None:
        board = Switchboard(brief)
        async with no_leaks():
            for _ in range(100):
                async with called(board) as caller:
                    await caller.wait_closed()
        assert state_of(board) == "ready"

    in_time(scene)
    assert len(told()) == 100


def test_one_switchboard_can_serve_several_loops_in_turn(told: Told) -> None:
    async def scene() -> None:
        async with called(board) as caller:
            await caller.wait_closed()

    board = Switchboard(parrot, idle_limit=5)
    for backend in BACKENDS * 2:
        run_virtually(backend, scene)
    assert [end for end, *_ in told()] == ["idle"] * 4
