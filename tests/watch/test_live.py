"""What runs in this process is seen from outside, and nothing is done for nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import pytest
from anyio import to_thread
from websockets.sync.client import ClientConnection, connect

from voxpipe.pipeline import AudioFormat, AudioFrame, Filter, Input, Pipeline, Processor
from voxpipe.pipeline.testing import Source
from voxpipe.processors.realtime import open_session
from voxpipe.simulator import Line, Script, simulated
from voxpipe.watch import live, watching

PCM = AudioFormat("pcm16", 16_000)


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "SAMPLE", 0.01)


class Same(Filter[AudioFrame]):
    def feed(self, frame: AudioFrame) -> Iterator[AudioFrame]:
        yield frame


class Stuck(Processor):
    """Reads one frame, and no more until it may."""

    hears = Input[AudioFrame]()

    def __init__(self) -> None:
        self.may = anyio.Event()

    async def run(self) -> None:
        async for _ in self.hears:
            await self.may.wait()


def _frames(count: int) -> list[AudioFrame]:
    return [AudioFrame(data=PCM.silence(0.02), format=PCM)] * count


@contextmanager
def _look(link: str) -> Iterator[ClientConnection]:
    address, _, word = link.partition("#")
    feed = f"{address.replace('http', 'ws', 1)}watch?word={word}"
    with connect(feed, max_size=None) as line:
        yield line


def _until(line: ClientConnection, wanted: Any) -> list[Any]:
    told = list[Any]()
    while not any(wanted(each) for each in told):
        assert len(told) < 100, told[-3:]
        told += json.loads(line.recv(10))
    return told


async def test_a_full_queue_is_seen_with_rates_and_lag() -> None:
    stuck = Stuck()
    source = Source(_frames(50))
    pipeline = Pipeline(source.output >> Same() >> stuck.hears)
    with watching(pipeline, tell=lambda _: None) as link:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pipeline.run)

            def full(told: Any) -> bool:
                inputs = told.get("inputs", {}).values()
                return any(each["full"] for each in inputs)

            def look() -> list[Any]:
                with _look(link) as line:
                    return _until(line, full)

            told = await to_thread.run_sync(look)
            stuck.may.set()
    graph = next(each for each in told if each["kind"] == "graph")
    assert ["source", "output", "same", ""] in graph["links"]
    stats = told[-1]
    assert stats["lag_ms"] >= 0
    assert stats["inputs"]["stuck.hears"]["depth"] > 0
    assert stats["boxes"]["same"]["busy"] >= 0


async def test_both_sides_of_a_session_are_seen() -> None:
    lines = list[str]()
    with watching(tell=lines.append) as link:
        script = Script(replies=[Line(say="Hello.")])
        async with open_session(connect=simulated(script)) as session:
            await session.connection.send('{"type": "response.create"}')
            while "response.done" not in await session.connection.receive():
                pass

        def look() -> list[Any]:
            with _look(link) as line:
                return _until(line, lambda told: "close" in told)

        told = await to_thread.run_sync(look)
    sides = {
        (each["from"], each["event"]["type"]) for each in told if each.get("event")
    }
    assert lines == [f"Look: {link}"]
    assert ("client", "session.update") in sides
    assert ("client", "response.create") in sides
    assert ("server", "response.output_audio.delta") in sides
    assert told[-1]["close"] == {"code": 1000, "reason": ""}


async def test_nothing_is_measured_while_nobody_looks() -> None:
    stuck = Stuck()
    source = Source(_frames(5))
    pipeline = Pipeline(source.output >> Same() >> stuck.hears)
    with watching(pipeline, tell=lambda _: None):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pipeline.run)
            await anyio.wait_all_tasks_blocked()
            stuck.may.set()
    assert pipeline.stats().boxes["same"].taken == 5
    assert pipeline.stats().boxes["same"].busy == 0


def test_it_may_stand_around_the_loop() -> None:
    async def main() -> None:
        stuck = Stuck()
        stuck.may.set()
        await Pipeline(Source(_frames(1)).output >> stuck.hears).run()

    with watching(tell=lambda _: None) as link:
        anyio.run(main)
        with _look(link) as line:
            told = _until(line, lambda told: told["kind"] == "graph")
    assert told
