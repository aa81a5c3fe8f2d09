"""Who is hung up on when more connections come than there are places."""

from __future__ import annotations

from typing import Any, cast

import pytest
from anyio import sleep
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline.testing import run_virtual
from voxpipe.transports.lobby import LOG_INTERVAL, Lobby


class Wire:
    """As much of a connection as a lobby looks at."""

    def __init__(self, host: str, gone: list[Wire]) -> None:
        self.client = (host, 1)
        self._gone = gone

    def abort(self) -> None:
        self._gone.append(self)


def crowd(places: int, *hosts: str) -> list[int]:
    """Who is hung up on, by number, when these come one after the other."""
    gone = list[Wire]()

    async def scene() -> list[int]:
        lobby = Lobby(places)
        wires = [Wire(host, gone) for host in hosts]
        for wire in wires:
            lobby.enter(cast("Any", wire))
        assert len(lobby) == min(places, len(hosts))
        return [wires.index(each) for each in gone]

    return run_virtual(scene)


@pytest.mark.parametrize(
    ("hosts", "gone"),
    [
        ("aaaa", [0]),  # as behind a proxy: the oldest
        ("abcd", [0]),
        ("abbb", [1]),  # who has most, not who came first
        ("bbbac", [0, 1]),
        ("aabb", [0]),
    ],
)
def test_the_oldest_of_the_address_that_has_most_makes_room(
    hosts: str, gone: list[int]
) -> None:
    assert crowd(3, *hosts) == gone


def test_a_network_of_ipv6_is_one_address() -> None:
    assert crowd(2, "2001:db8:0:1::1", "fe80::1%eth0", "2001:db8:0:1:9::2") == [0]
    assert crowd(2, "2001:db8:0:2::1", "2001:db8:0:1::1", "2001:db8:0:1:9::2") == [1]


def test_who_has_left_is_not_hung_up_on_and_leaves_again_in_vain() -> None:
    gone = list[Wire]()

    async def scene() -> None:
        lobby = Lobby(2)
        wires = [cast("Any", Wire("a", gone)) for _ in range(3)]
        lobby.enter(wires[0])
        for _ in range(2):
            lobby.leave(wires[0])
        assert len(lobby) == 0
        lobby.enter(wires[1])
        lobby.enter(wires[2])
        assert not gone
        lobby.drop()
        assert gone == [wires[1]]
        lobby.drop()
        lobby.drop()  # nobody is left
        assert gone == wires[1:]

    run_virtual(scene)


@given(hosts=st.text("abcde", min_size=1, max_size=60), places=st.integers(1, 8))
def test_the_last_to_come_always_has_a_place(hosts: str, places: int) -> None:
    assert len(hosts) - 1 not in crowd(places, *hosts)


def test_crowds_are_told_of_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        lobby = Lobby(2)
        for _ in range(102):
            lobby.enter(cast("Any", Wire("192.0.2.1", [])))
        await sleep(LOG_INTERVAL)
        lobby.enter(cast("Any", Wire("192.0.2.7", [])))

    run_virtual(scene)
    first, second = [each.getMessage() for each in caplog.records]
    assert "all 2 places" in first
    assert "2 by 192.0.2.1" in first
    assert "1 since the last such line" in first
    assert "100 since the last such line" in second
