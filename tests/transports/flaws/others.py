"""Flaws about other calls, keys and rubbish."""

from __future__ import annotations

from collections import deque
from typing import Any, ClassVar

from voxpipe.pipeline import (
    AudioFrame,
    Dtmf,
)

from ..honest import Honest, Line

# --- apart


class SpeaksOnTheLastLine(Honest):
    lines: ClassVar[list[Line]] = []

    def __init__(self, line: Line) -> None:
        super().__init__(line)
        self.lines.append(line)

    async def write(self, frame: AudioFrame) -> None:
        await self.lines[-1].send(("audio", frame.data))
        await self.mark(frame)


class HearsForTheLast(Honest):
    last: ClassVar[list[Honest]] = []

    def __init__(self, line: Line) -> None:
        super().__init__(line)
        self.last.append(self)

    async def hear(self, data: bytes) -> None:
        await Honest.hear(self.last[-1], data)


class KeepsOneBuffer(Honest):
    buffer: ClassVar[deque[bytes]] = deque()

    async def hear(self, data: bytes) -> None:
        self.buffer.append(data)
        if len(self.buffer) == 2:  # it works, as long as there is one call
            await super().hear(self.buffer.popleft() + self.buffer.popleft())


# --- keys


class HearsAKeyOnce(Honest):
    key = ""

    async def heed(self, kind: str, what: Any) -> None:
        if kind != "key" or what != self.key:
            await super().heed(kind, what)
        if kind == "key":
            self.key = what


class HearsAKeyTwice(Honest):
    async def heed(self, kind: str, what: Any) -> None:
        await super().heed(kind, what)
        if kind == "key":
            await super().heed(kind, what)


class HasNoKeys(Honest):
    async def heed(self, kind: str, what: Any) -> None:
        if kind != "key":
            await super().heed(kind, what)


class HearsOtherKeys(Honest):
    async def heed(self, kind: str, what: Any) -> None:
        if kind == "key":
            await self.pressed.send(Dtmf(digit="0"))
        else:
            await super().heed(kind, what)


# --- rubbish


class Stumbles(Honest):
    async def garbled(self) -> None:
        raise ValueError("expected audio, a key or a mark")


class SaysNothingOfIt(Honest):
    async def garbled(self) -> None:
        pass


class HangsUpOnRubbish(Honest):
    async def garbled(self) -> None:
        await super().garbled()
        self.tasks.cancel_scope.cancel()


class TakesItForAudio(Honest):
    async def garbled(self) -> None:
        await super().garbled()
        await self.hear(b"rubbish")


FLAWS: dict[type[Honest], str] = {
    SpeaksOnTheLastLine: "apart",
    HearsForTheLast: "apart",
    KeepsOneBuffer: "apart",
    HearsAKeyOnce: "keys",
    HearsAKeyTwice: "keys",
    HasNoKeys: "keys",
    HearsOtherKeys: "keys",
    Stumbles: "rubbish",
    SaysNothingOfIt: "rubbish",
    HangsUpOnRubbish: "rubbish",
    TakesItForAudio: "rubbish",
}
