"""Apps that only listen, and apps that only speak, on every phone that there is."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest
from anyio import (
    EndOfStream,
    create_memory_object_stream,
    create_task_group,
    current_time,
    sleep,
)
from anyio.streams.stapled import StapledObjectStream

from voxpipe.pipeline import AudioFormat, AudioFrame, Input, Pipeline, Processor
from voxpipe.pipeline.testing import Probe, Source
from voxpipe.transports import MemoryPhone, StreamPhone
from voxpipe.transports.telephony.testing import answered

from ..processors.realtime.loops import BACKENDS, Backend, run_virtually

FORMAT = AudioFormat("ulaw", 8_000)
SECOND = AudioFrame(data=b"\x10\x90" * 4_000, format=FORMAT)
App = Callable[[Any], Coroutine[Any, Any, None]]


@dataclass
class Person:
    """The other side of a phone.

    Attributes:
        say: says a second of speech, at the pace of speech.
        leave: hangs up.
        heard: seconds that the agent has said, when it has ended the call.
    """

    say: Callable[[], Awaitable[object]]
    leave: Callable[[], Awaitable[object]]
    heard: Callable[[], Awaitable[float]]


Dial = Callable[[App], Any]


@asynccontextmanager
async def by_telephone(app: App) -> AsyncGenerator[Person]:
    async with answered(app) as caller:

        async def leave() -> None:
            caller.hang_up()

        async def heard() -> float:
            frame = await caller.listen()
            await caller.wait_closed()
            return frame.duration

        yield Person(lambda: caller.say(SECOND), leave, heard)


@asynccontextmanager
async def in_memory(app: App) -> AsyncGenerator[Person]:
    phone = MemoryPhone(FORMAT, background="silence")

    async def leave() -> None:
        phone.disconnect()

    async def heard() -> float:
        seconds = 0.0
        with suppress(EndOfStream):
            while True:
                seconds += (await phone.listen()).duration
        return seconds

    async with create_task_group() as tasks:
        tasks.start_soon(app, phone)
        yield Person(lambda: phone.play(SECOND), leave, heard)


@asynccontextmanager
async def by_stream(app: App) -> AsyncGenerator[Person]:
    to_phone, from_person = create_memory_object_stream[bytes](1_000)
    to_person, from_phone = create_memory_object_stream[bytes](1_000)
    phone: Any = StreamPhone(StapledObjectStream(to_person, from_person), FORMAT)

    async def say() -> None:
        for at in range(0, SECOND.size, 160):
            await to_phone.send(bytes(SECOND.data[at : at + 160]))
            await sleep(0.02)

    async def heard() -> float:
        seconds = 0.0
        async for data in from_phone:
            seconds += len(data) / 8_000
        return seconds

    async def answer() -> None:
        await app(phone)
        to_person.close()

    async with create_task_group() as tasks:
        tasks.start_soon(answer)
        yield Person(say, to_phone.aclose, heard)
    for stream in (to_phone, from_person, to_person, from_phone):
        stream.close()


PHONES: list[Dial] = [by_telephone, in_memory, by_stream]
virtual = pytest.mark.parametrize("backend", BACKENDS)
dialled = pytest.mark.parametrize("dial", PHONES, ids=lambda each: each.__name__)


@virtual
@dialled
def test_an_app_that_only_listens_hears_the_caller_until_they_leave(
    backend: Backend, dial: Dial
) -> None:
    async def listens(phone: Any) -> None:
        await Pipeline(phone.heard >> probe.input).run()
        ended.append(current_time())

    async def scene() -> None:
        began = current_time()
        async with dial(listens) as person:
            await person.say()
            await sleep(60)
            assert not ended  # silence is no end
            await person.say()
            await person.leave()
        assert ended[0] - began == pytest.approx(62, abs=0.2)

    probe, ended = Probe(), list[float]()
    run_virtually(backend, scene)
    said = b"".join(frame.data for frame in probe.frames if b"\x10" in frame.data)
    assert said == bytes(SECOND.data) * 2


@virtual
@dialled
def test_an_app_that_only_listens_may_hang_up(backend: Backend, dial: Dial) -> None:
    async def listens(phone: Any) -> None:
        async with create_task_group() as tasks:
            tasks.start_soon(Pipeline(phone.heard >> Probe().input).run)
            await sleep(5)
            phone.hang_up()
        ended.append(current_time())

    async def scene() -> None:
        began = current_time()
        async with dial(listens) as person:
            await person.say()
            await sleep(9)
            assert ended[0] - began == pytest.approx(5, abs=0.2)

    ended = list[float]()
    run_virtually(backend, scene)


class Hello(Processor):
    """Has heard enough when something was said."""

    input = Input[AudioFrame]()

    async def run(self) -> None:
        await anext(self.input)


@virtual
@dialled
def test_a_call_is_over_when_nothing_speaks_and_nobody_listens_any_more(
    backend: Backend, dial: Dial
) -> None:
    async def listens(phone: Any) -> None:
        await Pipeline(phone.heard >> Hello().input).run()
        ended.append(current_time())

    async def scene() -> None:
        async with dial(listens) as person:
            with suppress(Exception):  # some lines say at once that they are gone
                await person.say()
            await sleep(1)
            assert ended

    ended = list[float]()
    run_virtually(backend, scene)


@virtual
@dialled
def test_an_app_that_only_speaks_is_heard_to_its_end(
    backend: Backend, dial: Dial
) -> None:
    async def speaks(phone: Any) -> None:
        await Pipeline(Source([SECOND] * 3).output >> phone.speaks).run()

    async def scene() -> None:
        async with dial(speaks) as person, create_task_group() as tasks:
            tasks.start_soon(person.say)  # nobody listens
            assert await person.heard() == pytest.approx(3.0)
            tasks.cancel_scope.cancel()

    run_virtually(backend, scene)
