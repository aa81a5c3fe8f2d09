"""What other threads are given of the loop that runs."""

from __future__ import annotations

from threading import Thread

import anyio
import pytest
from anyio import current_time
from anyio.to_thread import run_sync

from voxpipe.pipeline.runtime.loop import clock_for_threads, way_in
from voxpipe.pipeline.runtime.wakeup import Wakeup

from ...processors.realtime.loops import BACKENDS, Backend, run_virtually

LOOPS: dict[str, tuple[str, dict[str, bool]]] = {
    "asyncio": ("asyncio", {}),
    "uvloop": ("asyncio", {"use_uvloop": True}),
    "trio": ("trio", {}),
}


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> object:
    return LOOPS[request.param]


async def test_a_thread_has_the_loop_call_a_function() -> None:
    came, call = Wakeup(), way_in()
    thread = Thread(target=call, args=[came.set])
    thread.start()
    await came.wait()
    await run_sync(thread.join)


async def test_a_thread_reads_the_clock_of_the_loop() -> None:
    clock, read = clock_for_threads(), list[float]()
    before = current_time()
    thread = Thread(target=lambda: read.append(clock()))
    thread.start()
    await run_sync(thread.join)
    await anyio.lowlevel.checkpoint()
    # uvloop counts in milliseconds, and rounds them down.
    assert before - 0.001 <= read[0]
    assert read[0] <= current_time() + 0.002


@pytest.mark.parametrize("backend", BACKENDS)
def test_of_time_that_is_virtual_too(backend: Backend) -> None:
    async def story() -> None:
        clock = clock_for_threads()
        await anyio.sleep(1_000)
        assert clock() == current_time()

    run_virtually(backend, story)
