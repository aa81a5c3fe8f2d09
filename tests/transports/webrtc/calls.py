"""What the tests of calls over WebRTC share: an app, its server, and a page."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import numpy as np
from anyio import Event, fail_after
from numpy.typing import NDArray

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Input,
    Output,
    Pipeline,
    Processor,
    ReplyEnd,
    ReplyFrame,
    Turn,
)
from voxpipe.pipeline.testing import no_leaks
from voxpipe.transports.browser import BrowserEndpoints
from voxpipe.transports.serving import Server
from voxpipe.transports.telephony import App, Call, Switchboard
from voxpipe.transports.webrtc import WebRtcEndpoints
from voxpipe.transports.webrtc.testing import Page, open_page
from voxpipe.webrtc import Ice

PCM = AudioFormat("pcm16", 24_000)
LOOPBACK = Ice(addresses=["127.0.0.1"])
PATIENCE = 60  # seconds; a machine that is busy needs some
LOUD = 1_000  # of 32,768: Opus leaves less than that of silence


def sweep(seconds: float, start: float = 300.0) -> bytes:
    """A tone that rises: of every moment another, so that it can be found again."""
    time = np.arange(round(seconds * PCM.rate)) / PCM.rate
    tone = np.sin(2 * np.pi * start * time * (1 + 0.3 * time)) * 8_000
    return tone.astype(np.int16).tobytes()


def likeness(heard: bytes, said: bytes) -> float:
    """The correlation of what was said with the part of what was heard most like it."""
    long, short = samples(heard), samples(said)
    if len(long) < len(short):
        return 0.0
    size = 1 << (len(long) + len(short)).bit_length()
    product = np.fft.rfft(long, size) * np.conj(np.fft.rfft(short, size))
    at = int(np.argmax(np.fft.irfft(product, size)[: len(long) - len(short) + 1]))
    return float(np.corrcoef(long[at : at + len(short)], short)[0, 1])


def samples(pcm: bytes) -> NDArray[np.float64]:
    """16-bit samples as numbers."""
    return np.frombuffer(pcm, np.int16).astype(np.float64)


def loud_ms(pcm: bytes) -> int:
    """Milliseconds of it that are loud, by pieces of ten."""
    pieces = samples(pcm)[: len(pcm) // 480 * 240].reshape(-1, 240)
    return 10 * int((np.abs(pieces).max(axis=1) > LOUD).sum()) if len(pieces) else 0


@dataclass
class Agent(Processor):
    """Says what it is given, and keeps what it hears."""

    hears = Input[AudioFrame]()
    says = Output[ReplyFrame]()

    heard: bytearray = field(default_factory=bytearray)
    turns: list[Turn] = field(default_factory=list[Turn])
    begun: Event = field(default_factory=Event)
    ended: Event = field(default_factory=Event)
    call: Call | None = None

    async def answer(self, call: Call) -> None:
        """The app."""
        self.call = call
        await Pipeline(call.heard >> self.hears, self.says >> call.speaks).run()
        self.ended.set()

    async def run(self) -> None:
        """Keep what comes."""
        self.says.format = PCM
        self.begun.set()
        async for frame in self.hears:
            self.heard += frame.data

    async def say(self, pcm: bytes) -> Turn:
        """Say something, in pieces of 200 ms."""
        turn = Turn()
        self.turns.append(turn)
        size = 9_600
        for at in range(0, len(pcm), size):
            frame = AudioFrame(
                data=pcm[at : at + size], format=PCM, start=at / 48_000, turn=turn
            )
            await self.says.send(frame)
        await self.says.send(ReplyEnd(turn=turn))
        return turn


@asynccontextmanager
async def served(
    answer: App, limit: int = 100
) -> AsyncGenerator[tuple[str, Switchboard]]:
    """An app's endpoint: its address, and its switchboard; nothing is left of it."""
    board = Switchboard(answer, limit=limit)
    with fail_after(PATIENCE):
        async with (
            no_leaks(),
            WebRtcEndpoints(BrowserEndpoints(board), ice=LOOPBACK) as endpoints,
            Server(endpoints) as server,
        ):
            yield f"{server.url}/webrtc", board
            await board.drain(0)


@asynccontextmanager
async def called(agent: Agent) -> AsyncGenerator[Page]:
    """A page in a call with an agent."""
    async with served(agent.answer) as (url, _), open_page() as page:
        await page.call(url)
        page.send("hello")
        await page.told("ready")
        await agent.begun.wait()
        yield page
