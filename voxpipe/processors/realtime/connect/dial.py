"""A TCP connection to a host, as a plain socket: the same on every event loop.

The addresses of a host are raced (RFC 8305): where IPv6 leads nowhere, as in many
offices and containers, IPv4 answers a quarter of a second later. asyncio does this only
if asked, and uvloop not at all.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterable
from contextlib import ExitStack
from ipaddress import ip_address
from itertools import zip_longest
from typing import NamedTuple

from anyio import Event, create_task_group, getaddrinfo, move_on_after, wait_writable

from voxpipe.pipeline.runtime.unsent import keep_little

from .proxy import Proxy, tunnel

ATTEMPT_DELAY = 0.25  # seconds for one address alone; RFC 8305, section 5
MAX_ADDRESSES = 16  # of a host that are tried


class _Place(NamedTuple):
    family: socket.AddressFamily
    address: tuple[str, int]


async def dial(host: str, port: int, proxy: Proxy | None) -> socket.socket:
    """Connect to a host, through a proxy if there is one.

    The socket does not block, and is the caller's to close.

    Raises:
        OSError: no such host, or nobody there.
        ProxyRefused: the proxy would not connect to it.
    """
    if proxy is None:
        return await _raced(await _places(host, port))
    with ExitStack() as failing:
        sock = failing.enter_context(
            await _raced(await _places(proxy.host, proxy.port))
        )
        await tunnel(sock, proxy, host, port)
        failing.pop_all()
    return sock


async def _raced(places: Iterable[_Place]) -> socket.socket:
    won: list[socket.socket] = []
    failures: list[OSError] = []

    async def attempt(place: _Place, over: Event) -> None:
        with ExitStack() as losing:
            try:
                sock = socket.socket(place.family, socket.SOCK_STREAM)
                losing.enter_context(sock)
                await _connect(sock, place.address)
            except OSError as error:
                failures.append(error)
            else:
                if not won:
                    won.append(sock)
                    cancelled.push(losing.pop_all())
                tasks.cancel_scope.cancel()
            finally:
                over.set()

    with ExitStack() as cancelled:
        async with create_task_group() as tasks:
            for place in places:
                over = Event()
                tasks.start_soon(attempt, place, over)
                with move_on_after(ATTEMPT_DELAY):
                    await over.wait()
        cancelled.pop_all()
    if won:
        return won[0]
    # That a port is closed says more than that there is no IPv6 here.
    refusals = [error for error in failures if isinstance(error, ConnectionError)]
    raise (refusals or failures or [OSError("the host has no address")])[0]


async def _connect(sock: socket.socket, address: tuple[str, int]) -> None:
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # 20 ms at a time
    keep_little(sock)
    code = sock.connect_ex(address)
    if code in (errno.EINPROGRESS, errno.EWOULDBLOCK):
        await wait_writable(sock)
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))


async def _places(host: str, port: int) -> Iterable[_Place]:
    """Where a host is, the two families by turns, the resolver's favourite first."""
    try:
        literal = ip_address(host)
    except ValueError:
        found = await getaddrinfo(host, port, type=socket.SOCK_STREAM)
    else:
        family = socket.AF_INET6 if literal.version == 6 else socket.AF_INET
        return [_Place(family, (host, port))]
    places = [_Place(family, address) for family, _, _, _, address in found]
    first = [place for place in places if place.family == places[0].family]
    second = [place for place in places if place.family != places[0].family]
    turns = zip_longest(first, second)
    return [place for pair in turns for place in pair if place][:MAX_ADDRESSES]
