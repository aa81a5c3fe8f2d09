"""A loudspeaker for tests: it plays what `Playout` gives it, by its own clock."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from anyio import create_task_group, current_time, sleep_until

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Output,
    Pipeline,
    Playout,
    PlayoutInput,
    Processor,
    ReplyFrame,
    Turn,
)
from voxpipe.pipeline.testing import Probe, Source, run_virtual

FORMAT = AudioFormat("pcm16", 8_000)
Story = Callable[[], Coroutine[Any, Any, object]]


class Device:
    """Hardware with a buffer: plays without a gap, and forgets when it is cleared."""

    def __init__(self) -> None:
        self.writes: list[tuple[float, AudioFrame]] = []
        self.clears: list[tuple[float, Turn | None]] = []
        self.free_at = -1.0
        self.buffer: list[tuple[float, bytes]] = []
        self.sounded = b""
        self.gaps: list[float] = []

    async def write(self, frame: AudioFrame) -> None:
        now = current_time()
        self.writes.append((now, frame))
        begins = max(now, self.free_at)
        if begins > self.free_at:
            self.gaps.append(begins)
        self.buffer.append((begins, frame.data))
        self.free_at = begins + frame.duration

    async def clear(self, turn: Turn | None) -> None:
        self.clears.append((current_time(), turn))
        self.play(current_time())
        self.buffer.clear()
        self.free_at = current_time()

    def play(self, now: float) -> None:
        """Sound what is due by ``now``."""
        rest: list[tuple[float, bytes]] = []
        for begins, data in self.buffer:
            due = max(0, min(FORMAT.bytes_in(now - begins), len(data)))
            self.sounded += data[:due]
            if due < len(data):
                rest.append((begins + due / FORMAT.bytes_per_second, data[due:]))
        self.buffer = rest

    @property
    def ahead(self) -> float:
        return self.free_at - current_time()


class Loudspeaker(Processor):
    speaks = PlayoutInput[ReplyFrame]()
    played = Output[AudioFrame]()

    def __init__(
        self,
        *,
        lead: float = 0.2,
        clears: Literal["clears", "plays out"] = "clears",
        basis: Literal["measured", "estimated"] = "estimated",
        device: Device | None = None,
    ) -> None:
        self.device = device or Device()
        self.playout = Playout(
            self.speaks,
            self.device.write,
            clear=self.device.clear if clears == "clears" else None,
            played=self.played,
            lead=lead,
            basis=basis,
        )

    async def run(self) -> None:
        await self.playout.run()


def counted(seconds: float, first: int = 0) -> bytes:
    """Audio in which each sample is its own number."""
    numbers = np.arange(first, first + round(seconds * FORMAT.rate))
    return numbers.astype(np.int16).tobytes()


def reply(turn: Turn | None, seconds: float, frame: float = 0.02) -> list[AudioFrame]:
    """The frames of a reply whose samples are counted."""
    data, size = counted(seconds), FORMAT.bytes_in(frame)
    return [
        AudioFrame(
            data=data[at : at + size],
            format=FORMAT,
            start=at / FORMAT.bytes_per_second,
            turn=turn,
        )
        for at in range(0, len(data), size)
    ]


@dataclass
class Evening:
    """What came of a run."""

    speaker: Loudspeaker
    probe: Probe
    duration: float

    @property
    def played(self) -> bytes:
        return self.probe.data


def play(
    frames: Iterable[ReplyFrame],
    speaker: Loudspeaker | None = None,
    *meanwhile: Story,
) -> Evening:
    """Play ``frames`` in virtual time while something else goes on beside it."""
    speaker = speaker or Loudspeaker()
    probe = Probe()
    source = Source(frames)

    async def evening() -> float:
        began = current_time()
        async with create_task_group() as tasks:
            for each in meanwhile:
                tasks.start_soon(each)
            await Pipeline(
                source.output >> speaker.speaks, speaker.played >> probe.input
            ).run()
            tasks.cancel_scope.cancel()
        speaker.device.play(current_time())
        return current_time() - began

    return Evening(speaker, probe, run_virtual(evening))


def at(moments: Mapping[float, Callable[[], object]]) -> Story:
    """Do something at each of some moments after the start."""

    async def follow() -> None:
        began = current_time()
        for moment in sorted(moments):
            await sleep_until(began + moment)
            moments[moment]()

    return follow
