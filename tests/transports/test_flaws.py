"""The checks of the contract find what they are for, and say what it is."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import AsyncGenerator, Generator, Iterable
from contextlib import asynccontextmanager

import pytest
from anyio import sleep_forever

from voxpipe.pipeline.testing import run_virtual
from voxpipe.transports.testing import (
    BrokenPromise,
    Check,
    FarSide,
    Make,
    Transport,
    check_transport,
    transport_checks,
)

from ..processors.realtime.loops import BACKENDS, Backend, run_virtually
from .far_sides import in_memory, memory_stream
from .flaws import FLAWS
from .flaws.ends import LeavesAFile, LeavesAThread
from .flaws.interruption import CannotClear
from .flaws.speech import StartsAnew
from .honest import Far, Honest, line_of

CHECKS = {check.name: check for check in transport_checks()}
each_flaw = pytest.mark.parametrize("flaw", FLAWS, ids=lambda each: each.__name__)


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Generator[None]:
    LeavesAThread.over.clear()
    yield
    LeavesAThread.over.set()
    while LeavesAFile.left_open:
        os.close(LeavesAFile.left_open.pop())


async def broken_by(make: Make, checks: Iterable[Check]) -> list[BrokenPromise]:
    found: list[BrokenPromise] = []
    for check in checks:
        try:
            await check(make)
        except BrokenPromise as broken:
            found.append(broken)
    return found


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("check", transport_checks(), ids=str)
def test_an_honest_transport_keeps(check: Check, backend: Backend) -> None:
    assert run_virtually(backend, check, line_of(Honest)) == "kept"


def test_each_check_finds_three_flaws_at_least() -> None:
    named = Counter(checks.split()[0] for checks in FLAWS.values())
    assert named.keys() == CHECKS.keys()
    assert min(named.values()) >= 3


@each_flaw
def test_a_flaw_is_found_by_the_check_that_names_it(flaw: type[Honest]) -> None:
    names = FLAWS[flaw].split()
    found = run_virtual(broken_by, line_of(flaw), [CHECKS[name] for name in names])
    assert [each.check for each in found] == names
    for each in found:
        assert each.promise == CHECKS[each.check].promise
        assert len(each.came) > 10
        assert len(each.mend) > 10


@pytest.mark.slow
@each_flaw
@pytest.mark.parametrize("backend", BACKENDS)
def test_and_by_no_other(flaw: type[Honest], backend: Backend) -> None:
    others = [check for name, check in CHECKS.items() if name not in FLAWS[flaw]]
    assert not run_virtually(backend, broken_by, line_of(flaw), others)


def test_all_that_is_broken_is_told_at_once() -> None:
    class Both(CannotClear, StartsAnew):
        pass

    with pytest.raises(ExceptionGroup) as raised:
        run_virtual(check_transport, line_of(Both))
    assert raised.value.message == "2 of 20 promises are broken"
    told = {
        each.check: str(each)
        for each in raised.value.exceptions
        if isinstance(each, BrokenPromise)
    }
    assert told.keys() == {"heard_whole", "interrupted"}
    assert told["interrupted"] == (
        "interrupted: An interruption is silent within a frame; else within what was "
        "written.\n"
        "  what came: no order to forget\n"
        "  to mend it: give Playout a clear that tells the device to forget"
    )


def test_what_the_far_side_cannot_do_is_not_asked() -> None:
    verdicts = run_virtual(check_transport, in_memory)
    assert list(verdicts) == list(CHECKS)
    not_asked = {name for name, each in verdicts.items() if each == "not asked"}
    assert not_asked == {"confirmed", "half_close", "keys"}


def test_what_a_far_side_raises_is_raised() -> None:
    class Wrong(Far):
        async def say(self, audio: bytes) -> None:
            raise RuntimeError("a mistake in the far side")

    @asynccontextmanager
    async def make() -> AsyncGenerator[tuple[Transport, FarSide]]:
        async with memory_stream() as (line, far):
            yield Honest(line), Wrong(far)

    with pytest.raises(ExceptionGroup) as raised:
        run_virtual(CHECKS["heard_whole"], make)
    assert raised.group_contains(RuntimeError, match="a mistake in the far side")


def test_a_check_that_comes_to_no_end_says_so() -> None:
    class Deaf(Far):
        async def say(self, audio: bytes) -> None:
            await sleep_forever()

    @asynccontextmanager
    async def make() -> AsyncGenerator[tuple[Transport, FarSide]]:
        async with memory_stream() as (line, far):
            yield Honest(line), Deaf(far)

    with pytest.raises(BrokenPromise, match=r"heard_whole: .*\n.*waits without end"):
        run_virtual(CHECKS["heard_whole"], make)
