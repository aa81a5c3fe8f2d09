"""Apps that do not end when they are told to: named, and their callers let go."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from anyio import CancelScope, Event, create_task_group, get_cancelled_exc_class, sleep
from anyio.lowlevel import checkpoint

from voxpipe.pipeline import watchdog
from voxpipe.transports.telephony import Call, Switchboard
from voxpipe.transports.telephony.attendant import name_of

from ...complaints import held_until
from .calling import Run, Told, called
from .testing.agents import parrot, speech


@pytest.fixture
def complaints(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Callable[[], list[str]]:
    # Patched: a thread's time is real.
    monkeypatch.setattr(watchdog, "GRACE", 0.01)
    caplog.set_level(logging.INFO)
    return lambda: [
        each.getMessage() for each in caplog.records if each.levelname == "ERROR"
    ]


@pytest.fixture
def arrived(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set by the app where it stays: until then nobody looks where it is."""
    return held_until(monkeypatch)


@pytest.mark.parametrize("by", ["idle", "drained"])
def test_an_app_that_does_not_end_is_named_and_its_caller_let_go(
    in_time: Run,
    told: Told,
    complaints: Callable[[], list[str]],
    arrived: threading.Event,
    by: str,
) -> None:
    async def stubborn(call: Call) -> None:
        try:
            await parrot(call)
        finally:
            with CancelScope(shield=True):
                await linger()

    async def linger() -> None:
        arrived.set()
        while not complaints():
            await checkpoint()
        await released.wait()

    async def scene() -> None:
        released_now = released
        async with called(board) as caller, create_task_group() as tasks:
            await caller.say(speech(0.1))
            if by == "drained":
                tasks.start_soon(board.drain, 1)
            await caller.wait_closed()
            assert caller.close_code == 1000
            assert board.calls == 1  # its place is not free
            assert list(board.standing()) == [f"call={caller.sid[-8:]} {APP}"]
            released_now.set()
            await sleep(1)
            assert board.calls == 0
            assert board.standing() == {}

    released = Event()
    board = Switchboard(stubborn, idle_limit=10)
    in_time(scene)
    (complaint,) = complaints()
    assert f"{APP} was cancelled 0.01 s ago and still runs, at " in complaint
    assert "<locals>.linger, from " in complaint
    assert "<locals>.stubborn, from " in complaint
    assert complaint.endswith("the call cannot end before it does")
    assert [end for end, *_ in told()] == [by]


APP = (
    f"the app {__name__}.test_an_app_that_does_not_end_is_named_and_its_caller_let_go."
    "<locals>.stubborn"
)


async def test_an_app_that_swallows_its_cancellation_again_and_again_is_named(
    complaints: Callable[[], list[str]],
) -> None:
    async def swallows(call: Call) -> None:
        while not complaints():
            try:
                await checkpoint()
            except get_cancelled_exc_class():
                swallowed.append(call)

    async def hang_up_when_cut() -> None:
        async with called(board) as caller:
            await caller.wait_closed()

    swallowed = list[Call]()
    board = Switchboard(swallows)
    async with create_task_group() as tasks:
        tasks.start_soon(hang_up_when_cut)
        while not board.calls:
            await checkpoint()
        await board.drain(0)
    (complaint,) = complaints()
    assert "<locals>.swallows was cancelled" in complaint
    assert swallowed


def test_nobody_is_named_and_none_let_go_when_an_app_ends_in_time(
    in_time: Run,
    told: Told,
    complaints: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watchdog, "GRACE", 60.0)  # however busy this machine is

    async def tidy(call: Call) -> None:
        try:
            await parrot(call)
        finally:
            with CancelScope(shield=True):
                await checkpoint()

    async def scene() -> None:
        async with called(Switchboard(tidy, idle_limit=10)) as caller:
            await caller.wait_closed()

    in_time(scene)
    assert complaints() == []
    assert [end for end, *_ in told()] == ["idle"]


class Agent:
    async def __call__(self, call: Call) -> None: ...


@pytest.mark.parametrize(
    ("app", "name"),
    [
        (parrot, "parrot"),
        (partial(partial(parrot)), "parrot"),
        (Agent(), "Agent"),
        (Agent().__call__, "Agent.__call__"),
    ],
)
def test_apps_of_all_kinds_have_a_name(app: Any, name: str) -> None:
    assert name_of(app).endswith("." + name)
