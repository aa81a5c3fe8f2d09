"""The other side of `benchmarks.chain` and `benchmarks.hop`: the same chain in Pipecat.

Runs under the Python of ``.bench-venv``, which has pipecat-ai and not voxpipe. It reads
one order a line, ``KIND BOXES FRAMES``, and answers each with one line of JSON:
``{"seconds": …}``, CPU seconds from the first frame's entry to the last one's arrival.

KIND: ``input`` sends InputAudioRawFrame (what a caller says; a system frame, one queue
for each processor), ``output`` sends OutputAudioRawFrame (what an agent says; two
queues), ``direct`` sends the latter through processors in direct mode, without queues.

Bare, to be fair: no RTVI, observers, turn tracking, idle timeout, metrics, or logging.
"""

import asyncio
import gc
import json
import sys
from importlib.metadata import version
from time import process_time

from loguru import logger

logger.remove()
logger.disable("pipecat")

from pipecat.frames.frames import (  # noqa: E402  # silenced before it logs
    EndFrame,
    InputAudioRawFrame,
    OutputAudioRawFrame,
    StartFrame,
)
from pipecat.pipeline.pipeline import Pipeline  # noqa: E402
from pipecat.pipeline.worker import PipelineWorker  # noqa: E402
from pipecat.processors.frame_processor import FrameProcessor  # noqa: E402
from pipecat.workers.runner import WorkerRunner  # noqa: E402

WINDOW = 32  # frames in flight; more than that make Pipecat's priority queue slower
KINDS = {
    "input": InputAudioRawFrame,
    "output": OutputAudioRawFrame,
    "direct": OutputAudioRawFrame,
}


class Pass(FrameProcessor):
    """A processor as its documentation shows it, that passes everything on."""

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)


class Sink(FrameProcessor):
    """Counts what arrives, and tells when a window is complete."""

    def __init__(self, kind):
        super().__init__(enable_direct_mode=True)
        self.kind = kind
        self.count = 0
        self.expected = 0
        self.complete = asyncio.Event()

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if isinstance(frame, self.kind):
            self.count += 1
            if self.count == self.expected:
                self.complete.set()
        else:
            await self.push_frame(frame, direction)


class Source(FrameProcessor):
    """Pushes frames when told to; in direct mode, so that it costs nothing itself."""

    def __init__(self):
        super().__init__(enable_direct_mode=True)

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)


async def measure(kind, boxes, count):
    """CPU seconds of ``count`` frames through ``boxes`` processors."""
    cls = KINDS[kind]
    audio = bytes(640)  # 20 ms at 16 kHz
    frames = [
        cls(audio=audio, sample_rate=16_000, num_channels=1) for _ in range(count)
    ]
    source, sink = Source(), Sink(cls)
    chain = [Pass(enable_direct_mode=kind == "direct") for _ in range(boxes)]
    worker = PipelineWorker(
        Pipeline([source, *chain, sink]),
        cancel_on_idle_timeout=False,
        check_dangling_tasks=False,
        enable_rtvi=False,
        enable_turn_tracking=False,
        idle_timeout_secs=None,
    )
    started = asyncio.Event()

    @worker.event_handler("on_pipeline_started")
    async def on_pipeline_started(worker, frame: StartFrame):
        started.set()

    seconds = 0.0

    async def drive():
        nonlocal seconds
        await started.wait()
        gc.collect()
        began = process_time()
        for at in range(0, count, WINDOW):
            window = frames[at : at + WINDOW]
            sink.expected += len(window)
            sink.complete.clear()
            for frame in window:
                await source.push_frame(frame)
            await sink.complete.wait()
        seconds = process_time() - began
        await worker.queue_frame(EndFrame())

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await asyncio.gather(runner.run(), drive())
    assert sink.count == count
    return seconds


def main():
    """Obey until there are no more orders."""
    hello = {"pipecat": version("pipecat-ai"), "python": sys.version.split()[0]}
    print(json.dumps(hello), flush=True)
    for order in sys.stdin:
        kind, boxes, count = order.split()
        seconds = asyncio.run(measure(kind, int(boxes), int(count)))
        print(json.dumps({"seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
