"""Connections are taken, also after descriptors were used up; on three event loops."""

from __future__ import annotations

import errno
import socket
from collections.abc import Generator
from typing import Any

import pytest
from anyio import Event, create_task_group, fail_after, move_on_after

from tests.descriptors import no_descriptors
from voxpipe.pipeline.runtime.accept import AT_ONCE, accept
from voxpipe.pipeline.testing import run_virtual

LOOPS: list[tuple[str, dict[str, Any]]] = [
    ("asyncio", {}),
    ("asyncio", {"use_uvloop": True}),
    ("trio", {}),
]


@pytest.fixture(params=range(3), ids=["asyncio", "uvloop", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """The event loop under test."""
    return LOOPS[int(request.param)]


@pytest.fixture
def listener() -> Generator[socket.socket]:
    """One that does not block."""
    with socket.create_server(("127.0.0.1", 0), backlog=2 * AT_ONCE) as sock:
        sock.setblocking(False)
        yield sock


class Taken:
    """Notes what is taken, and what fails, and closes it."""

    def __init__(self) -> None:
        self.blocking = list[bool]()
        self.errors = list[int | None]()
        self.enough, self.failed = Event(), Event()
        self.wanted = 1

    def take(self, sock: socket.socket) -> None:
        self.blocking.append(sock.getblocking())
        sock.close()
        if len(self.blocking) == self.wanted:
            self.enough.set()

    def fail(self, error: OSError) -> None:
        self.errors.append(error.errno)
        self.failed.set()


async def test_all_that_wait_are_taken_and_none_of_them_blocks(
    listener: socket.socket,
) -> None:
    clients = [
        socket.create_connection(listener.getsockname()) for _ in range(AT_ONCE + 9)
    ]
    taken = Taken()
    taken.wanted = len(clients)
    async with create_task_group() as tasks:
        tasks.start_soon(accept, listener, taken.take, taken.fail)
        with fail_after(10):
            await taken.enough.wait()
        tasks.cancel_scope.cancel()
    assert taken.blocking == [False] * len(clients)
    assert not taken.errors
    for client in clients:
        client.close()


async def test_when_there_are_descriptors_again_who_has_waited_is_taken(
    listener: socket.socket,
) -> None:
    taken = Taken()
    async with create_task_group() as tasks:
        tasks.start_soon(accept, listener, taken.take, taken.fail)
        with fail_after(10), no_descriptors() as kept, kept.socket() as client:
            client.connect(listener.getsockname())
            await taken.failed.wait()
            assert not taken.blocking
            kept.free(1)
            await taken.enough.wait()
        tasks.cancel_scope.cancel()
    assert set(taken.errors) == {errno.EMFILE}


def test_it_tries_ten_times_a_second_while_there_are_none(
    listener: socket.socket,
) -> None:
    taken = list[OSError]()

    async def scene() -> None:
        with move_on_after(10):
            await accept(listener, lambda _: None, taken.append)

    with no_descriptors() as kept, kept.socket() as client:
        kept.free(4)  # for the event loop, which begins
        with kept.socket() as second:
            for each in (client, second):
                each.connect(listener.getsockname())
        run_virtual(scene)
    assert len(taken) == pytest.approx(100, abs=1)
