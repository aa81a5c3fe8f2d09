"""How calls end, and what goes wrong on the way."""

from __future__ import annotations

import base64

import pytest
from anyio import (
    EndOfStream,
    create_task_group,
    current_time,
    move_on_after,
    sleep,
    sleep_until,
)

from voxpipe.pipeline import FormatError
from voxpipe.pipeline.testing import no_leaks
from voxpipe.transports.telephony.testing import Caller, Leg, memory_lines

from ....processors.realtime.loops import (
    BACKENDS,
    Backend,
    run_virtually,
)
from .agents import speech
from .line import conversation, media

virtual = pytest.mark.parametrize("backend", BACKENDS)


@virtual
def test_who_hangs_up_says_stop_and_closes_with_1000(backend: Backend) -> None:
    async def scene() -> None:
        async with conversation() as (caller, server):
            await sleep(0.1)
            caller.hang_up()
            await caller.wait_closed()
            assert server.came[-1][1]["event"] == "stop"
            assert (caller.ended, caller.close_code) == ("caller", 1000)
            assert not await caller.say(speech(1))
            with pytest.raises(EndOfStream):
                await caller.listen()
            with pytest.raises(EndOfStream):
                await caller.interrupt(speech(1))

    run_virtually(backend, scene)


@virtual
def test_leaving_the_block_hangs_up(backend: Backend) -> None:
    async def scene() -> None:
        async with conversation() as (caller, server):
            pass
        assert caller.ended == "caller"
        assert server.times_of("stop")

    run_virtually(backend, scene)


@virtual
def test_who_drops_says_nothing_more(backend: Backend) -> None:
    async def scene() -> None:
        async with conversation() as (caller, server):
            await sleep(0.1)
            caller.drop()
            await caller.wait_closed()
            assert not server.times_of("stop")
            assert (caller.ended, caller.close_code) == ("caller", None)

    run_virtually(backend, scene)


@virtual
@pytest.mark.parametrize(("code", "ended"), [(1000, "agent"), (1011, "lost")])
def test_the_code_tells_how_the_agent_has_ended_the_call(
    backend: Backend, code: int, ended: str
) -> None:
    async def scene() -> None:
        async with conversation() as (caller, server):
            await server.send(media(1.0))
            await sleep(0.4)
            await server.line.close(code)
            await caller.wait_closed()
            assert (caller.ended, caller.close_code) == (ended, code)
            assert (await caller.listen()).duration == pytest.approx(0.4)
            assert caller.measured.unheard == pytest.approx(0.6)

    run_virtually(backend, scene)


@virtual
def test_to_be_hung_up_on_ends_what_one_was_saying(backend: Backend) -> None:
    async def scene() -> None:
        async with conversation() as (caller, server), create_task_group() as tasks:

            async def end() -> None:
                await sleep(1)
                await server.line.close()

            tasks.start_soon(end)
            begun = current_time()
            assert not await caller.say(speech(5))
            assert current_time() - begun == pytest.approx(1.0, abs=0.021)

    run_virtually(backend, scene)


@virtual
def test_who_is_cancelled_in_mid_word_falls_silent(backend: Backend) -> None:
    async def scene() -> None:
        async with conversation() as (caller, server):
            with move_on_after(1):
                await caller.say(speech(5))
            await sleep(1.01)
            quiet = base64.b64encode(b"\xff" * 160).decode()
            payloads = [
                each["media"]["payload"]
                for _, each in server.came
                if each["event"] == "media"
            ]
            assert payloads.count(quiet) == pytest.approx(50, abs=1)
            assert caller.measured.utterances == 1

    run_virtually(backend, scene)


@virtual
def test_who_does_not_read_holds_the_server_back(backend: Backend) -> None:
    async def scene() -> None:
        async with conversation(capacity=4) as (caller, server):
            begun = current_time()
            caller.stop_reading(5.0)
            for _ in range(20):
                await server.send(media(0.02))
            assert current_time() - begun == pytest.approx(5.0)
            await sleep_until(begun + 6)
            assert caller.measured.media == 20

    run_virtually(backend, scene)


@virtual
def test_a_server_that_does_not_read_cannot_keep_a_caller_on_the_line(
    backend: Backend,
) -> None:
    async def scene() -> None:
        ours, theirs = memory_lines(capacity=4)
        begun = current_time()
        async with no_leaks():
            async with Caller(Leg(begun), ours) as caller:
                await sleep(1)
            assert caller.ended == "caller"
            assert current_time() - begun == pytest.approx(3.0)  # it was polite
            await theirs.close()

    run_virtually(backend, scene)


@virtual
def test_what_goes_wrong_in_the_block_is_raised_as_it_is(backend: Backend) -> None:
    async def scene() -> None:
        with pytest.raises(FormatError):
            async with conversation() as (caller, _):
                await caller.say(b"")
        with pytest.raises(ValueError, match="keys are"):
            async with conversation() as (caller, _):
                caller.press("x")

    run_virtually(backend, scene)


@virtual
def test_a_call_can_be_cancelled(backend: Backend) -> None:
    async def scene() -> None:
        ours, theirs = memory_lines()
        caller = Caller(Leg(current_time()), ours)
        async with no_leaks():
            with move_on_after(1):
                async with caller:
                    await caller.listen()
            assert caller.ended == "caller"
            assert ours.close_code == 1000
            await theirs.close()

    run_virtually(backend, scene)
