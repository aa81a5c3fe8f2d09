"""A transport that can do everything, keeps every promise, and is easily spoilt."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from anyio import BrokenResourceError, ClosedResourceError, create_task_group
from anyio.abc import ObjectStream, TaskGroup

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Dtmf,
    Intake,
    Output,
    Playout,
    PlayoutInput,
    Processor,
    ReplyFrame,
    Turn,
)
from voxpipe.transports.testing import Cleared, FarSide, Heard, Make, Mark, Transport

from .far_sides import memory_stream

ULAW = AudioFormat("ulaw", 8_000)
Message = tuple[str, Any]
Line = ObjectStream[Message]


class Honest(Processor):
    """A phone on a line of messages, each a kind and what it says."""

    heard = Output[AudioFrame]()
    speaks = PlayoutInput[ReplyFrame]()
    played = Output[AudioFrame]()
    pressed = Output[Dtmf]()

    tasks: TaskGroup
    playout: Playout

    def __init__(self, line: Line) -> None:
        self.line = line
        self.heard.format = self.speaks.format = self.played.format = ULAW
        self.intake = Intake(ULAW, self.report)
        self.marks: dict[str, tuple[Turn, float]] = {}
        self.sent = 0
        self.hung_up = False

    def make_playout(self) -> Playout:
        return Playout(self.speaks, self.write, clear=self.clear, played=self.played)

    async def run(self) -> None:
        self.playout = self.make_playout()
        try:
            async with create_task_group() as self.tasks:
                self.tasks.start_soon(self.listen)
                await self.play()
                self.tasks.cancel_scope.cancel()
        except* (BrokenResourceError, ClosedResourceError):
            pass  # they are gone

    async def play(self) -> None:
        await self.playout.run()

    async def listen(self) -> None:
        async for kind, what in self.line:
            await self.heed(kind, what)
        await self.left()

    async def left(self) -> None:
        self.tasks.cancel_scope.cancel()

    async def heed(self, kind: str, what: Any) -> None:
        match kind:
            case "audio":
                await self.hear(what)
            case "key":
                await self.pressed.send(Dtmf(digit=what))
            case "mark":
                self.returned(what)
            case "finish":
                await self.finished()
            case _:
                await self.garbled()

    async def hear(self, data: bytes) -> None:
        frame = self.intake.feed(data)
        if frame is not None and not self.hung_up:
            await self.heard.send(frame)

    def returned(self, mark: str) -> None:
        found = self.marks.pop(mark, None)
        if found is not None:
            self.playout.confirm(*found)

    async def finished(self) -> None:
        await self.heard.end()
        self.playout.end()

    async def garbled(self) -> None:
        self.report("expected audio, a key or a mark, got something else")

    async def write(self, frame: AudioFrame) -> None:
        await self.line.send(("audio", frame.data))
        await self.mark(frame)

    async def mark(self, frame: AudioFrame) -> None:
        if frame.turn is not None:
            self.sent += 1
            self.marks[str(self.sent)] = frame.turn, frame.end
            await self.line.send(("mark", str(self.sent)))

    async def clear(self, turn: Turn | None) -> None:
        self.marks.clear()
        await self.line.send(("clear", None))

    def hang_up(self) -> None:
        self.hung_up = True
        self.tasks.start_soon(self.heard.end)
        self.playout.end()


class Far:
    """The other end of that line."""

    clears = True

    def __init__(self, line: Line) -> None:
        self._line = line

    async def say(self, audio: bytes) -> None:
        await self._line.send(("audio", audio))

    async def hear(self) -> Heard:
        kind, what = await self._line.receive()
        return Mark(what) if kind == "mark" else what if what else Cleared()

    async def leave(self) -> None:
        await self._line.aclose()

    async def confirm(self, mark: str) -> None:
        await self._line.send(("mark", mark))

    async def press(self, key: str) -> None:
        await self._line.send(("key", key))

    async def garble(self) -> None:
        await self._line.send(("rubbish", None))

    async def finish(self) -> None:
        await self._line.send(("finish", None))


def line_of(phone: type[Honest]) -> Make:
    """A way to make calls by it."""

    @asynccontextmanager
    async def make() -> AsyncGenerator[tuple[Transport, FarSide]]:
        async with memory_stream() as (line, far):
            yield phone(line), Far(far)

    return make
