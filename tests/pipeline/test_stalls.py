"""Who keeps the event loop from going on is named; who only works is not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from anyio import create_task_group, sleep

from voxpipe.pipeline import (
    Filter,
    Input,
    Output,
    Pipeline,
    Processor,
    SpeechStarted,
    ToolCall,
)
from voxpipe.pipeline.runtime import stalls
from voxpipe.pipeline.testing import Probe, Source, run_virtual
from voxpipe.processors.tools import ToolRouter, tool


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    return lambda: [record.getMessage() for record in caplog.records]


class Ticks(Processor):
    """A frame every 20 ms, for as long as nobody has complained, or 30 s."""

    output = Output[SpeechStarted]()

    def __init__(self, complaints: Callable[[], list[str]]) -> None:
        self._complaints = complaints

    async def run(self) -> None:
        for number in range(1_500):
            await self.output.send(SpeechStarted(at=number))
            await sleep(0.02)
            if self._complaints():
                return


class Heavy(Filter[SpeechStarted]):
    """Takes 50 ms for what may take 20."""

    def feed(self, frame: SpeechStarted) -> Iterable[SpeechStarted]:
        time.sleep(0.05)
        yield frame


async def test_a_filter_that_takes_longer_than_its_frames_is_named_with_its_line(
    warnings: Callable[[], list[str]],
) -> None:
    ticks, heavy, probe = Ticks(warnings), Heavy(), Probe()
    await Pipeline(ticks.output >> Heavy() >> heavy >> probe.input).run()
    warning, *_ = warnings()
    assert warning.startswith("heavy")  # or heavy2
    assert "test_stalls.py:" in warning
    assert " in Heavy.feed: " in warning


def stand_still() -> None:
    """What no task may do."""
    time.sleep(1.0)


class Blocking(Processor):
    """Blocks in a task of its own, once."""

    input = Input[Any]()

    async def run(self) -> None:
        async with create_task_group() as tasks:
            tasks.start_soon(self._block)
            async for _ in self.input:
                pass

    async def _block(self) -> None:
        await sleep(0.05)
        stand_still()


async def test_a_processor_that_blocks_is_named_however_seldom_it_does(
    warnings: Callable[[], list[str]],
) -> None:
    await Pipeline(Ticks(warnings).output >> Blocking().input).run()
    (warning,) = warnings()
    assert warning.startswith("blocking kept the event loop for ")
    assert " in stand_still: " in warning


async def test_a_tool_that_blocks_is_named(warnings: Callable[[], list[str]]) -> None:
    @tool
    async def look_up() -> str:
        """Look something up."""
        stand_still()
        return "found"

    call = ToolCall(call_id="c1", name="look_up", arguments="{}")
    router, probe = ToolRouter([look_up]), Probe()
    await Pipeline(
        Source([call]).output >> router.calls,
        router.results >> probe.input,
        Ticks(warnings).output >> Probe().input,
    ).run()
    assert len(probe.frames) == 1
    (warning,) = warnings()
    assert warning.startswith("the tool look_up kept the event loop for ")


async def test_who_waits_or_works_in_threads_is_not_named(
    warnings: Callable[[], list[str]],
) -> None:
    @tool
    def look_up() -> str:
        """Look something up."""
        time.sleep(0.6)
        return "found"

    call = ToolCall(call_id="c1", name="look_up", arguments="{}")
    router, probe = ToolRouter([look_up]), Probe()
    await Pipeline(
        Source([call]).output >> router.calls, router.results >> probe.input
    ).run()
    assert warnings() == []


def test_where_time_is_virtual_nobody_watches(
    monkeypatch: pytest.MonkeyPatch, warnings: Callable[[], list[str]]
) -> None:
    seen: list[object] = []

    def watch(*arguments: object) -> None:
        seen.append(arguments)

    monkeypatch.setattr(stalls.StallMonitor, "_watch", watch)

    async def run() -> None:
        await Pipeline(Source([]).output >> Probe().input).run()

    run_virtual(run)
    assert not seen


class Stuck(Processor):
    """Blocks until somebody has complained, or 30 s."""

    output = Output[SpeechStarted]()

    def __init__(self, complaints: Callable[[], list[str]]) -> None:
        self._complaints = complaints

    async def run(self) -> None:
        self._block()

    def _block(self) -> None:
        for _ in range(3_000):
            time.sleep(0.01)
            if self._complaints():
                return


async def test_who_blocks_without_end_is_named_while_they_do(
    warnings: Callable[[], list[str]],
) -> None:
    stuck, probe = Stuck(warnings), Probe()
    await Pipeline(stuck.output >> probe.input).run()
    (warning,) = warnings()
    assert "stuck kept the event loop for" in warning
    assert " and still does, at " in warning
