"""There is no unbounded queue in the package, and no cache that is told to be one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from anyio.lowlevel import checkpoint

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Frame,
    Input,
    Pipeline,
    Processor,
    SpeechStarted,
)
from voxpipe.pipeline.testing import Probe, Source

PACKAGE = Path(__file__).parent.parent / "voxpipe"
MODULES = sorted(PACKAGE.rglob("*.py"))
UNBOUNDED = {"Queue", "LifoQueue", "PriorityQueue", "SimpleQueue"}
STREAMS = {"create_memory_object_stream", "open_memory_channel"}
# One that a handler of signals may put into holds as many as are sent.
EXCEPT = {"console/stop.py": ["SimpleQueue()"]}
ENDLESS = {"math.inf", "inf", "float('inf')", "numpy.inf", "np.inf"}


# --- in the text


def complaints(source: str) -> list[str]:
    """The calls that make a queue or a cache without a finite bound."""
    tree = ast.parse(source)
    names = dict(_imported(tree))
    return [
        f"{call.lineno}: {ast.unparse(call)}"
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and _is_unbounded(call, names)
    ]


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """What a name in this file stands for; relative imports are ours."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                module = "." * node.level + (node.module or "")
                yield alias.asname or alias.name, f"{module}.{alias.name}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name.split(".")[0], alias.name


def _is_unbounded(call: ast.Call, names: dict[str, str]) -> bool:
    called = call.func
    if isinstance(called, ast.Subscript):  # create_memory_object_stream[str](…)
        called = called.value
    first, *rest = ast.unparse(called).split(".")
    path = ".".join([names.get(first, first), *rest])
    name = path.rsplit(".", 1)[-1]
    if name in UNBOUNDED:
        return not path.startswith((".", "voxpipe."))
    bounds = [*call.args, *(each.value for each in call.keywords)]
    if name == "lru_cache":
        return any(ast.unparse(bound) == "None" for bound in bounds)
    if name not in STREAMS:
        return False
    return not bounds or any(_is_endless(bound) for bound in bounds)


def _is_endless(bound: ast.expr) -> bool:
    return any(ast.unparse(part) in ENDLESS for part in ast.walk(bound))


def test_no_module_makes_a_queue_without_a_bound() -> None:
    found = {
        str(path.relative_to(PACKAGE)): complaints(path.read_text("utf-8"))
        for path in MODULES
    }
    assert len(found) > 50
    bare = {
        path: [each.partition(": ")[2] for each in calls]
        for path, calls in found.items()
        if calls
    }
    assert bare == EXCEPT, found


@pytest.mark.parametrize(
    "source",
    [
        "import asyncio\nasyncio.Queue()",
        "from asyncio import Queue\nQueue(5)",
        "from asyncio import Queue as Line\nLine()",
        "import asyncio as a\na.PriorityQueue()",
        "import queue\nqueue.Queue()",
        "import queue\nqueue.SimpleQueue()",
        "import multiprocessing as m\nm.Queue()",
        "import trio, math\ntrio.open_memory_channel(math.inf)",
        "from trio import open_memory_channel as o\no(float('inf'))",
        "import anyio\nanyio.create_memory_object_stream()",
        "import anyio\nanyio.create_memory_object_stream[str]()",
        "import anyio, math\nanyio.create_memory_object_stream[str](math.inf)",
        "from anyio import *\ncreate_memory_object_stream(max_buffer_size=math.inf)",
        "from math import inf\nopen_memory_channel(inf if deep else 3)",
        "import functools\nfunctools.lru_cache(maxsize=None)",
    ],
)
def test_the_test_above_can_fail(source: str) -> None:
    assert len(complaints(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "from anyio import create_memory_object_stream\ncreate_memory_object_stream(0)",
        "import anyio\nanyio.create_memory_object_stream[bytes](_CAPACITY)",
        "from .queue import Queue\nQueue('sink', 4, 200.0)",
        "import math\ndeadline = math.inf\nwait(math.inf)",
        "from functools import lru_cache\nlru_cache(maxsize=64)",
    ],
)
def test_what_has_a_bound_is_left_alone(source: str) -> None:
    assert not complaints(source)


# --- at run time

PCM = AudioFormat("pcm16", 8_000)


class Stuck(Processor):
    """Never reads."""

    input = Input[Any]()
    patient = Input[Any](capacity=7)
    fresh = Input[Any](capacity_ms=100, on_full="drop_oldest")

    async def run(self) -> None:
        for _ in range(2_000):
            await checkpoint()


@pytest.mark.parametrize("ms", [5, 20, 250])
async def test_before_a_stuck_reader_every_queue_stays_within_its_bound(
    ms: int,
) -> None:
    def frames() -> list[Frame]:
        data = PCM.silence(ms / 1000)
        sounds = [AudioFrame(data=data, format=PCM, start=float(n)) for n in range(500)]
        return [each for sound in sounds for each in (sound, SpeechStarted(at=0.0))]

    stuck, probe = Stuck(), Probe()
    scripts = [Source(frames()) for _ in range(4)]
    pipeline = Pipeline(
        scripts[0].output >> stuck.input,
        scripts[1].output >> stuck.input,
        scripts[2].output >> stuck.patient,
        scripts[3].output >> stuck.fresh,
        scripts[3].output >> probe.input,
    )
    await pipeline.run()
    assert not stuck.fault_count
    stats = pipeline.stats().inputs
    for port in (stuck.input, stuck.patient, stuck.fresh, probe.input):
        counts = stats[str(port)]
        assert 0 < counts.high_water <= port.capacity
        assert counts.high_water_ms <= max(port.capacity_ms, ms) + 1e-6
    assert stats["stuck.patient"].high_water == (2 if ms == 250 else 7)
    assert stats["stuck.fresh"].dropped > 0
    assert stats["stuck.input"].discarded > 0  # when it finishes, its writers go on
