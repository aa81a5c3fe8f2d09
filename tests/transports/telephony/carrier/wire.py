"""The socket of a call in memory, on a clock: what a carrier posts, and what it got."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from anyio import (
    BrokenResourceError,
    EndOfStream,
    Event,
    create_task_group,
    current_time,
    sleep,
)
from anyio.lowlevel import checkpoint

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Output,
    Pipeline,
    Processor,
    ReplyEnd,
    Turn,
)
from voxpipe.pipeline.testing import Probe, run_virtual
from voxpipe.transports.telephony.carrier import CarrierCall

Message = str | bytes


class Wire:
    """The socket of a call.

    Attributes:
        sent: the moment and the message.
        obeys: told of each message, to answer it.
    """

    def __init__(self) -> None:
        self._posted: deque[Message] = deque()
        self._arrival = Event()
        self._has_left = False
        self.sent: list[tuple[float, Message]] = []
        self.obeys: Callable[[Message], object] = lambda message: None
        self.stuck: Event | None = None
        self.closed: list[int] = []

    async def receive(self) -> Message:
        await checkpoint()
        while not self._posted:
            if self._has_left:
                raise EndOfStream
            self._arrival = Event()
            await self._arrival.wait()
        return self._posted.popleft()

    async def send(self, message: Message, /) -> None:
        if self._has_left:
            raise BrokenResourceError
        if self.stuck is not None:
            await self.stuck.wait()
        self.sent.append((current_time(), message))
        self.obeys(message)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        await checkpoint()
        self.closed.append(code)

    def post(self, *messages: Message) -> None:
        self._posted.extend(messages)
        self._arrival.set()

    def leave(self) -> None:
        self._has_left = True
        self._arrival.set()


def said(
    turn: Turn, seconds: float, format: AudioFormat, frame: float = 0.25
) -> list[Any]:
    """A reply in which each 10 ms are a number of their own, and its end."""
    size = format.bytes_in(0.01)
    data = b"".join(bytes([n % 250 + 1]) * size for n in range(round(seconds * 100)))
    step, per_second = format.bytes_in(frame), format.bytes_per_second
    frames = [
        AudioFrame(
            data=data[at : at + step], format=format, start=at / per_second, turn=turn
        )
        for at in range(0, len(data), step)
    ]
    return [*frames, ReplyEnd(turn=turn)]


class Agent(Processor):
    """Says its frames as fast as they are taken; numbers are seconds of silence."""

    output = Output[Any]()

    def __init__(self, says: list[Any]) -> None:
        self._says = says

    async def run(self) -> None:
        for frame in self._says:
            if isinstance(frame, int | float):
                await sleep(frame)
            else:
                await self.output.send(frame)


Story = Callable[[Any, Wire], Coroutine[Any, Any, object]]


class Talk:
    """A call in virtual time, with what came of it."""

    def __init__(
        self,
        kind: type[CarrierCall],
        opening: list[Message],
        says: list[Any],
        story: Story | None = None,
        wire: Wire | None = None,
    ) -> None:
        self.wire = wire or Wire()
        self.heard, self.pressed, self.played = Probe(), Probe(), Probe()
        self.faults = Probe()
        self._opening = opening
        self.call = run_virtual(self._pass, kind, says, story)

    async def _pass(
        self, kind: type[CarrierCall], says: list[Any], story: Story | None
    ) -> CarrierCall:
        self.wire.post(*self._opening)
        agent = Agent(says)
        async with kind.accept(self.wire) as call, create_task_group() as tasks:
            self.began = current_time()
            if story is not None:
                tasks.start_soon(story, call, self.wire)
            await Pipeline(
                agent.output >> call.speaks,
                call.heard >> self.heard.input,
                call.pressed >> self.pressed.input,
                call.played >> self.played.input,
                call.faults >> self.faults.input,
            ).run()
            self.lasted = current_time() - self.began
            tasks.cancel_scope.cancel()
        return call

    def sent(self) -> list[tuple[float, Message]]:
        """What was sent, in seconds from the beginning."""
        return [(at - self.began, message) for at, message in self.wire.sent]

    @property
    def reports(self) -> list[str]:
        return [fault.message for fault in self.faults.frames]
