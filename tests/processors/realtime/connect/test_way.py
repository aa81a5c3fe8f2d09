"""Somebody around an app says how its sessions are connected."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from voxpipe.processors.realtime import Connect, Connection, open_session
from voxpipe.processors.realtime.connect import Address
from voxpipe.processors.realtime.connect.way import connecting, on_its_way
from voxpipe.simulator import simulated


class Noted:
    """Connects as somebody else, and notes that it was asked."""

    needs_key = False

    def __init__(self, connect: Connect, notes: list[str], name: str) -> None:
        self._connect, self._notes, self._name = connect, notes, name

    @asynccontextmanager
    async def __call__(self, address: Address) -> AsyncGenerator[Connection]:
        self._notes.append(self._name)
        async with self._connect(address) as connection:
            yield connection


async def test_a_session_goes_the_ways_of_all_who_stand_around_it() -> None:
    notes = list[str]()
    with (
        connecting(lambda connect: Noted(connect, notes, "outer")),
        connecting(lambda _: Noted(simulated(), notes, "inner")),
    ):
        async with open_session() as session:  # which names no connection
            assert session.id

    assert notes == ["outer", "inner"]


async def test_where_nobody_stands_it_is_what_was_asked_for() -> None:
    asked = simulated()

    assert on_its_way(asked) is asked
    with connecting(lambda connect: Noted(connect, [], "")):
        assert on_its_way(asked) is not asked
    assert on_its_way(asked) is asked
