"""A whole call for tests: a phone, a model that is simulated, tools, and who reads."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from anyio import create_task_group

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Fault,
    Interruption,
    Pipeline,
    Route,
    Transcript,
    Usage,
    VoxpipeError,
)
from voxpipe.pipeline.testing import Probe
from voxpipe.processors.audio import Encode
from voxpipe.processors.realtime import Realtime
from voxpipe.processors.realtime import open_session as open_realtime
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.tools import Tool, ToolRouter
from voxpipe.processors.vad import Vad
from voxpipe.simulator import Script, Simulated, Timing
from voxpipe.simulator import simulated as simulated_anew
from voxpipe.transports import MemoryPhone

ULAW = AudioFormat("ulaw", 8_000)
QUICK = Timing(
    first_audio_ms=100,
    first_text_ms=50,
    transcription_ms=150,
    rate_limits_ms=0,
    text_token_ms=1,
)
DEADLINE = 120.0  # seconds, virtual; a call that has not ended by then never will


def simulated(script: Script, **options: Any) -> Simulated:
    """A simulated model that names everything alike in each run."""
    return simulated_anew(script, seed=1, **options)


def speech(seconds: float, format: AudioFormat = PCM_24K) -> bytes:
    """A person's voice, for anybody who only listens for loudness."""
    time = np.arange(round(seconds * format.rate)) / format.rate
    partials = [np.sin(2 * np.pi * 140 * n * time) / n for n in (1, 2, 3)]
    samples: bytes = (7_000 * np.sum(partials, axis=0)).astype("<i2").tobytes()
    if format.encoding == "pcm16":
        return samples
    return _encoded(samples, format)


def _encoded(samples: bytes, format: AudioFormat) -> bytes:
    assert format.encoding != "pcm16"
    plain = AudioFrame(data=samples, format=AudioFormat("pcm16", format.rate))
    return b"".join(frame.data for frame in Encode(format.encoding).feed(plain))


class Call:
    """One conversation: lay the routes, then `hold` it.

    Args:
        model: with a session that is open.
        tools: what it may call.
        phone: who calls; a line that is silent where nobody speaks, unless given.
        vad: marks speech in front of the model, with local turns.
    """

    def __init__(
        self,
        model: Realtime,
        tools: ToolRouter | None = None,
        *,
        phone: MemoryPhone | None = None,
        vad: Vad | None = None,
        routes: Callable[[Call], Sequence[Route]] = lambda call: (),
    ) -> None:
        format = model.hears.format
        assert isinstance(format, AudioFormat)
        self.format = format
        self.model = model
        self.phone = phone = phone or MemoryPhone(format, background="silence")
        self.probes = {
            name: Probe()
            for name in ("transcripts", "interruptions", "usage", "faults", "played")
        }
        heard = phone.heard if vad is None else phone.heard >> vad
        lines: list[Route] = [
            heard >> model.hears,
            model.says >> phone.speaks,
            model.transcripts >> self.probes["transcripts"].input,
            model.interruptions >> self.probes["interruptions"].input,
            model.usage >> self.probes["usage"].input,
            model.faults >> self.probes["faults"].input,
            phone.played >> self.probes["played"].input,
        ]
        if tools is not None:
            lines += [model.calls >> tools.calls, tools.results >> model.results]
        self.pipeline = Pipeline(*lines, *routes(self))

    async def hold(self, plot: Callable[[Call], Coroutine[Any, Any, object]]) -> None:
        """Run the pipeline beside what the caller does, until it ends."""
        how, error = "", None
        async with create_task_group() as tasks:
            tasks.start_soon(plot, self)
            try:
                how = await self.pipeline.run(deadline=DEADLINE)
            except VoxpipeError as raised:
                error = raised
            tasks.cancel_scope.cancel()
        if error is not None:
            raise error
        assert how == "finished", self.pipeline.unfinished

    async def speak(self, seconds: float = 1.0) -> None:
        """The caller says something."""
        await self.phone.play(speech(seconds, self.format))

    # --- what came of it

    @property
    def transcripts(self) -> list[Transcript]:
        """All that was told of both sides."""
        return self.probes["transcripts"].frames

    @property
    def said(self) -> list[tuple[str, str]]:
        """What both sides said, as far as it was heard."""
        final = {t.item_id: t for t in self.transcripts if t.final}
        return [
            (t.speaker, t.text if t.played is None else t.played)
            for t in final.values()
        ]

    @property
    def interruptions(self) -> list[Interruption]:
        """Replies that were cut."""
        return self.probes["interruptions"].frames

    @property
    def usage(self) -> list[Usage]:
        """The bill, item by item."""
        return self.probes["usage"].frames

    @property
    def faults(self) -> list[str]:
        """What was reported."""
        reported: list[Fault] = self.probes["faults"].frames
        return [fault.message for fault in reported]

    @property
    def played(self) -> float:
        """Seconds of the agent that were heard."""
        frames: list[AudioFrame] = self.probes["played"].frames
        return sum(frame.duration for frame in frames)


@asynccontextmanager
async def session(script: Script, **settings: Any) -> AsyncGenerator[Realtime]:
    """A model with a simulated session."""
    options = settings.pop("options", {})
    connect = simulated(script, **options)
    async with open_realtime(connect=connect, **settings) as opened:
        yield Realtime(opened)


@asynccontextmanager
async def call(
    script: Script,
    *,
    tools: Sequence[Tool[..., Any]] = (),
    vad: Vad | None = None,
    phone: MemoryPhone | None = None,
    routes: Callable[[Call], Sequence[Route]] = lambda call: (),
    **settings: Any,
) -> AsyncGenerator[Call]:
    """A call to a simulated model."""
    router = ToolRouter(tools) if tools else None
    schemas = router.schemas if router else ()
    async with session(script, tools=schemas, **settings) as model:
        yield Call(model, router, phone=phone, vad=vad, routes=routes)
