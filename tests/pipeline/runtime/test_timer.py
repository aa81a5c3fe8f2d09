"""One timer for many: timers fire in the order of their moments, and once."""

from __future__ import annotations

import asyncio
from functools import partial

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline.runtime.timer import timers
from voxpipe.pipeline.testing import run_virtual, virtual_backend

MOMENTS = st.lists(st.floats(0, 5), min_size=1, max_size=30)


@given(MOMENTS, st.sets(st.integers(0, 29)))
def test_timers_fire_in_order_and_the_cancelled_ones_never(
    moments: list[float], cancelled: set[int]
) -> None:
    rang = run_virtual(_ring, moments, cancelled)
    kept = [m for at, m in enumerate(moments) if at not in cancelled]
    assert [moment for moment, _ in rang] == sorted(kept)
    assert all(late == pytest.approx(0, abs=1e-6) for _, late in rang)


async def _ring(moments: list[float], cancelled: set[int]) -> list[tuple[float, float]]:
    began, rang = anyio.current_time(), list[tuple[float, float]]()

    def ring(moment: float) -> None:
        rang.append((moment, anyio.current_time() - began - moment))

    ordered = [timers().at(began + m, partial(ring, m)) for m in moments]
    for at in cancelled & set(range(len(ordered))):
        ordered[at].cancel()
    await anyio.sleep(6)
    assert not any(timer.is_pending for timer in ordered)
    return rang


async def test_all_tasks_of_a_loop_share_its_timers() -> None:
    assert timers() is timers()


async def test_a_timer_wakes_a_task_that_waits_for_an_event() -> None:
    bell = anyio.Event()
    timer = timers().at(anyio.current_time() + 0.01, bell.set)
    with anyio.fail_after(5):
        await bell.wait()
    assert not timer.is_pending


async def test_a_timer_in_the_past_fires_at_once_but_not_within_the_order() -> None:
    bell = anyio.Event()
    timers().at(anyio.current_time() - 1, bell.set)
    assert not bell.is_set()
    with anyio.fail_after(5):
        await bell.wait()


def test_a_later_loop_has_timers_of_its_own() -> None:
    async def one() -> object:
        await anyio.lowlevel.checkpoint()
        return timers()

    backend, options = virtual_backend()
    first, second = (
        anyio.run(one, backend=backend, backend_options=options) for _ in range(2)
    )
    assert first is not second


def test_it_rings_in_a_loop_that_anyio_has_not_started() -> None:
    async def wait() -> float:
        ours, bell = timers(), asyncio.Event()
        began = ours.now()
        ours.at(began + 0.01, bell.set)
        async with asyncio.timeout(5):
            await bell.wait()
        return ours.now() - began

    assert asyncio.run(wait()) >= 0.01


def test_on_a_loop_of_milliseconds_a_timer_does_not_fire_before_its_moment() -> None:
    async def wait() -> int:
        shared, fired = timers(), 0
        fire = shared._timer._fire_all  # pyright: ignore[reportPrivateUsage]

        def count() -> None:
            nonlocal fired
            fired += 1
            fire()

        shared._timer._fire_all = count  # pyright: ignore[reportPrivateUsage]
        for parts in range(10):
            bell = anyio.Event()
            shared.at(anyio.current_time() + 0.002 + parts / 10_000, bell.set)
            await bell.wait()
        return fired

    # Each once, and perhaps once more by a rounding; one too early fires ten times.
    assert anyio.run(wait, backend_options={"use_uvloop": True}) <= 20
