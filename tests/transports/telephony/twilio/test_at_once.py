"""A caller's audio taken in the step in which it comes: in order, whole, and blamed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context

import anyio
import pytest
from anyio import EndOfStream, Event
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import (
    AudioFrame,
    Dtmf,
    Filter,
    Input,
    Output,
    Pipeline,
    Processor,
)
from voxpipe.pipeline.testing import Probe, run_virtual, run_within
from voxpipe.transports.telephony.socket import QuickSocket
from voxpipe.transports.telephony.twilio import TwilioCall

from ....processors.realtime.loops import Steps, VirtualLoop
from .carrier import message, speech, start


class QuickLine:
    """A socket whose messages are given to a function while none waits."""

    def __init__(self) -> None:
        self.waiting: deque[str | None] = deque()
        self.at_once: Callable[[str | bytes], bool] | None = None
        self.quickly = 0
        self._news = Event()

    def take_at_once(self, function: Callable[[str | bytes], bool] | None) -> None:
        self.at_once = function

    def come(self, message: str) -> None:
        """As from the network: in no task."""
        if self.at_once is not None and not self.waiting and self.at_once(message):
            self.quickly += 1
            return
        self.waiting.append(message)
        self._news.set()

    def end(self) -> None:
        """The connection is gone."""
        self.waiting.append(None)
        self._news.set()

    async def receive(self) -> str | bytes:
        while not self.waiting:
            self._news = Event()
            await self._news.wait()
        message = self.waiting.popleft()
        if message is None:
            raise EndOfStream
        return message

    async def send(self, message: str | bytes, /) -> None:
        """Nobody listens."""

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Nobody minds."""


class Listener(Processor):
    """Hears, with a queue for three frames, as slowly as it is told."""

    hears = Input[AudioFrame](capacity=3)
    says = Output[AudioFrame]()

    def __init__(self, pause: float = 0.0) -> None:
        self.pause = pause
        self.heard: list[int] = []

    async def run(self) -> None:
        async for frame in self.hears:
            await anyio.sleep(self.pause)
            self.heard.append(frame.data[0])


class Brittle(Filter[AudioFrame]):
    def feed(self, frame: AudioFrame) -> tuple[AudioFrame]:
        if frame.data[0] == 3:
            raise ArithmeticError("no threes")
        return (frame,)


def drawn(call: TwilioCall, listener: Listener, *boxes: Brittle) -> Pipeline:
    heard = call.heard >> boxes[0] if boxes else call.heard
    return Pipeline(heard >> listener.hears, listener.says >> call.speaks)


async def talk(line: QuickLine, listener: Listener, *pauses: float) -> None:
    """Say a frame after each pause, all of them numbered, and hang up."""
    line.waiting.append(start())

    async def come() -> None:
        await anyio.sleep(0.1)
        for number, pause in enumerate(pauses):
            if pause:
                await anyio.sleep(pause)
            line.come(speech(number))
        line.end()

    async with TwilioCall.accept(line) as call, anyio.create_task_group() as tasks:
        tasks.start_soon(come)
        await run_within(
            60, Pipeline(call.heard >> listener.hears, listener.says >> call.speaks)
        )
        assert call.ended == "lost"
    assert line.at_once is None


def test_a_line_can_be_quick() -> None:
    assert isinstance(QuickLine(), QuickSocket)


async def test_what_comes_in_time_wakes_no_task() -> None:
    line, listener = QuickLine(), Listener()
    await talk(line, listener, *([0.001] * 20))
    assert listener.heard == list(range(20))
    assert line.quickly == 20


@given(
    st.lists(st.sampled_from([0.0, 0.0, 0.02, 0.3]), max_size=40),
    st.sampled_from([0.0, 0.02, 0.1]),
)
def test_nothing_is_lost_or_overtaken_however_slow_the_reader_is(
    pauses: list[float], pause: float
) -> None:
    listener = Listener(pause)
    run_virtual(talk, QuickLine(), listener, *pauses)
    # The end of the connection is the end of the call: what is queued is still heard.
    assert listener.heard == list(range(len(pauses)))


async def test_a_box_that_fails_is_blamed_and_ends_the_pipeline() -> None:
    line, listener = QuickLine(), Listener()
    line.waiting.append(start())

    async def come() -> None:
        await anyio.sleep(0.05)
        for number in range(6):
            line.come(speech(number))

    async def answer() -> None:
        async with TwilioCall.accept(line) as call:
            await run_within(5, drawn(call, listener, Brittle()))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(come)
        with pytest.raises(ArithmeticError) as caught:
            await answer()
        assert caught.value.__notes__ == ["raised by the box 'brittle'"]
    assert line.quickly == 3  # the one that fails wakes the task; none follows it
    assert line.at_once is None


async def test_whatever_else_comes_wakes_no_task_either() -> None:
    line, listener, keys = QuickLine(), Listener(), Probe()
    stranger = message("media", streamSid="MZ0", media={"payload": "////"})
    key = message("dtmf", dtmf={"digit": "5"})
    messages = ["no JSON", stranger, message("news"), key, speech(0)]
    line.waiting.append(start())

    async def come() -> None:
        await anyio.sleep(0.05)
        for each in messages:
            line.come(each)
        await anyio.sleep(0.01)
        line.come(message("stop", stop={}))

    async with TwilioCall.accept(line) as call, anyio.create_task_group() as tasks:
        tasks.start_soon(come)
        await run_within(
            5,
            Pipeline(
                call.heard >> listener.hears,
                call.pressed >> keys.input,
                listener.says >> call.speaks,
            ),
        )
    assert call.ended == "caller"
    assert listener.heard == [0]
    assert keys.frames == [Dtmf(digit="5")]
    assert line.quickly == len(messages) + 1
    assert (call.fault_count, call.unknown) == (2, 1)


async def test_a_message_that_is_too_long_is_left_to_the_socket() -> None:
    line, listener = QuickLine(), Listener()
    line.waiting.append(start())

    async def come() -> None:
        await anyio.sleep(0.05)
        line.come("x" * 65_537)
        assert line.quickly == 0
        line.end()

    async with TwilioCall.accept(line) as call, anyio.create_task_group() as tasks:
        tasks.start_soon(come)
        await run_within(5, drawn(call, listener))


def test_a_call_is_taken_at_once_on_a_loop_that_anyio_has_not_started() -> None:
    # There, what the loop calls outside of every task has no help of anyio's.
    listener, line = Listener(0.05), list[QuickLine]()

    async def come() -> None:
        loop = asyncio.get_running_loop()
        for number in range(12):
            await anyio.sleep(0.02)
            loop.call_soon(line[0].come, speech(number), context=Context())
        await anyio.sleep(1)
        loop.call_soon(line[0].come, message("stop", stop={}), context=Context())

    async def scene() -> None:
        line.append(QuickLine())
        line[0].waiting.append(start())
        async with TwilioCall.accept(line[0]) as call, anyio.create_task_group() as all:
            all.start_soon(come)
            with anyio.fail_after(60):
                await drawn(call, listener).run()
            assert call.ended == "caller"

    with asyncio.Runner(loop_factory=lambda: VirtualLoop(Steps())) as runner:
        runner.run(scene())
    assert listener.heard == list(range(12))
    assert 4 < line[0].quickly < 13
