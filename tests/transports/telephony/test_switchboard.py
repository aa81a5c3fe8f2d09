"""The switchboard: every way in which a call ends, and none of them harms another."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from anyio import (
    CancelScope,
    create_task_group,
    current_time,
    fail_after,
    sleep,
    sleep_forever,
)

from voxpipe.pipeline import (
    AudioFrame,
    Input,
    Pipeline,
    Processor,
    SessionLost,
    TransportError,
    Turn,
    Usage,
)
from voxpipe.pipeline.testing import Probe, Script, no_leaks
from voxpipe.transports.telephony import Call, Refused, Switchboard
from voxpipe.transports.telephony.apology import SORRY, read_clip
from voxpipe.transports.telephony.testing import Caller, Leg, MemoryLine, memory_lines
from voxpipe.transports.telephony.twilio import TwilioCall
from voxpipe.transports.wav import WavError
from voxpipe.transports.wav_writer import WavWriter

from ...processors.realtime.loops import (  # noqa: TID252  # tests are no package
    BACKENDS,
    Backend,
    run_virtually,
)
from .testing.agents import PCM, ULAW, greeter, parrot, speech

SAID = "my PIN is 4711"
CLIP = read_clip(SORRY)
LINE = re.compile(
    r"call=[0-9a-f]{8} end=(\w+) seconds=(\d+\.\d) turns=(\d+) cost_usd=(\S+)"
)


@pytest.fixture(params=BACKENDS)
def in_time(request: pytest.FixtureRequest) -> Callable[[Callable[[], Any]], Any]:
    """Runs a scene in virtual time."""
    backend: Backend = request.param

    def run(scene: Callable[[], Awaitable[Any]]) -> Any:
        return run_virtually(backend, scene)

    return run


Run = Callable[[Callable[[], Awaitable[Any]]], Any]


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Callable[[], list[tuple[str, ...]]]:
    """What was logged of each call: end, seconds, turns and cost."""
    caplog.set_level(logging.DEBUG)

    def lines() -> list[tuple[str, ...]]:
        infos = [each for each in caplog.records if each.levelname == "INFO"]
        assert {each.name for each in infos} <= {"voxpipe.calls"}
        found = [LINE.fullmatch(each.getMessage()) for each in infos]
        return [each.groups() for each in found if each is not None]

    return lines


Told = Callable[[], list[tuple[str, ...]]]


async def serve(board: Switchboard, line: MemoryLine) -> None:
    async with TwilioCall.accept(line) as call:
        call.caller, call.called = "+15550100", "+15550199"
        await board.run(call)


@asynccontextmanager
async def called(board: Switchboard, *, capacity: int = 64) -> AsyncGenerator[Caller]:
    """Call, without an endpoint in between; at the end the caller hangs up."""
    ours, theirs = memory_lines(capacity)
    async with create_task_group() as tasks:
        tasks.start_soon(serve, board, theirs)
        async with Caller(Leg(current_time()), ours) as caller:
            yield caller


def state_of(board: Switchboard) -> str:
    """Not narrowed by what it was before."""
    return board.state


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
            Script(usage).output >> call.charges,
            Script([]).output >> call.speaks,
        ).run()

    async def scene() -> None:
        async with called(Switchboard(app)):
            await sleep(1)

    in_time(scene)
    assert [cost for *_, cost in told()] == ["0.0123"]


# --- ends that nobody wishes for


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
    in_time: Run, told: Told
) -> None:
    async def talker(call: Call) -> None:
        turn = Turn()
        data = bytes([0x10]) * 1_600
        said = (
            AudioFrame(data=data, format=ULAW, start=index / 5, turn=turn)
            for index in range(600)
        )
        script = Script(said)
        script.output.format = ULAW
        await Pipeline(call.heard >> Probe().input, script.output >> call.speaks).run()

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


# --- apps that fail


async def at_once(call: Call) -> None:
    """The app that fails before it has a pipeline."""
    raise ValueError(SAID)


async def at_work(call: Call) -> None:
    """The app whose pipeline fails, while it speaks."""

    class Model(Processor):
        hears = Input[AudioFrame]()

        async def run(self) -> None:
            await sleep(1)
            raise KeyError(SAID)

    turn = Turn()
    said = AudioFrame(data=bytes([0x10]) * 24_000, format=ULAW, turn=turn)
    script = Script([said])
    script.output.format = ULAW
    await Pipeline(call.heard >> Model().hears, script.output >> call.speaks).run()


@pytest.mark.parametrize("app", [at_once, at_work])
def test_a_caller_whose_app_fails_hears_an_apology(
    in_time: Run, told: Told, caplog: pytest.LogCaptureFixture, app: Any
) -> None:
    async def scene() -> bytes:
        async with no_leaks(), called(Switchboard(app)) as caller:
            heard = await caller.listen(pause=1.0)
            await caller.wait_closed()
        assert (caller.ended, caller.close_code) == ("agent", 1000)
        return heard.data

    assert in_time(scene).endswith(CLIP.data.rstrip(b"\xff\x7f")[-8_000:])
    assert [end for end, *_ in told()] == ["failed"]
    (error,) = (each for each in caplog.records if each.levelname == "ERROR")
    text = error.getMessage()
    assert ("ValueError" if app is at_once else "KeyError") in text
    assert "test_switchboard.py:" in text
    assert ("raised by the box 'model'" in text) is (app is at_work)
    assert SAID not in caplog.text


@pytest.mark.parametrize(
    "error",
    [
        TransportError(SAID),
        SessionLost(SAID, code=1011, reason=SAID),
        ExceptionGroup(SAID, [SessionLost(SAID), TransportError(SAID)]),
    ],
    ids=["not reached", "lost", "a group"],
)
def test_a_caller_whose_model_is_gone_hears_an_apology(
    in_time: Run, told: Told, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    async def app(call: Call) -> None:
        raise error

    async def scene() -> bytes:
        async with called(Switchboard(app)) as caller:
            heard = await caller.listen(pause=1.0)
            await caller.wait_closed()
        return heard.data

    assert in_time(scene) == CLIP.data
    assert [(end, turns) for end, _, turns, _ in told()] == [("model", "0")]
    ours = [each for each in caplog.records if each.name == "voxpipe.calls"]
    assert [each.levelname for each in ours] == ["WARNING", "INFO"]
    assert SAID not in caplog.text


def test_the_server_goes_on_when_apps_fail(in_time: Run, told: Told) -> None:
    apps = [at_once, at_once, parrot]

    async def app(call: Call) -> None:
        await apps.pop(0)(call)

    async def scene() -> None:
        board = Switchboard(app)
        for _ in range(2):
            async with called(board) as caller:
                await caller.listen(pause=1)
        async with called(board) as caller:
            await caller.say(speech(1))
            assert (await caller.listen()).duration == pytest.approx(1.0)

    in_time(scene)
    assert [end for end, *_ in told()] == ["failed", "failed", "caller"]


def test_an_apology_can_be_left_out(in_time: Run, told: Told) -> None:
    async def scene() -> None:
        async with called(Switchboard(at_once, apology=None)) as caller:
            await caller.wait_closed()
        assert caller.measured.messages == 0

    in_time(scene)
    assert [end for end, *_ in told()] == ["failed"]


def test_an_apology_can_be_ones_own(in_time: Run, tmp_path: Path) -> None:
    own = bytes([0x10, 0x90]) * 4_000
    with (
        (tmp_path / "sorry.wav").open("wb") as file,
        WavWriter(file, ULAW) as wav,
    ):
        wav.write(own)

    async def scene() -> bytes:
        board = Switchboard(at_once, apology=tmp_path / "sorry.wav")
        async with called(board) as caller:
            return (await caller.listen()).data

    assert in_time(scene) == own


def test_an_apology_in_another_format_is_not_played_and_says_why(
    in_time: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        (tmp_path / "sorry.wav").open("wb") as file,
        WavWriter(file, PCM) as wav,
    ):
        wav.write(bytes(16_000))

    async def scene() -> None:
        board = Switchboard(at_once, apology=str(tmp_path / "sorry.wav"))
        async with called(board) as caller:
            await caller.wait_closed()
        assert caller.ended == "agent"

    in_time(scene)
    assert "no apology: WiringError" in caplog.text
    assert 'Encode("ulaw")' in caplog.text


def test_an_apology_that_is_no_recording_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"sorry\.wav"):
        Switchboard(parrot, apology=tmp_path / "sorry.wav")
    (tmp_path / "sorry.wav").write_bytes(b"sorry")
    with pytest.raises(WavError):
        Switchboard(parrot, apology=tmp_path / "sorry.wav")


def test_an_apology_ends_when_its_caller_hangs_up(in_time: Run, told: Told) -> None:
    async def scene() -> None:
        async with called(Switchboard(at_once)):
            await sleep(1)

    in_time(scene)
    assert [(end, seconds) for end, seconds, *_ in told()] == [("failed", "1.0")]


def test_nobody_apologises_to_a_caller_who_is_gone(in_time: Run, told: Told) -> None:
    async def app(call: Call) -> None:
        await parrot(call)
        raise TransportError(SAID)

    async def scene() -> None:
        async with called(Switchboard(app)) as caller:
            await sleep(1)
        assert caller.measured.messages == 0

    in_time(scene)
    assert [(end, seconds) for end, seconds, *_ in told()] == [("caller", "1.0")]


def test_an_app_that_fails_because_it_was_ended_is_not_apologised_for(
    in_time: Run, told: Told
) -> None:
    async def app(call: Call) -> None:
        try:
            await sleep_forever()
        finally:
            raise ValueError(SAID)

    async def scene() -> None:
        async with called(Switchboard(app, idle_limit=5)) as caller:
            await caller.wait_closed()
        assert caller.measured.messages == 0

    in_time(scene)
    assert [end for end, *_ in told()] == ["idle"]


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
            with pytest.raises(Refused, match="full"):
                board.admit()
            with pytest.raises(Refused, match="full"):
                board.promise("CA2")
            assert board.promise("CA1")  # which has a place
            await sleep(29.99)
            assert state_of(board) == "full"
            await sleep(0.01)
            assert state_of(board) == "ready"  # it did not come

    in_time(scene)


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"idle_limit": 0.0}])
def test_a_switchboard_takes_some_calls_for_some_time(wrong: Any) -> None:
    with pytest.raises(ValueError, match="limit"):
        Switchboard(parrot, **wrong)


def test_a_thousand_calls_in_turn_leave_nothing_behind(
    in_time: Run, told: Told
) -> None:
    async def brief(call: Call) -> None:
        call.hang_up()
        await parrot(call)

    async def scene() -> None:
        board = Switchboard(brief)
        async with no_leaks():
            for _ in range(1_000):
                async with called(board) as caller:
                    await caller.wait_closed()
        assert state_of(board) == "ready"

    in_time(scene)
    assert len(told()) == 1_000


def test_one_switchboard_can_serve_several_loops_in_turn(told: Told) -> None:
    async def scene() -> None:
        async with called(board) as caller:
            await caller.wait_closed()

    board = Switchboard(parrot, idle_limit=5)
    for backend in BACKENDS * 2:
        run_virtually(backend, scene)
    assert [end for end, *_ in told()] == ["idle"] * 4


# --- an end to all


def test_a_drain_waits_for_calls_and_takes_no_new_ones(
    in_time: Run, told: Told
) -> None:
    async def scene() -> None:
        async with create_task_group() as tasks, called(board) as caller:
            await caller.say(speech(0.1))
            tasks.start_soon(drain)
            await sleep(1)
            assert state_of(board) == "draining"
            with pytest.raises(Refused, match="draining"):
                board.admit()
            with pytest.raises(Refused, match="draining"):
                board.promise("CA1")
            await caller.say(speech(1))
            assert (await caller.listen()).duration > 0.9
            assert done == []
            caller.hang_up()
            await caller.wait_closed()

    async def drain() -> None:
        done.append(await board.drain(60))

    board, done = Switchboard(parrot), list[int]()
    in_time(scene)
    assert done == [0]
    assert [end for end, *_ in told()] == ["caller"]


def test_a_drain_without_calls_takes_no_time(in_time: Run) -> None:
    async def scene() -> None:
        began = current_time()
        assert await Switchboard(parrot).drain(60) == 0
        assert current_time() == began

    in_time(scene)


def test_a_drain_still_takes_the_calls_that_were_promised(
    in_time: Run, told: Told
) -> None:
    async def scene() -> None:
        board = Switchboard(parrot)
        token = board.promise("CA1")
        async with create_task_group() as tasks:
            tasks.start_soon(board.drain, 60)
            await sleep(1)
            assert board.tickets.redeem(token, "CA1") is not None
            async with called(board) as caller:
                await caller.say(speech(1))
                assert (await caller.listen()).duration > 0.9

    in_time(scene)
    assert [end for end, *_ in told()] == ["caller"]


def test_a_drain_cuts_what_is_not_over_by_its_deadline(
    in_time: Run, told: Told
) -> None:
    async def scene() -> None:
        board = Switchboard(parrot)
        async with called(board) as one, called(board) as two:
            await one.say(speech(0.1))
            began = current_time()
            assert await board.drain(10) == 2
            assert current_time() - began == pytest.approx(10)
            assert board.calls == 0
            for caller in (one, two):
                await caller.wait_closed()
                assert caller.close_code == 1000

    in_time(scene)
    assert [end for end, *_ in told()] == ["drained"] * 2


def test_a_second_drain_ends_the_first(in_time: Run, told: Told) -> None:
    async def scene() -> None:
        board = Switchboard(parrot)
        async with called(board) as caller, create_task_group() as tasks:
            await caller.say(speech(0.1))
            tasks.start_soon(board.drain, 600)
            await sleep(1)
            with fail_after(1):
                assert await board.drain(0) == 1
        assert current_time() < 10

    in_time(scene)
    assert [end for end, *_ in told()] == ["drained"]


def test_a_promised_call_that_comes_after_the_deadline_is_refused(in_time: Run) -> None:
    async def scene() -> None:
        board = Switchboard(parrot)
        board.promise("CA1")
        assert await board.drain(5) == 0
        ours, theirs = memory_lines()
        for message in Leg(current_time()).opening():
            await ours.send(message)
        async with TwilioCall.accept(theirs) as call:
            with pytest.raises(Refused, match="draining"):
                await board.run(call)
        await ours.close()

    in_time(scene)


def test_an_app_that_ends_slowly_does_not_hold_up_a_drain(in_time: Run) -> None:
    async def app(call: Call) -> None:
        try:
            await sleep_forever()
        finally:
            with CancelScope(shield=True):
                await sleep(60)

    async def scene() -> None:
        board = Switchboard(app)
        async with called(board) as caller:
            await caller.say(speech(0.1))
            began = current_time()
            assert await board.drain(1) == 1
            assert current_time() - began == pytest.approx(6)  # 5 s to end

    in_time(scene)


def test_a_server_that_cancels_a_call_drains_it(in_time: Run, told: Told) -> None:
    async def scene() -> None:
        ours, theirs = memory_lines()
        async with create_task_group() as tasks:
            tasks.start_soon(serve, Switchboard(parrot), theirs)
            for message in Leg(current_time()).opening():
                await ours.send(message)
            await sleep(1)
            tasks.cancel_scope.cancel()
        await ours.close()

    in_time(scene)
    assert [end for end, *_ in told()] == ["drained"]
