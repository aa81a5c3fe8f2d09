"""A long call: nothing piles up.

A minute in the ordinary suite, five with ``make test-slow``, an hour with
``make soak``.
"""

from __future__ import annotations

import gc
import tracemalloc

import pytest
from anyio import create_task_group, current_time, sleep

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Input,
    Interruption,
    Pipeline,
    Processor,
    ToolCall,
    Transcript,
    Usage,
)
from voxpipe.processors.audio import Decode, Encode, Resample
from voxpipe.processors.realtime import Realtime, Service, open_session
from voxpipe.processors.tools import ToolRouter, tool
from voxpipe.processors.vad import Vad
from voxpipe.simulator import CallTool, Line, Script
from voxpipe.transports import MemoryPhone

from .processors.realtime.call import QUICK, simulated, speech
from .processors.realtime.loops import BACKENDS, Backend, run_virtually

MINUTE = 60.0
GROWTH = 1_000_000  # bytes
PHONE = AudioFormat("ulaw", 8_000)
SCRIPT = Script(
    replies=(
        Line(heard="What is the weather?", calls=(CallTool(name="weather"),)),
        Line(say="It is {result}, and will stay so for the whole of the week."),
        Line(heard="And tomorrow?", say="Tomorrow will be a day like any other day."),
        Line(heard="I see.", say="Is there anything else?"),
    ),
    then="repeat",
    timing=QUICK,
)


@tool
async def weather() -> str:
    """Tell the weather."""
    await sleep(0.2)
    return "sunny"


class Counter(Processor):
    """Counts what a call consists of, and keeps none of it."""

    transcripts = Input[Transcript]()
    interruptions = Input[Interruption]()
    usage = Input[Usage]()
    calls = Input[ToolCall]()
    played = Input[AudioFrame]()

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    async def run(self) -> None:
        async with create_task_group() as tasks:
            for port in self.inputs():
                tasks.start_soon(self._count, port.name, port)

    async def _count(self, name: str, port: Input[object]) -> None:
        async for _ in port:
            self.counts[name] = self.counts.get(name, 0) + 1


async def long_call(seconds: float, counter: Counter, watched: float) -> int:
    """Hold a call; returns by how many bytes it has grown in its last seconds."""
    # Telling the simulator's memory from ours takes frames, and those take time.
    depth = 1 if watched <= 2 * MINUTE else 5
    router = ToolRouter([weather])
    growth = 0
    connect = simulated(SCRIPT, lifetime=2 * seconds)
    async with open_session(
        service=Service(api_key="sk-test"),
        connect=connect,
        turn_detection="local",
        tools=router.schemas,
    ) as session:
        model, phone = Realtime(session), MemoryPhone(PHONE, background="silence")
        pipeline = Pipeline(
            phone.heard >> Decode() >> Vad() >> Resample(24_000) >> model.hears,
            model.says >> Resample(8_000) >> Encode("ulaw") >> phone.speaks,
            model.calls >> router.calls,
            router.results >> model.results,
            model.transcripts >> counter.transcripts,
            model.interruptions >> counter.interruptions,
            model.usage >> counter.usage,
            model.calls >> counter.calls,
            phone.played >> counter.played,
        )
        async with create_task_group() as tasks:
            tasks.start_soon(pipeline.run)
            words, end = speech(1.2, PHONE), current_time() + seconds
            while current_time() < end:
                for wait in (5.0, 1.5, 3.0):  # the second is too short for the answer
                    await phone.play(words)
                    await sleep(wait)
                if watched and current_time() > end - watched:
                    watched = 0
                    tracemalloc.start(depth)
            growth = kept()
            phone.hang_up()
        assert all(entry.final for entry in model.history if entry.role == "agent")
    assert pipeline.stats().faults["realtime"] == 0
    return growth


def kept() -> int:
    """Bytes that were taken since somebody watches, and not given back.

    What the simulator and the transcript keep does not count. What is in flight, and
    replaced all the time, does: two seconds of the caller, and a reply.
    """
    gc.collect()
    snapshot = tracemalloc.take_snapshot().filter_traces(
        [
            tracemalloc.Filter(False, "*/voxpipe/simulator/*", all_frames=True),
            tracemalloc.Filter(
                False, "*/processors/realtime/words.py", all_frames=True
            ),
            tracemalloc.Filter(False, tracemalloc.__file__),
        ]
    )
    tracemalloc.stop()
    return sum(trace.size for trace in snapshot.traces)


def check(backend: Backend, seconds: float, watched: float) -> None:
    """Hold the call and look at what it consisted of."""
    counter = Counter()
    growth = run_virtually(backend, long_call, seconds, counter, watched)
    rounds = seconds / (3 * 1.2 + 9.5)
    assert counter.counts["interruptions"] >= rounds - 1
    assert counter.counts["calls"] >= rounds / 2
    assert counter.counts["usage"] >= 5 * rounds
    assert counter.counts["transcripts"] >= 20 * rounds
    assert counter.counts["played"] >= seconds  # a second of agent has 50 frames
    assert growth <= GROWTH


@pytest.mark.parametrize(
    "minutes", [1, pytest.param(5, marks=pytest.mark.slow)], ids=["one", "five"]
)
@pytest.mark.parametrize("backend", BACKENDS)
def test_minutes_leave_nothing_behind(backend: Backend, minutes: int) -> None:
    check(backend, minutes * MINUTE, watched=0.4 * minutes * MINUTE)


@pytest.mark.soak
@pytest.mark.parametrize("backend", BACKENDS)
def test_an_hour_leaves_nothing_behind(backend: Backend) -> None:
    check(backend, 60 * MINUTE, watched=10 * MINUTE)
