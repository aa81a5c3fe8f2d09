"""A caller's audio taken in the step in which it comes: in order, whole, and blamed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import anyio
import pytest
from anyio import EndOfStream, Event
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import AudioFrame, Filter, Input, Output, Pipeline, Processor
from voxpipe.pipeline.testing import run_virtual, run_within
from voxpipe.transports.telephony.socket import QuickSocket
from voxpipe.transports.telephony.twilio import TwilioCall

from .carrier import message, speech, start


class QuickLine:
    """A socket whose messages are given to a function while none waits."""

    def __init__(self) -> None:
        self.waiting: deque[str] = deque()
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

    async def receive(self) -> str | bytes:
        while not self.waiting:
            self._news = Event()
            await self._news.wait()
        message = self.waiting.popleft()
        if message == "end":
            raise EndOfStream
        return message

    async def send(self, message: str, /) -> None:
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
        line.come("end")

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
    assert line.quickly == 4  # with the one that failed; the others do not follow it
    assert line.at_once is None


async def test_all_but_the_callers_audio_is_received_as_ever() -> None:
    line, listener = QuickLine(), Listener()
    stranger = message("media", streamSid="MZ0", media={"payload": "////"})
    messages = ["no JSON", stranger, message("news"), speech(0)]
    line.waiting.append(start())

    async def come() -> None:
        await anyio.sleep(0.05)
        for each in messages:
            line.come(each)
            await anyio.sleep(0.01)
        line.come("end")

    async with TwilioCall.accept(line) as call, anyio.create_task_group() as tasks:
        tasks.start_soon(come)
        await run_within(
            5, Pipeline(call.heard >> listener.hears, listener.says >> call.speaks)
        )
    assert listener.heard == [0]
    assert line.quickly == 1
    assert (call.fault_count, call.unknown) == (2, 1)
