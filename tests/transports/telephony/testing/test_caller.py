"""A caller, and on the other end of the line a test that writes what a server would."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

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
from voxpipe.transports.telephony.testing import (
    Caller,
    Leg,
    MemoryLine,
    Sids,
    memory_lines,
)

from ....processors.realtime.loops import (  # noqa: TID252  # tests are no package
    BACKENDS,
    Backend,
    run_virtually,
)
from .agents import speech

LOUD = b"\x80"
SIDS = Sids("ACa", "CAb", "MZc")
SECOND = 8_000

Scene = Callable[[], Awaitable[None]]
virtual = pytest.mark.parametrize("backend", BACKENDS)


def media(seconds: float) -> str:
    payload = base64.b64encode(LOUD * round(seconds * SECOND)).decode()
    return json.dumps(
        {"event": "media", "streamSid": SIDS.stream, "media": {"payload": payload}}
    )


def mark(name: str) -> str:
    return json.dumps(
        {"event": "mark", "streamSid": SIDS.stream, "mark": {"name": name}}
    )


CLEAR = json.dumps({"event": "clear", "streamSid": SIDS.stream})


class Server:
    """The other end: sends what the test says, and keeps what comes."""

    def __init__(self, line: MemoryLine) -> None:
        self.line = line
        self.came: list[tuple[float, dict[str, Any]]] = []

    async def read(self) -> None:
        try:
            while True:
                message = json.loads(await self.line.receive())
                self.came.append((current_time(), message))
        except EndOfStream:
            await self.line.close()

    async def send(self, *messages: str) -> None:
        for message in messages:
            await self.line.send(message)

    def times_of(self, event: str) -> list[float]:
        return [at for at, each in self.came if each["event"] == event]


@asynccontextmanager
async def conversation(capacity: int = 64) -> AsyncGenerator[tuple[Caller, Server]]:
    ours, theirs = memory_lines(capacity)
    server = Server(theirs)
    failure: Exception | None = None
    async with no_leaks(), create_task_group() as tasks:
        tasks.start_soon(server.read)
        try:
            async with Caller(Leg(current_time(), sids=SIDS), ours) as caller:
                yield caller, server
        except Exception as error:  # noqa: BLE001  # raised bare, not in a group
            failure = error
    if failure is not None:
        raise failure


@virtual
def test_the_line_is_never_still(backend: Backend) -> None:
    async def scene() -> None:
        async with conversation() as (_, server):
            begun = current_time()
            await sleep(1.01)
            times = server.times_of("media")
        assert len(times) == 50
        assert times == pytest.approx([begun + (n + 1) / 50 for n in range(50)])

    run_virtually(backend, scene)


@virtual
def test_to_say_something_takes_as_long_as_it_takes(backend: Backend) -> None:
    async def scene() -> None:
        async with conversation() as (caller, _):
            begun = current_time()
            assert await caller.say(speech(2))
            assert current_time() - begun == pytest.approx(2.0)
            assert caller.measured.utterances == 1

    run_virtually(backend, scene)


@virtual
def test_to_listen_is_to_wait_until_the_agent_has_been_silent_for_a_while(
    backend: Backend,
) -> None:
    async def scene() -> None:
        async with conversation() as (caller, server), create_task_group() as tasks:

            async def speak() -> None:
                await sleep(1.0)
                await server.send(media(0.5), media(0.5))
                await sleep(1.3)  # a breath of 0.3 s
                await server.send(media(0.5))

            tasks.start_soon(speak)
            begun = current_time()
            heard = await caller.listen()
            assert heard.duration == pytest.approx(1.5)
            assert current_time() - begun == pytest.approx(1.0 + 1.8 + 0.5)

    run_virtually(backend, scene)


@virtual
def test_two_replies_are_listened_to_one_by_one(backend: Backend) -> None:
    async def scene() -> None:
        async with conversation() as (caller, server):
            await server.send(media(0.3))
            assert (await caller.listen()).duration == pytest.approx(0.3)
            await server.send(media(0.4))
            assert (await caller.listen()).duration == pytest.approx(0.4)

    run_virtually(backend, scene)


@virtual
def test_what_was_said_before_the_callers_last_word_is_no_answer_to_it(
    backend: Backend,
) -> None:
    async def scene() -> None:
        async with conversation() as (caller, server):
            await server.send(media(0.3))
            await sleep(1)
            await caller.say(speech(1))
            await server.send(media(0.4))
            assert (await caller.listen()).duration == pytest.approx(0.4)

    run_virtually(backend, scene)


@virtual
def test_an_agent_that_says_nothing_is_waited_for_only_so_long(
    backend: Backend,
) -> None:
    async def scene() -> None:
        async with conversation() as (caller, server):
            with pytest.raises(TimeoutError, match="nothing, or too little"):
                await caller.listen(timeout=2)
            with pytest.raises(TimeoutError, match="nothing, or too little"):
                await caller.interrupt(speech(1), timeout=2)
            await server.send(media(60))
            with pytest.raises(TimeoutError, match="did not come to an end"):
                await caller.listen(timeout=2)

    run_virtually(backend, scene)


@virtual
def test_an_interruption_gives_what_was_heard_until_the_clear(
    backend: Backend,
) -> None:
    async def scene() -> None:
        async with conversation() as (caller, server), create_task_group() as tasks:

            async def speak() -> None:
                await sleep(1.0)
                await server.send(media(5))
                await sleep(2.2)
                await server.send(CLEAR)

            tasks.start_soon(speak)
            cut = await caller.interrupt(speech(0.5), after=2.0)
            assert cut.duration == pytest.approx(2.2)
            assert list(caller.measured.clear_after) == [pytest.approx(0.2, abs=0.021)]
            await server.send(media(0.7))
            assert (await caller.listen()).duration == pytest.approx(0.7)

    run_virtually(backend, scene)


@virtual
def test_a_clear_that_comes_after_the_words_is_waited_for(backend: Backend) -> None:
    async def scene() -> None:
        async with conversation() as (caller, server), create_task_group() as tasks:

            async def speak() -> None:
                await server.send(media(5))
                await sleep(2.0)
                await server.send(CLEAR)

            tasks.start_soon(speak)
            cut = await caller.interrupt(speech(0.2), after=1.0)
            assert cut.duration == pytest.approx(2.0)

    run_virtually(backend, scene)


@virtual
def test_who_cannot_be_interrupted_is_heard_to_the_end(backend: Backend) -> None:
    async def scene() -> None:
        async with conversation() as (caller, server):
            await server.send(media(3))
            cut = await caller.interrupt(speech(0.2), after=1.0)
            assert cut.duration == pytest.approx(3.0)
            assert not caller.measured.clear_after

    run_virtually(backend, scene)


@virtual
def test_marks_come_back_within_a_frame_of_what_was_played(backend: Backend) -> None:
    async def scene() -> None:
        async with conversation() as (_, server):
            begun = current_time()
            await server.send(media(0.11), mark("m"))
            await sleep(1)
            assert server.times_of("mark") == [pytest.approx(begun + 0.12)]

    run_virtually(backend, scene)


@virtual
def test_keys_and_rubbish_go_out_with_the_next_frame(backend: Backend) -> None:
    async def scene() -> None:
        async with conversation() as (caller, server):
            begun = current_time()
            caller.press("12")
            caller.send_raw('{"event":"nonsense"}')
            await sleep(0.03)
            assert server.times_of("dtmf") == [pytest.approx(begun + 0.02)] * 2
            assert len(server.times_of("nonsense")) == 1

    run_virtually(backend, scene)


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


async def test_in_real_time_it_is_the_same() -> None:
    async with conversation() as (caller, server):
        await server.send(media(0.04), mark("m"))
        await caller.say(speech(0.1))
        await server.send(media(0.04))
        heard = await caller.listen(pause=0.02)
    assert heard.duration == pytest.approx(0.04)
    assert server.times_of("mark")
