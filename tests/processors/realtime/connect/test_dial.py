"""A host with several addresses: a dead one is not waited for."""

from __future__ import annotations

import socket
from collections.abc import Generator
from contextlib import closing
from typing import Any

import pytest
from anyio import create_task_group, create_tcp_listener, fail_after
from anyio.abc import SocketAttribute
from anyio.lowlevel import checkpoint

from voxpipe.pipeline import TransportError
from voxpipe.pipeline.testing import no_leaks
from voxpipe.processors.realtime import Service, open_session
from voxpipe.processors.realtime.connect import Connect, dial, websocket
from voxpipe.processors.realtime.connect.close import Timeouts
from voxpipe.simulator import Script, Simulator, ToneVoice

Place = tuple[str, int]


@pytest.fixture
def hole() -> Generator[Place]:
    """Connecting to it hangs, as to an address that no route leads to."""
    with closing(socket.socket()) as full:
        full.bind(("127.0.0.2", 0))
        full.listen(0)
        place: Place = full.getsockname()
        waiting = [socket.socket() for _ in range(8)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(place)
        yield place
        for each in waiting:
            each.close()


def resolve(monkeypatch: pytest.MonkeyPatch, *places: Place) -> None:
    """Let realtime.test be at these addresses, in this order."""
    real = socket.getaddrinfo

    def found(host: Any, *rest: Any, **more: Any) -> Any:
        if host not in ("realtime.test", b"realtime.test"):
            return real(host, *rest, **more)
        kind = socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, ""
        return [(*kind, place) for place in places]

    monkeypatch.setattr(socket, "getaddrinfo", found)


def within(seconds: float) -> Connect:
    """Gives a connection so much time to be opened."""
    return lambda address: websocket(address, Timeouts(open=seconds))


async def test_a_dead_address_does_not_cost_the_session(
    hole: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with no_leaks(), Simulator(Script(), ToneVoice()) as simulator:
        resolve(monkeypatch, hole, ("127.0.0.1", simulator.port))
        service = Service(
            base_url="http://realtime.test/v1", api_key="sk-1", insecure=True
        )
        connect = within(3.0)  # a busy machine is slow
        async with open_session(service=service, connect=connect) as session:
            assert session.host == "realtime.test"


async def test_a_closed_port_says_more_than_a_dead_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listener = await create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(SocketAttribute.local_port)
    await listener.aclose()
    # Nobody can connect to the network's own address.
    resolve(monkeypatch, ("255.255.255.255", 9), ("127.0.0.1", port))
    with pytest.raises(ConnectionRefusedError):
        await dial.dial("realtime.test", port, None)


async def test_families_take_turns_and_ten_thousand_addresses_are_not_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[str] = []

    async def refuse(sock: socket.socket, address: Place) -> None:
        tried.append(address[0])
        raise ConnectionRefusedError

    def found(host: Any, *rest: Any, **more: Any) -> Any:
        six = socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, ""
        four = socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, ""
        return [(*six, (f"2001:db8::{n:x}", 443, 0, 0)) for n in range(1, 10_000)] + [
            (*four, ("192.0.2.1", 443))
        ]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    monkeypatch.setattr(dial, "_connect", refuse)
    with pytest.raises(ConnectionRefusedError):
        await dial.dial("realtime.test", 443, None)
    assert tried[:3] == ["2001:db8::1", "192.0.2.1", "2001:db8::2"]
    assert len(tried) == dial.MAX_ADDRESSES


@pytest.mark.parametrize("steps", range(8))
async def test_cancelled_at_any_step_no_socket_is_left(
    hole: Place, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dialing() -> None:
        sock = await dial.dial("realtime.test", 80, None)
        sock.close()

    listener = await create_tcp_listener(local_host="127.0.0.1")
    async with listener:
        there = ("127.0.0.1", listener.extra(SocketAttribute.local_port))
        resolve(monkeypatch, there, hole)
        with fail_after(10):
            async with no_leaks(), create_task_group() as tasks:
                tasks.start_soon(dialing)
                for _ in range(steps):
                    await checkpoint()
                tasks.cancel_scope.cancel()


async def test_nobody_anywhere_is_told(
    hole: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve(monkeypatch, hole, hole)
    service = Service(base_url="http://realtime.test/v1", api_key="sk-1", insecure=True)
    async with no_leaks():
        with pytest.raises(TransportError, match=r"to realtime.test within 0.4 s"):
            async with open_session(service=service, connect=within(0.4)):
                pass
