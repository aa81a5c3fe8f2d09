"""What it costs to be watched: how much of a core, for one call of ten.

A call in memory with the simulator, in real time: once with no window, once with one
that nobody looks at, and once while a page reads all of it. Each is the CPU time of
this process for the same seconds of speech, the simulator's included.

The page's reader is a process of its own; the window's thread is part of what is
measured.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from time import process_time

import anyio

from voxpipe.pipeline import AudioFormat, AudioFrame, Pipeline
from voxpipe.pipeline.testing import Probe, Source
from voxpipe.processors.audio import Gain, Resample
from voxpipe.processors.realtime import Realtime, open_session
from voxpipe.simulator import Line, Script, simulated
from voxpipe.watch import watching

from .report import Options, Report, main

SECONDS, CALLS, ROUNDS = 6.0, 10, 5
PHONE = AudioFormat("pcm16", 16_000)
SILENCE = PHONE.silence(0.02)
SCRIPT = Script(replies=[Line(say="We are open from six to eleven. " * 3)] * 3)
READER = """
import sys
from websockets.sync.client import connect
with connect(sys.argv[1], max_size=None) as line:
    print("reads", flush=True)
    for _ in line:
        pass
"""


async def call() -> None:
    """Somebody is silent, and is told something."""
    frames = [AudioFrame(data=SILENCE, format=PHONE)] * round(SECONDS * 50)
    caller, ears = Source(frames, pace="real time"), Probe()
    async with open_session(connect=simulated(SCRIPT)) as session:
        model = Realtime(session)
        pipeline = Pipeline(
            caller.output >> Gain(-3) >> Resample(24_000) >> model.hears,
            model.says >> ears.input,
        )
        model.say("Tell when we are open.")
        await pipeline.run(deadline=SECONDS)


async def calls() -> None:
    """Ten of them."""
    async with anyio.create_task_group() as tasks:
        for _ in range(CALLS):
            tasks.start_soon(call)


def percent() -> float:
    """Of a core, for one call."""
    began = process_time()
    anyio.run(calls)
    return 100 * (process_time() - began) / SECONDS / CALLS


@contextmanager
def looked_at() -> Generator[None]:
    """A page reads all that there is."""
    with watching(tell=lambda _: None) as link:
        address, _, word = link.partition("#")
        feed = f"{address.replace('http', 'ws', 1)}watch?word={word}"
        command = [sys.executable, "-c", READER, feed]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as reader:
            assert reader.stdout is not None
            reader.stdout.readline()
            try:
                yield
            finally:
                reader.kill()


def measure(report: Report, options: Options) -> None:
    """In turn, so that what else the machine does meets all three alike."""
    bare, nobody, somebody = list[float](), list[float](), list[float]()
    for _ in range(options.scaled(ROUNDS)):
        bare.append(percent())
        with watching(tell=lambda _: None):
            nobody.append(percent())
        with looked_at():
            somebody.append(percent())
    report.add("bare", bare, "not watched, of a core for a call", "%")
    report.add("nobody", nobody, "a window, and nobody looks", "%")
    report.add("somebody", somebody, "a page that is told everything", "%")
    more = [a - b for a, b in zip(nobody, bare, strict=True)]
    middle = report.add(
        "nobody_more", more, "a window costs, of a core for a call", "%"
    )
    report.promise("a window costs, when nobody looks", middle, "at most", 0.1, "%")
    more = [a - b for a, b in zip(somebody, bare, strict=True)]
    middle = report.add(
        "somebody_more", more, "a page costs, of a core for a call", "%"
    )
    report.promise("a page costs, of a core for a call", middle, "at most", 2, "%")


if __name__ == "__main__":
    main("watch", measure)
