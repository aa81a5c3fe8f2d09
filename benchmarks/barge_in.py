"""What an interruption costs: 1,000 of them at random times through full queues.

An agent speaks far faster than it is heard, so that three queues and the device's lead
are full; a sink plays 20 ms frames. At random moments somebody decides to interrupt.

*Latency*: from the decision until the device was told to forget what it has, after
which nothing of the old reply may be written. In real time, on asyncio.

*Stale frames*: those of an interrupted reply that a processor was given, or the device
was, after the decision. In virtual time, so that replies of any length can be met,
and with 250 ms deltas too.

*Naive*: the same boxes, queues and sink, but the reply is not cut: an `Interruption`
follows the audio in band, as frameworks without turns have it. Same random times.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from time import perf_counter
from typing import Literal

import anyio

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Input,
    Interruption,
    Output,
    Pipeline,
    Playout,
    PlayoutInput,
    Processor,
    Turn,
)
from voxpipe.pipeline.testing import run_virtual

from .report import Options, Report, main

INTERRUPTIONS = 1_000
RELAYS = 2  # with the sink's, three queues
SEED = 20_260_101
LEAD = 0.2  # seconds that the device is ahead of the ear, as in Playout
SOON = (0.010, 0.060)  # seconds after the first sound; in real time, to be done in time
ANY = (0.010, 1.0)

FORMAT = AudioFormat("pcm16", 24_000)  # what gpt-realtime speaks

Said = AudioFrame | Interruption
Way = Literal["cut", "in band"]


class Agent(Processor):
    """Speaks without end; when interrupted, it begins another reply.

    Args:
        way: whether its interruption is a cut or a frame behind the audio.
        frame: seconds of audio in each.
    """

    output = Output[Said]()

    def __init__(self, way: Way, frame: float) -> None:
        self._way = way
        self._seconds = frame
        self._silence = FORMAT.silence(frame)
        self._leaves = False
        self.turn = Turn()

    def interrupt(self) -> None:
        """The decision: what was said until now is not to be heard any more."""
        old, self.turn = self.turn, Turn()
        if self._way == "cut":
            old.cut()

    def leave(self) -> None:
        """Say nothing more."""
        self._leaves = True
        self.interrupt()

    async def run(self) -> None:
        while not self._leaves:
            turn, start = self.turn, 0.0
            while turn is self.turn:
                await self.output.send(
                    AudioFrame(
                        data=self._silence, format=FORMAT, start=start, turn=turn
                    )
                )
                start += self._seconds
            await self.output.send(Interruption(cut=turn))


class Stale:
    """Counts what comes of replies that are no longer wanted."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self.delivered = 0
        self.written = 0

    def is_stale(self, frame: Said) -> bool:
        """Whether the reply was interrupted before now."""
        return isinstance(frame, AudioFrame) and frame.turn is not self._agent.turn


class Relay(Processor):
    """A queue and a task on the way."""

    input = Input[Said]()
    output = Output[Said]()

    def __init__(self, stale: Stale) -> None:
        self._stale = stale

    async def run(self) -> None:
        async for frame in self.input:
            self._stale.delivered += self._stale.is_stale(frame)
            await self.output.send(frame)


class Loudspeaker(Processor):
    """A sink, and a device which only notes what is asked of it.

    Args:
        stale: counts what should not have come.
        clock: read when the device is told to forget.
    """

    speaks = PlayoutInput[Said]()

    def __init__(self, stale: Stale, clock: Callable[[], float]) -> None:
        self._stale = stale
        self._clock = clock
        self.sounds = anyio.Event()
        self.cleared = anyio.Event()
        self.cleared_at = 0.0

    async def write(self, frame: AudioFrame) -> None:
        """Take a frame that will be heard."""
        if self._stale.is_stale(frame):
            self._stale.written += 1
        else:
            self.sounds.set()

    async def clear(self, turn: Turn | None = None) -> None:
        """Forget what was not yet heard."""
        self.cleared_at = self._clock()
        self.cleared.set()

    async def run(self) -> None:
        await Playout(self.speaks, self.write, clear=self.clear, lead=LEAD).run()


class NaiveLoudspeaker(Loudspeaker):
    """Plays what comes, at its pace, and forgets when an `Interruption` comes."""

    async def run(self) -> None:
        free_at = 0.0
        async for frame in self.speaks:
            if isinstance(frame, Interruption):
                await self.clear()
                free_at = 0.0
            else:
                await anyio.sleep_until(free_at - LEAD)
                free_at = max(free_at, anyio.current_time()) + frame.duration
                await self.write(frame)


class Outcome:
    """What came of a run.

    Attributes:
        latencies: milliseconds from decision to clear, one for each interruption.
        queued: milliseconds of audio in the three queues when the decision fell.
        stale: what of old replies was delivered or written after it.
    """

    def __init__(self, stale: Stale) -> None:
        self.latencies: list[float] = []
        self.queued: list[float] = []
        self.stale = stale


async def talk(
    way: Way,
    count: int,
    within: tuple[float, float],
    frame: float = 0.02,
    clock: Callable[[], float] = anyio.current_time,
    seed: int = SEED,
) -> Outcome:
    """Let an agent be interrupted ``count`` times."""
    random, agent = Random(seed), Agent(way, frame)
    stale = Stale(agent)
    outcome = Outcome(stale)
    device = Loudspeaker if way == "cut" else NaiveLoudspeaker
    speaker = device(stale, clock)
    route = agent.output.drawn()
    for _ in range(RELAYS):
        route = route >> Relay(stale)
    pipeline = Pipeline(route >> speaker.speaks)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pipeline.run)
        for _ in range(count):
            await speaker.sounds.wait()
            await anyio.sleep(random.uniform(*within))
            inputs = pipeline.stats().inputs.values()
            outcome.queued.append(sum(each.depth_ms for each in inputs))
            speaker.sounds, speaker.cleared = anyio.Event(), anyio.Event()
            decided = clock()
            agent.interrupt()
            await speaker.cleared.wait()
            outcome.latencies.append((speaker.cleared_at - decided) * 1000)
        agent.leave()
    return outcome


def percentile(series: list[float], percent: float) -> float:
    """The value that ``percent`` of the series do not exceed."""
    ordered = sorted(series)
    return ordered[min(len(ordered) - 1, round(len(ordered) * percent / 100))]


def tell(report: Report, name: str, label: str, outcome: Outcome) -> None:
    """Print and keep the figures of a run."""
    p50, p99 = (percentile(outcome.latencies, percent) for percent in (50, 99))
    worst, queued = max(outcome.latencies), percentile(outcome.queued, 50)
    report.figures[name] = {
        "interruptions": len(outcome.latencies),
        "p50_ms": round(p50, 3),
        "p99_ms": round(p99, 3),
        "max_ms": round(worst, 3),
        "queued_ms": round(queued, 1),
        "stale_delivered": outcome.stale.delivered,
        "stale_written": outcome.stale.written,
    }
    print(
        f"{label:<35} p50 {p50:7.3f} ms   p99 {p99:7.3f} ms   max {worst:7.3f} ms   "
        f"{outcome.stale.written:6} stale frames written   ({queued:.0f} ms queued)"
    )


def measure(report: Report, options: Options) -> None:
    count = options.scaled(INTERRUPTIONS)
    live = anyio.run(talk, "cut", count, SOON, 0.02, perf_counter)
    small = run_virtual(talk, "cut", count, ANY)
    large = run_virtual(talk, "cut", count, ANY, 0.25)
    naive = run_virtual(talk, "in band", count, ANY)
    tell(report, "live", "cut, real time", live)
    tell(report, "virtual_20ms", "cut, virtual time, 20 ms frames", small)
    tell(report, "virtual_250ms", "cut, virtual time, 250 ms frames", large)
    tell(report, "naive", "in band, virtual time, 20 ms frames", naive)
    stale = [run.stale for run in (live, small, large)]
    came = sum(each.delivered + each.written for each in stale)
    report.promise("stale frames after a cut", came, "at most", 0, "frames")
    report.promise("slowest cut", max(live.latencies), "at most", 20, "ms")
    report.promise(
        "stale frames of the naive way, which shows that they would be seen",
        naive.stale.written,
        "at least",
        1,
        "frames",
    )


if __name__ == "__main__":
    main("barge_in", measure)
