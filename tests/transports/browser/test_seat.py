"""A seat outlives connections, also those that are dead and do not say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from anyio import (
    EndOfStream,
    create_task_group,
    current_time,
    fail_after,
    sleep,
    sleep_forever,
)

from voxpipe.transports.browser.seat import PATIENCE, Seat
from voxpipe.transports.telephony.testing import memory_lines

Run = Callable[[Callable[[], Any]], Any]


class Dead:
    """A connection that a changed network has left: nothing comes, nothing goes."""

    async def receive(self) -> str | bytes:
        await sleep_forever()
        raise AssertionError

    async def send(self, message: str | bytes, /) -> None:
        await sleep_forever()

    async def close(self, code: int = 1000, reason: str = "") -> None:
        pass


def test_a_dead_connection_keeps_neither_who_receives_nor_who_sends(
    in_time: Run,
) -> None:
    async def scene() -> list[str | bytes]:
        seat = Seat(Dead(), "browser-1")
        ours, theirs = memory_lines()
        received: list[str | bytes] = []

        async def receive() -> None:
            received.append(await seat.receive())

        with fail_after(5):
            async with create_task_group() as tasks:
                tasks.start_soon(receive)
                tasks.start_soon(seat.send, "lost")
                await sleep(1.0)
                await theirs.send("I am back")
                tasks.start_soon(seat.sit, ours)
                while not received:
                    await seat.send("welcome")
                received.append(await theirs.receive())
                await seat.close()
        for each in (ours, theirs):
            await each.abort()
        return received

    assert in_time(scene) == ["I am back", "welcome"]


def test_who_receives_waits_half_a_minute_and_no_longer(in_time: Run) -> None:
    async def scene() -> float:
        ours, theirs = memory_lines()
        seat = Seat(ours, "browser-1")
        began = current_time()
        await theirs.abort()
        with pytest.raises(EndOfStream):
            await seat.receive()
        await seat.send("nobody is there")
        assert seat.is_over
        await ours.abort()
        return current_time() - began

    assert in_time(scene) == pytest.approx(PATIENCE)


def test_nobody_sits_in_a_seat_that_is_over(in_time: Run) -> None:
    async def scene() -> None:
        ours, theirs = memory_lines()
        seat = Seat(ours, "browser-1")
        await seat.close()
        again, other = memory_lines()
        await seat.sit(again)
        assert not seat.is_taken
        assert theirs.close_code == 1000
        for each in (ours, theirs, again, other):
            await each.abort()

    in_time(scene)
