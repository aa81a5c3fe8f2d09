"""Who is there and who is not, by the clock: a socket over wires in memory."""

from __future__ import annotations

import pytest
from anyio import create_task_group, current_time, sleep, sleep_until
from anyio.lowlevel import checkpoint
from pydantic import SecretStr
from websockets.http11 import Request
from websockets.server import ServerProtocol

from voxpipe.pipeline import SessionLost
from voxpipe.processors.realtime.connect.close import TIMEOUTS
from voxpipe.processors.realtime.connect.host import Address
from voxpipe.processors.realtime.connect.session_socket import SessionSocket
from voxpipe.websocket import Listener, PlainWire
from voxpipe.websocket.plain_wire import READ

from ..loops import BACKENDS, Backend, run_virtually

LIMIT = 5.0  # seconds, as docs/realtime.md says
both_loops = pytest.mark.parametrize("backend", BACKENDS)


class Wire:
    """The way to a service that says only what the test says.

    Attributes:
        unsent: bytes that the system does not take.
        aborted: the client has ended it.
    """

    def __init__(self) -> None:
        self.server = ServerProtocol()
        self.socket = SessionSocket(
            Address("ws://here.test/v1/realtime", SecretStr("sk-test")),
            TIMEOUTS,
            max_size=1_000,
        )
        self.wire: PlainWire | None = None
        self.unsent = 0
        self.aborted = False

    async def opened(self) -> SessionSocket:
        """Connect."""
        self.socket.begin(self, self.begin_wire)
        (request,) = self.server.events_received()
        assert isinstance(request, Request)
        self.server.send_response(self.server.accept(request))
        self.flush()
        await self.socket.opened()
        return self.socket

    def say(self, text: str) -> None:
        """The service says something."""
        self.server.send_text(text.encode())
        self.flush()

    def flush(self) -> None:
        """Bring what the service has sent."""
        data = b"".join(self.server.data_to_send())
        if self.wire is None:
            self.socket.feed(data)
        else:
            self.wire.feed(data)

    def begin_wire(self, listener: Listener, max_size: int) -> PlainWire:
        self.wire = PlainWire(
            self,
            listener,
            is_client=True,
            max_size=max_size,
            now=self.socket.now,
        )
        return self.wire

    # --- `Bytes`

    def write(self, data: bytes, /) -> None:
        self.server.receive_data(data)

    def close(self) -> None:
        self.abort()

    def abort(self) -> None:
        if not self.aborted:
            self.aborted = True
            (self.wire or self.socket).connection_lost(None)

    def pause_reading(self) -> None:
        """It is not asked to."""

    def resume_reading(self) -> None:
        """It is not asked to."""

    def get_write_buffer_size(self) -> int:
        return self.unsent


async def lost(socket: SessionSocket) -> tuple[SessionLost, float]:
    """The end of it, and when it came."""
    try:
        while True:
            await socket.receive()
    except SessionLost as error:
        return error, current_time()


@both_loops
@pytest.mark.parametrize("last", [0.0, 0.1, 2.4, 2.6, 4.4])
def test_who_falls_silent_is_missed_by_the_last_byte(
    backend: Backend, last: float
) -> None:
    async def test() -> None:
        wire, ends = Wire(), list[tuple[SessionLost, float]]()
        socket = await wire.opened()
        began = current_time()

        async def talk() -> None:
            await sleep_until(began + last / 2)
            wire.say("here I am")
            await sleep_until(began + last)
            wire.say("and here")

        async with create_task_group() as tasks:
            tasks.start_soon(talk)
            ends.append(await lost(socket))
        ((error, at),) = ends
        assert error.how == "silent"
        assert at - began - last == pytest.approx(TIMEOUTS.life)
        assert at - began - last < LIMIT
        await socket.close()

    run_virtually(backend, test)


@both_loops
def test_who_speaks_and_reads_nothing_is_missed(backend: Backend) -> None:
    async def test() -> None:
        wire, ends = Wire(), list[tuple[SessionLost, float]]()
        socket = await wire.opened()

        async def talk() -> None:
            while not wire.aborted:
                wire.say("words")
                await sleep(0.1)

        async with create_task_group() as tasks:
            tasks.start_soon(talk)
            tasks.start_soon(take, wire, 30_000, 20_000, 10_000)
            ends.append(await lost(socket))
        ((error, at),) = ends
        assert error.how == "unread"
        assert "has read nothing for 4.5 s" in str(error)
        assert TIMEOUTS.life <= at - taken_at[0] <= LIMIT
        await socket.close()

    taken_at = [0.0]

    async def take(wire: Wire, *sizes: int) -> None:
        for size in sizes:  # ever less, and then no less
            wire.unsent = size
            wire.socket.pause_writing()
            taken_at[0] = current_time()
            await sleep(3.0)

    run_virtually(backend, test)


@both_loops
def test_who_reads_slowly_is_there(backend: Backend) -> None:
    async def test() -> None:
        wire = Wire()
        socket = await wire.opened()
        wire.unsent = 60_000
        socket.pause_writing()
        while wire.unsent:
            await sleep(4.0)
            wire.unsent -= 10_000
            wire.say("words")
        socket.resume_writing()
        await socket.send("at last")
        await socket.close()

    run_virtually(backend, test)


@both_loops
def test_a_service_whose_words_nobody_takes_is_not_missed(backend: Backend) -> None:
    async def test() -> None:
        wire = Wire()
        socket = await wire.opened()
        for number in range(100):  # more than are kept: reading is paused
            wire.say(str(number))
        await sleep(60)
        assert [await socket.receive() for _ in range(100)] == [
            str(number) for number in range(100)
        ]
        assert not wire.aborted
        await socket.close()

    run_virtually(backend, test)


@both_loops
def test_others_have_a_turn_while_a_service_never_stops(backend: Backend) -> None:
    """A service that floods one session gets its share of the loop, and no more."""
    in_turn = [0]

    async def test() -> None:
        wire = Wire()
        socket = await wire.opened()
        for number in range(5_000):  # one read can bring as many
            wire.say(str(number))
        most = 0
        async with create_task_group() as tasks:
            tasks.start_soon(others)
            for number in range(5_000):
                assert await socket.receive() == str(number)
                in_turn[0] += 1
                most = max(most, in_turn[0])
            tasks.cancel_scope.cancel()
        assert most <= 32
        await socket.close()

    async def others() -> None:
        while True:
            in_turn[0] = 0
            await checkpoint()

    run_virtually(backend, test)


@both_loops
@pytest.mark.parametrize("frame", [b"\x89\x00", b"\x81\x02{}"])
def test_of_a_flood_of_tiny_frames_little_is_read_at_once(
    backend: Backend, frame: bytes
) -> None:
    async def test() -> None:
        wire = Wire()
        socket = await wire.opened()
        assert wire.wire is not None
        wire.wire.feed(frame)
        assert wire.wire.read_size == READ
        wire.wire.feed(frame * 1_000)
        assert wire.wire.read_size < READ / 16
        wire.say("a frame of the size that events have " * 10)
        assert wire.wire.read_size == READ
        await socket.close()

    run_virtually(backend, test)


@both_loops
def test_who_pings_and_reads_nothing_is_owed_no_pongs(backend: Backend) -> None:
    async def test() -> None:
        wire, written = Wire(), bytearray()
        socket = await wire.opened()
        wire.unsent = 20_000
        assert wire.wire is not None
        wire.wire.pause_writing()
        wire.write = written.extend  # type: ignore[method-assign]
        for _ in range(1_000):
            wire.server.send_ping(b"x" * 125)
            wire.flush()
        assert len(written) == 0
        await socket.close()

    run_virtually(backend, test)
