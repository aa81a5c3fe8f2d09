"""The agent in a check: it keeps what it hears, and says what it is told to say."""

from __future__ import annotations

import random
from contextlib import suppress

from anyio import Event, create_task_group

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Input,
    Output,
    Processor,
    ReplyEnd,
    ReplyFrame,
    Turn,
    VoxpipeError,
)

FRAME = 0.02  # seconds; what telephones send
DELTA = 0.25  # seconds; what a model makes at a time


def sound(format: AudioFormat, seconds: float, seed: int) -> bytes:
    """Audio of which no two places are alike; another one for each seed."""
    return random.Random(seed).randbytes(format.bytes_in(seconds))


class Agent(Processor):
    """Answers one call.

    Attributes:
        format: in which it speaks.
        frames: what it has heard.
        has_ended: ``heard`` has ended.
        last_word: said when ``heard`` has ended, or when it is told to stop.
        taken: seconds of its speech that its output has taken.
    """

    hears = Input[AudioFrame](optional=True)
    says = Output[ReplyFrame]()

    def __init__(self, format: AudioFormat) -> None:
        self.format = format
        self.frames: list[AudioFrame] = []
        self.has_ended = False
        self.last_word = b""
        self.taken = 0.0
        self._listens = Event()
        self._listens.set()
        self._stops = Event()

    @property
    def data(self) -> bytes:
        """All that it has heard."""
        return b"".join(frame.data for frame in self.frames)

    def stop_listening(self) -> None:
        """Read nothing more."""
        self._listens = Event()

    def listen_on(self) -> None:
        """Read again."""
        self._listens.set()

    def stop(self) -> None:
        """Come to an end by itself."""
        self._stops.set()

    async def run(self) -> None:
        """Listen until there is nothing more to hear, and say the last word."""
        async with create_task_group() as tasks:
            tasks.start_soon(self._listen)
            await self._stops.wait()
            tasks.cancel_scope.cancel()
        if self.last_word:
            await self.say(self.last_word, delta=FRAME)

    async def _listen(self) -> None:
        await self._listens.wait()
        async for frame in self.hears:
            self.frames.append(frame)
            await self._listens.wait()
        self.has_ended = True
        self._stops.set()

    async def say(
        self, data: bytes, turn: Turn | None = None, *, delta: float = DELTA
    ) -> None:
        """Make a reply of this, as fast as it is taken, unless the call is over."""
        with suppress(VoxpipeError):
            await self._say(data, turn, delta)

    async def _say(self, data: bytes, turn: Turn | None, delta: float) -> None:
        turn = Turn() if turn is None else turn
        step = self.format.bytes_in(delta)
        for at in range(0, len(data), step):
            piece = data[at : at + step]
            seconds = len(piece) / self.format.bytes_per_second
            frame = AudioFrame(
                data=piece, format=self.format, start=turn.grow(seconds), turn=turn
            )
            if not await self.says.send(frame):
                return  # nobody plays it any more
            self.taken += seconds
        await self.says.send(ReplyEnd(turn=turn))
