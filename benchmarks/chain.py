"""What a synchronous box costs: 8 of them in a row, beside the same chain in Pipecat.

Microseconds of CPU per frame and box. The cost of the two ends is measured in the same
round by a chain without boxes, and taken off, here as there. Our chain ends in a box
that lets nothing through, so that no queue blurs what is to be seen (its price is
`benchmarks.hop`); Pipecat's processors have no form without queues but its direct mode,
which is measured too.

Pipecat carries an agent's audio in order with all other frames, and interruptions drop
it, as ours: that is what the promise is held against. A caller's audio takes its fast
lane, which overtakes other frames; what it costs there stands beside it.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable
from time import process_time

import anyio

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Filter,
    Input,
    Output,
    Pipeline,
    Processor,
    Turn,
)

from .peer import Pipecat
from .report import Options, Report, main

BOXES = 8
FRAMES, PEER_FRAMES = 5_000, 1_000
ROUNDS = 40

FORMAT = AudioFormat("pcm16", 16_000)
SILENCE = FORMAT.silence(0.02)


class Pass(Filter[AudioFrame]):
    """Hands on what it gets."""

    def feed(self, frame: AudioFrame) -> Iterable[AudioFrame]:
        return (frame,)


class PassByYield(Filter[AudioFrame]):
    """The same as a generator, which is how most boxes are written."""

    def feed(self, frame: AudioFrame) -> Iterable[AudioFrame]:
        yield frame


class Remake(Filter[AudioFrame]):
    """Makes a new frame of each."""

    def feed(self, frame: AudioFrame) -> Iterable[AudioFrame]:
        return (frame.with_data(SILENCE),)


class Swallow(Filter[AudioFrame]):
    """The end of the chain."""

    def feed(self, frame: AudioFrame) -> Iterable[AudioFrame]:
        return ()


class Source(Processor):
    """Sends frames as fast as it can, and stops the time."""

    output = Output[AudioFrame]()

    def __init__(self, frames: list[AudioFrame]) -> None:
        self._frames = frames
        self.seconds = 0.0

    async def run(self) -> None:
        gc.collect()
        send = self.output.send
        began = process_time()
        for frame in self._frames:
            await send(frame)
        self.seconds = process_time() - began


class Sink(Processor):
    """Reads what arrives."""

    input = Input[AudioFrame]()

    async def run(self) -> None:
        async for _ in self.input:
            pass


def seconds(make: Callable[[], Filter[AudioFrame]], boxes: int, count: int) -> float:
    """CPU seconds of ``count`` frames through a chain."""
    turn = Turn()
    frames = [
        AudioFrame(data=SILENCE, format=FORMAT, start=i * 0.02, turn=turn)
        for i in range(count)
    ]
    source, sink = Source(frames), Sink()
    route = source.output.drawn()
    for _ in range(boxes):
        route = route >> make()
    pipeline = Pipeline(route >> Swallow() >> sink.input)
    anyio.run(pipeline.run)
    stats = pipeline.stats()
    assert sum(box.taken for box in stats.boxes.values()) == count * (boxes + 1)
    return source.seconds


def measure(report: Report, options: Options) -> None:
    kinds = {"pass": Pass, "pass_by_yield": PassByYield, "remake": Remake}
    ours: dict[str, list[float]] = {name: [] for name in kinds}
    theirs: dict[str, list[float]] = {"input": [], "output": [], "direct": []}
    count, peer_count = options.scaled(FRAMES), options.scaled(PEER_FRAMES)
    with Pipecat.if_wanted(options) as pipecat:
        for _ in range(options.scaled(ROUNDS)):
            for name, make in kinds.items():
                # Both before and after: a neighbour on the machine comes and goes.
                ends = seconds(make, 0, count)
                chain = seconds(make, BOXES, count)
                ends = (ends + seconds(make, 0, count)) / 2
                ours[name].append((chain - ends) / (BOXES * count) * 1e6)
            if pipecat is not None:
                for kind in ("input", "output", "direct"):
                    cost = pipecat.per_box(kind, BOXES, peer_count)
                    theirs[kind].append(cost)
    _tell(report, ours)
    if pipecat is None:
        report.promise("cheaper than Pipecat's chain", None, "at least", 50, "times")
        return
    report.figures["pipecat"] = pipecat.version
    _compare(report, ours["pass"], theirs)


def _tell(report: Report, ours: dict[str, list[float]]) -> None:
    labels = {
        "pass": ("a box that passes frames on", 0.6),
        "pass_by_yield": ("the same, written with yield", 0.6),
        "remake": ("a box that makes a new frame", 1.5),
    }
    for name, series in ours.items():
        label, limit = labels[name]
        middle = report.add(f"{name}_us", series, f"voxpipe, {label}", "µs")
        report.promise(label, middle, "at most", limit, "µs")


def _compare(report: Report, ours: list[float], theirs: dict[str, list[float]]) -> None:
    labels = {
        "input": "Pipecat, a caller's audio (one queue a processor)",
        "output": "Pipecat, an agent's audio (two queues)",
        "direct": "Pipecat, direct mode (no queues)",
    }
    for kind, series in theirs.items():
        report.add(f"pipecat_{kind}_us", series, labels[kind], "µs")
    for kind, what in (("input", "a caller's audio"), ("output", "an agent's audio")):
        ratios = [t / o for t, o in zip(theirs[kind], ours, strict=True)]
        label = f"Pipecat, {what} / voxpipe"
        middle = report.add(f"ratio_{kind}", ratios, label, "×")
    report.promise("cheaper than Pipecat's chain", middle, "at least", 50, "times")


if __name__ == "__main__":
    main("chain", measure)
