"""Code that swallows cancellation is named, with the line at which it stands."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest
from anyio import (
    CancelScope,
    create_task_group,
    get_cancelled_exc_class,
    sleep_forever,
)
from anyio.lowlevel import checkpoint

from voxpipe.pipeline import Input, Output, Pipeline, Processor, watchdog
from voxpipe.pipeline.testing import Probe, cancelled_at

from ..complaints import held_until


@pytest.fixture
def complaints(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Callable[[], list[str]]:
    # Patched: a thread's time is real, and the watchdog is made by the pipeline, which
    # would need an argument for nobody but these tests.
    monkeypatch.setattr(watchdog, "GRACE", 0.01)
    caplog.set_level(logging.ERROR)
    return lambda: [record.getMessage() for record in caplog.records]


class Stubborn(Processor):
    """Swallows its cancellation until somebody has complained."""

    output = Output[Any]()

    def __init__(self, complaints: Callable[[], list[str]]) -> None:
        self.complaints = complaints
        self.swallowed = 0

    async def run(self) -> None:
        while not self.complaints():
            try:
                await self.wait()
            except get_cancelled_exc_class():
                self.swallowed += 1

    async def wait(self) -> None:
        await checkpoint()


async def test_who_swallows_cancellation_is_named_with_its_line(
    complaints: Callable[[], list[str]],
) -> None:
    stubborn, probe = Stubborn(complaints), Probe()
    pipeline = Pipeline(stubborn.output >> probe.input)
    assert await cancelled_at(10, pipeline.run)
    (complaint,) = complaints()
    assert complaint.startswith("stubborn was cancelled 0.01 s ago and still runs, at ")
    assert "test_watchdog.py:" in complaint
    assert "in Stubborn." in complaint
    assert complaint.endswith(
        "something there swallows cancellation (a bare `except:`, `except "
        "BaseException`, or a blocking call); the pipeline cannot end before it does"
    )
    assert stubborn.swallowed > 1


async def test_who_blocks_the_loop_is_named_too(
    complaints: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = held_until(monkeypatch)

    class Blocking(Processor):
        output = Output[Any]()

        async def run(self) -> None:
            try:
                await sleep_forever()
            finally:
                with CancelScope(shield=True):
                    await checkpoint()  # a farewell
                blocks.set()
                for _ in range(5_000):  # as a library that waits for its device
                    if complaints():
                        break
                    threading.Event().wait(0.001)

    class Shielded(Processor):
        """Needs a few steps more to end, and does not get them."""

        input = Input[Any]()

        async def run(self) -> None:
            try:
                await sleep_forever()
            finally:
                with CancelScope(shield=True):
                    for _ in range(10):
                        await checkpoint()

    blocking, innocent = Blocking(), Shielded()
    pipeline = Pipeline(blocking.output >> innocent.input)
    assert await cancelled_at(10, pipeline.run)
    (complaint,) = complaints()
    assert complaint.startswith("blocking was cancelled")
    assert "in test_who_blocks_the_loop_is_named_too.<locals>.Blocking.run" in complaint


async def test_nobody_is_named_when_all_end_in_time(
    complaints: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "GRACE", 60.0)  # however busy this machine is

    class Obedient(Processor):
        output = Output[Any]()

        async def run(self) -> None:
            await sleep_forever()

    obedient, probe = Obedient(), Probe()
    before = set(threading.enumerate())
    pipeline = Pipeline(obedient.output >> probe.input)
    async with create_task_group() as tasks:
        tasks.start_soon(pipeline.run)
        for _ in range(5):
            await checkpoint()
        tasks.cancel_scope.cancel()
    for thread in set(threading.enumerate()) - before:
        thread.join()
    assert complaints() == []
    assert pipeline.unfinished == ("obedient", "probe")
