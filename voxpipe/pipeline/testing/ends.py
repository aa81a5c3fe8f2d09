"""The two ends of a pipeline under test."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from anyio import current_time as now
from anyio import sleep_until

from voxpipe.pipeline.audioframe import AudioFrame, Frame
from voxpipe.pipeline.output import Output
from voxpipe.pipeline.ports import Input
from voxpipe.pipeline.processor import Processor
from voxpipe.pipeline.runtime.expect import expect
from voxpipe.pipeline.runtime.words import one_of

Pace = Literal["at once", "real time"]


class Source(Processor):
    """Sends given frames, then ends.

    Args:
        frames: in the order in which they are sent.
        pace: ``real time`` sends each audio frame when its last sample would have been
            recorded, as a microphone does; other frames follow at once.
    """

    output = Output[Any]()

    def __init__(self, frames: Iterable[Frame], *, pace: Pace = "at once") -> None:
        one_of(Pace, pace, "pace")
        expect(hasattr(frames, "__iter__"), frames, "frames is a list of frames")
        self._frames = frames
        self._pace: Pace = pace

    async def run(self) -> None:
        """Send the frames."""
        at = now()
        for frame in self._frames:
            if self._pace == "real time" and isinstance(frame, AudioFrame):
                at += frame.duration
                await sleep_until(at)
            if not await self.output.send(frame):
                return


class Probe(Processor):
    """Keeps all that arrives.

    Attributes:
        frames: what has arrived.
        times: when each of them did, on anyio's clock.
    """

    input = Input[Any]()

    def __init__(self) -> None:
        self.frames: list[Any] = []
        self.times: list[float] = []

    async def run(self) -> None:
        """Collect until the stream ends."""
        async for frame in self.input:
            self.frames.append(frame)
            self.times.append(now())

    @property
    def data(self) -> bytes:
        """The bytes of all audio that has arrived."""
        return b"".join(f.data for f in self.frames if isinstance(f, AudioFrame))
