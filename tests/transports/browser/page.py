"""A page for tests: it plays by its own clock, and tells how far it is."""

from __future__ import annotations

import json
import struct
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from anyio import (
    BrokenResourceError,
    CancelScope,
    EndOfStream,
    create_task_group,
    current_time,
    sleep,
    sleep_until,
)
from anyio.abc import TaskGroup

from voxpipe.pipeline import AudioFormat, AudioFrame, ReplyEnd, Turn
from voxpipe.transports.telephony.socket import Socket

FORMAT = AudioFormat("pcm16", 24_000)
BLOCK = 0.02  # seconds that the loudspeaker takes at a time
CONFIRM_EVERY = 5  # blocks


def said(turn: Turn, seconds: float, value: int = 1) -> list[AudioFrame | ReplyEnd]:
    """A reply in deltas of 250 ms, each sample the number of its delta."""
    frames: list[AudioFrame | ReplyEnd] = []
    for n in range(round(seconds / 0.25)):
        data = struct.pack("<h", value + n) * (FORMAT.rate // 4)
        start = turn.grow(0.25, "item")
        frames.append(AudioFrame(data=data, format=FORMAT, start=start, turn=turn))
    return [*frames, ReplyEnd(turn=turn)]


class Page:
    """One page, over one connection after the other.

    Attributes:
        told: the messages that came, but for audio: when, and what.
        heard: what its loudspeaker has played: when, the reply, and one block.
        confirms: it tells what it has played.
        said: samples of its microphone.
        delay: seconds that its loudspeaker needs to begin.
    """

    def __init__(self) -> None:
        self.told: list[tuple[float, dict[str, Any]]] = []
        self.heard: list[tuple[float, int, bytes]] = []
        self.confirms = True
        self.said = 0
        self.delay = 0.0
        self._begins_at = 0.0
        self._line: Socket | None = None
        self._tasks: TaskGroup
        self._queue: deque[tuple[int, int, bytes]] = deque()
        self._blocks = 0
        self._unconfirmed: tuple[int, float] | None = None

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The messages of a kind."""
        return [each for _, each in self.told if each["type"] == kind]

    def at(self, kind: str) -> list[float]:
        """When they came."""
        return [when for when, each in self.told if each["type"] == kind]

    @property
    def words(self) -> bytes:
        """All that was played of replies."""
        return b"".join(data for _, reply, data in self.heard if reply)

    async def send(self, kind: str, **fields: Any) -> None:
        assert self._line is not None
        await self._line.send(json.dumps({"type": kind, **fields}))

    async def say(self, data: bytes) -> None:
        assert self._line is not None
        await self._line.send(struct.pack("<I", self.said) + data)
        self.said += len(data) // 2

    async def speak(self, seconds: float, value: int = 9_000) -> None:
        """At the pace of a microphone, 40 ms a message."""
        for _ in range(round(seconds / 0.04)):
            await self.say(struct.pack("<h", value) * 960)
            await sleep(0.04)

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[None]:
        """It is open in the block."""
        async with create_task_group() as self._tasks:
            self._tasks.start_soon(self._play)
            yield
            self._tasks.cancel_scope.cancel()

    def use(self, line: Socket) -> None:
        """It has this connection from now on."""
        self._line = line
        self._tasks.start_soon(self._listen, line)

    async def _listen(self, line: Socket) -> None:
        try:
            while True:
                message = await line.receive()
                if isinstance(message, bytes):
                    reply, before = struct.unpack_from("<II", message)
                    if not self._queue:
                        self._begins_at = current_time() + self.delay
                    self._queue.append((reply, before, message[8:]))
                    continue
                told = json.loads(message)
                self.told.append((current_time(), told))
                if told["type"] == "clear":
                    self._queue.clear()
                    await self._confirm()
        except (EndOfStream, BrokenResourceError):
            self._queue.clear()  # it falls silent with its connection

    async def _play(self) -> None:
        at = current_time()
        while True:
            at += BLOCK
            await sleep_until(at)
            self._blocks += 1
            if self._blocks % CONFIRM_EVERY == 0 or not self._queue:
                await self._confirm()  # what was played by now
            if self._queue and at >= self._begins_at:
                self._play_block(at)

    def _play_block(self, at: float) -> None:
        reply, before, data = self._queue.popleft()
        size = FORMAT.bytes_in(BLOCK)
        block, rest = data[:size], data[size:]
        if rest:
            self._queue.appendleft((reply, before + len(block) // 2, rest))
        self.heard.append((at, reply, block))
        end = before + len(block) // 2
        if reply:
            self._unconfirmed = reply, end * 1000 / FORMAT.rate

    async def _confirm(self) -> None:
        if self.confirms and self._unconfirmed is not None and self._line is not None:
            reply, ms = self._unconfirmed
            self._unconfirmed = None
            with suppress(BrokenResourceError):
                await self.send("played", reply=reply, ms=ms)


Scene = Callable[[], Awaitable[Any]]


async def until(found: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait, in virtual time, until this is so."""
    with CancelScope(deadline=current_time() + seconds) as scope:
        while not found():  # noqa: ASYNC110  # nothing tells
            await sleep(0.01)
    assert not scope.cancelled_caught
