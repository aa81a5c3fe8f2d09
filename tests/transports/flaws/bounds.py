"""Flaws of who waits for a side that does not read."""

from __future__ import annotations

from collections import deque
from typing import Any

from anyio import (
    Event,
    WouldBlock,
    create_memory_object_stream,
)
from anyio.lowlevel import checkpoint

from voxpipe.pipeline import (
    AudioFrame,
    PlayoutInput,
    ReplyFrame,
    Turn,
)

from ..honest import Honest

# --- slow_far_side


class _WritesBehind(Honest):
    """Has a queue behind its playout."""

    async def run(self) -> None:
        self.queue = deque[tuple[str, Any]]()
        self.news = Event()
        await super().run()

    async def play(self) -> None:
        self.tasks.start_soon(self.send_on)
        await super().play()

    async def write(self, frame: AudioFrame) -> None:
        self.put("audio", frame.data)

    async def clear(self, turn: Turn | None) -> None:
        self.queue.clear()
        self.put("clear", None)

    def put(self, kind: str, what: Any) -> None:
        self.queue.append((kind, what))
        self.news.set()

    async def send_on(self) -> None:
        while True:
            while self.queue:
                await self.line.send(self.queue.popleft())
            self.news = Event()
            await self.news.wait()


class QueuesWithoutABound(_WritesBehind):
    async def write(self, frame: AudioFrame) -> None:
        self.put("audio", frame.data)
        if frame.turn is not None:
            self.sent += 1
            self.marks[str(self.sent)] = frame.turn, frame.end
            self.put("mark", str(self.sent))

    async def clear(self, turn: Turn | None) -> None:
        self.marks.clear()
        await super().clear(turn)


class HasATaskForEachFrame(Honest):
    async def write(self, frame: AudioFrame) -> None:
        await self.put("audio", frame.data)
        await self.mark(frame)

    async def mark(self, frame: AudioFrame) -> None:
        assert frame.turn is not None
        self.sent += 1
        self.marks[str(self.sent)] = frame.turn, frame.end
        await self.put("mark", str(self.sent))

    async def put(self, kind: str, what: Any) -> None:
        line: Any = self.line
        try:
            line.send_stream.send_nowait((kind, what))
        except WouldBlock:
            self.tasks.start_soon(self.line.send, (kind, what))


class TakesEverything(Honest):
    speaks = PlayoutInput[ReplyFrame](capacity=100_000, capacity_ms=3_600_000)


# --- slow_agent


class _HearsBehind(Honest):
    """Has a queue in front of the agent."""

    async def run(self) -> None:
        self.queue = deque[bytes]()
        self.news = Event()
        await super().run()

    async def play(self) -> None:
        self.tasks.start_soon(self.hear_on)
        await super().play()

    async def hear(self, data: bytes) -> None:
        self.queue.append(data)
        self.news.set()

    async def hear_on(self) -> None:
        while True:
            while self.queue:
                await super().hear(self.queue.popleft())
            self.news = Event()
            await self.news.wait()

    async def finished(self) -> None:
        await checkpoint()  # so that all was heard
        await super().finished()


class KeepsWhatIsHeard(_HearsBehind):
    pass


class KeepsItAsOne(_HearsBehind):
    async def hear_on(self) -> None:
        while True:
            while self.queue:
                data = b"".join(self.queue)
                self.queue.clear()
                await super(_HearsBehind, self).hear(data)
            self.news = Event()
            await self.news.wait()


class HearsWithoutABound(Honest):
    async def run(self) -> None:
        self.put, self.get = create_memory_object_stream[bytes](100_000)
        with self.put, self.get:
            await super().run()

    async def play(self) -> None:
        self.tasks.start_soon(self.hear_on)
        await super().play()

    async def hear(self, data: bytes) -> None:
        await self.put.send(data)

    async def hear_on(self) -> None:
        async for data in self.get:
            await super().hear(data)

    async def finished(self) -> None:
        await checkpoint()
        await super().finished()


FLAWS: dict[type[Honest], str] = {
    QueuesWithoutABound: "slow_far_side",
    HasATaskForEachFrame: "slow_far_side",
    TakesEverything: "slow_far_side",
    KeepsWhatIsHeard: "slow_agent",
    KeepsItAsOne: "slow_agent",
    HearsWithoutABound: "slow_agent",
}
