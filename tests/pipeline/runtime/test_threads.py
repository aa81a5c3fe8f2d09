"""Threads that block, and are left behind without holding anybody up."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextvars import ContextVar
from pathlib import Path

import anyio
import pytest
from anyio import CapacityLimiter, from_thread

from voxpipe.pipeline.runtime.threads import run_in_thread

ROOT = Path(__file__).parents[3]
NAME = "test"

said: ContextVar[str] = ContextVar("said", default="nothing")


async def test_it_gives_what_the_function_gives_or_raises() -> None:
    def fail() -> None:
        raise LookupError("not here")

    limiter = CapacityLimiter(1)
    here = threading.get_ident()
    there = await run_in_thread(threading.get_ident, limiter=limiter, name=NAME)
    assert there != here
    with pytest.raises(LookupError, match="not here"):
        await run_in_thread(fail, limiter=limiter, name=NAME)
    assert limiter.borrowed_tokens == 0


async def test_the_function_sees_context_variables_and_no_event_loop() -> None:
    async def inner() -> str:
        return said.get()

    said.set("hello")
    limiter = CapacityLimiter(1)
    assert await run_in_thread(said.get, limiter=limiter, name=NAME) == "hello"

    def run() -> str:
        return anyio.run(inner)

    assert await run_in_thread(run, limiter=limiter, name=NAME) == "hello"


async def test_from_thread_works_in_it() -> None:
    async def twice(number: int) -> int:
        await anyio.lowlevel.checkpoint()
        return 2 * number

    def work() -> tuple[int, int]:
        from_thread.check_cancelled()
        ident = from_thread.run_sync(threading.get_ident)
        return from_thread.run(twice, 21), ident

    found = await run_in_thread(work, limiter=CapacityLimiter(1), name=NAME)
    assert found == (42, threading.get_ident())


async def test_one_that_was_left_behind_counts_until_it_ends() -> None:
    go_on, cancelled = threading.Event(), threading.Event()

    def hang() -> None:
        go_on.wait(60)
        try:
            from_thread.check_cancelled()
        except BaseException:
            cancelled.set()
            raise

    limiter = CapacityLimiter(1)
    with anyio.move_on_after(0.01) as scope:
        await run_in_thread(hang, limiter=limiter, name=NAME)
    assert scope.cancelled_caught
    assert limiter.borrowed_tokens == 1
    go_on.set()
    ident = await run_in_thread(threading.get_ident, limiter=limiter, name=NAME)
    assert ident != threading.get_ident()
    assert cancelled.is_set()


PROGRAM = """
import anyio, threading
from voxpipe.pipeline.runtime.threads import run_in_thread

async def main():
    with anyio.move_on_after(0.01):
        hang = threading.Event().wait
        await run_in_thread(hang, limiter=anyio.CapacityLimiter(1), name="hangs")

anyio.run(main, backend={!r})
print("ended")
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_process_ends_though_one_hangs(backend: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(backend)],
        cwd=ROOT,
        timeout=60,
        capture_output=True,
        check=True,
    )
    assert (ended.stdout.split(), ended.stderr) == ([b"ended"], b"")
