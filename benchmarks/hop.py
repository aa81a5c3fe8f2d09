"""What a queue costs: from one processor's output into another's input.

Microseconds of CPU per frame, on asyncio, from the first `send` to the last frame read.

*Hop*: two processors, against two tasks with a bare anyio memory stream of the same
capacity between them, both trying without waiting first and waiting only when blocked.
Ours checks turns, counts frames and milliseconds, and lets others run every 32 frames.

*Relay*: what one more processor in the middle costs, against one more in Pipecat. As in
``chain``, an agent's audio is the measure: in order with all other frames, and dropped
on an interruption, as ours. Its fast lane, which passes one queue in each processor and
not two, but overtakes other frames, stands beside it.
"""

from __future__ import annotations

import gc
from time import process_time

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Input,
    Output,
    Pipeline,
    Processor,
    Turn,
)

from .peer import Pipecat
from .report import Options, Report, main

FRAMES, PEER_FRAMES = 5_000, 1_000
RELAYS = 8
ROUNDS = 40

FORMAT = AudioFormat("pcm16", 16_000)
SILENCE = FORMAT.silence(0.02)
CAPACITY = 10  # frames of 20 ms: what fits into an input as it comes, 200 ms


class Source(Processor):
    """Sends frames as fast as they are taken, and starts the time."""

    output = Output[AudioFrame]()

    def __init__(self, frames: list[AudioFrame]) -> None:
        self._frames = frames
        self.began = 0.0

    async def run(self) -> None:
        gc.collect()
        self.began = process_time()
        for frame in self._frames:
            await self.output.send(frame)


class Relay(Processor):
    """Hands on what it gets, by a task of its own."""

    input = Input[AudioFrame]()
    output = Output[AudioFrame]()

    async def run(self) -> None:
        async for frame in self.input:
            await self.output.send(frame)


class Sink(Processor):
    """Counts what arrives, and stops the time."""

    input = Input[AudioFrame]()

    def __init__(self) -> None:
        self.count = 0
        self.ended = 0.0

    async def run(self) -> None:
        async for _ in self.input:
            self.count += 1
        self.ended = process_time()


def frames(count: int) -> list[AudioFrame]:
    turn = Turn()
    return [
        AudioFrame(data=SILENCE, format=FORMAT, start=i * 0.02, turn=turn)
        for i in range(count)
    ]


def voxpipe_seconds(count: int, relays: int) -> float:
    """CPU seconds of ``count`` frames through ``relays`` + 1 queues."""
    source, sink = Source(frames(count)), Sink()
    route = source.output.drawn()
    for _ in range(relays):
        route = route >> Relay()
    anyio.run(Pipeline(route >> sink.input).run)
    assert sink.count == count
    return sink.ended - source.began


def anyio_seconds(count: int) -> float:
    """CPU seconds of ``count`` frames through one memory stream between two tasks."""
    return anyio.run(_bare, frames(count))


async def _bare(frames: list[AudioFrame]) -> float:
    send, receive = anyio.create_memory_object_stream[AudioFrame](CAPACITY)
    gc.collect()
    began = process_time()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_bare_source, send, frames)
        tasks.start_soon(_bare_sink, receive, len(frames))
    return process_time() - began


async def _bare_source(
    send: MemoryObjectSendStream[AudioFrame], frames: list[AudioFrame]
) -> None:
    with send:
        for frame in frames:
            try:
                send.send_nowait(frame)
            except anyio.WouldBlock:
                await send.send(frame)


async def _bare_sink(
    receive: MemoryObjectReceiveStream[AudioFrame], expected: int
) -> None:
    count = 0
    with receive:
        while True:
            try:
                receive.receive_nowait()
            except anyio.WouldBlock:
                try:
                    await receive.receive()
                except anyio.EndOfStream:
                    break
            except anyio.EndOfStream:
                break
            count += 1
    assert count == expected


def measure(report: Report, options: Options) -> None:
    bare: list[float] = []
    hop: list[float] = []
    relay: list[float] = []
    peer: list[float] = []
    fast: list[float] = []
    count, peer_count = options.scaled(FRAMES), options.scaled(PEER_FRAMES)
    with Pipecat.if_wanted(options) as pipecat:
        for _ in range(options.scaled(ROUNDS)):
            bare.append(anyio_seconds(count) / count * 1e6)
            one = voxpipe_seconds(count, relays=0) / count * 1e6
            hop.append(one)
            few = count // RELAYS  # as long as the others
            many = voxpipe_seconds(few, RELAYS) / few * 1e6
            relay.append((many - one) / RELAYS)
            if pipecat is not None:
                peer.append(pipecat.per_box("output", RELAYS, peer_count))
                fast.append(pipecat.per_box("input", RELAYS, peer_count))
    report.add("anyio_us", bare, "anyio, bare hop between two tasks", "µs")
    report.add("hop_us", hop, "voxpipe, hop between two processors", "µs")
    ratios = [ours / theirs for ours, theirs in zip(hop, bare, strict=True)]
    middle = report.add("ratio_anyio", ratios, "voxpipe / anyio", "×")
    report.promise("a hop, beside bare anyio", middle, "at most", 2, "times")
    report.add("relay_us", relay, "voxpipe, one more processor in the middle", "µs")
    if pipecat is None:
        report.promise("cheaper than Pipecat's hop", None, "at least", 4, "times")
        return
    report.figures["pipecat"] = pipecat.version
    report.add("pipecat_us", peer, "Pipecat, one more, an agent's audio", "µs")
    report.add("pipecat_fast_us", fast, "Pipecat, one more, a caller's audio", "µs")
    ratios = [theirs / ours for theirs, ours in zip(peer, relay, strict=True)]
    middle = report.add("ratio_pipecat", ratios, "Pipecat / voxpipe", "×")
    report.promise("cheaper than Pipecat's hop", middle, "at least", 4, "times")
    ratios = [theirs / ours for theirs, ours in zip(fast, relay, strict=True)]
    report.add("ratio_pipecat_fast", ratios, "Pipecat's fast lane / voxpipe", "×")


if __name__ == "__main__":
    main("hop", measure)
