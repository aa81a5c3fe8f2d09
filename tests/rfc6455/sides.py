"""The WebSockets that voxpipe has, each behind a real socket: two servers, a client.

Another implementation of one of them is one more context here.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from hashlib import sha1
from typing import Literal, Protocol

from anyio import (
    BrokenResourceError,
    EndOfStream,
    Event,
    connect_tcp,
    create_task_group,
    create_tcp_listener,
    fail_after,
)
from anyio.abc import SocketAttribute, SocketStream
from anyio.lowlevel import checkpoint
from anyio.streams.buffered import BufferedByteReceiveStream
from pydantic import SecretStr

from voxpipe.pipeline import SessionLost
from voxpipe.processors.realtime.connect.connection import websocket
from voxpipe.processors.realtime.connect.host import Address
from voxpipe.simulator import PortLimits, Simulator, ToneVoice
from voxpipe.transports.asgi import Receive, Scope, Send
from voxpipe.transports.serving import Server
from voxpipe.transports.serving.websocket import MAX_MESSAGE

from .frames import TEXT, Frame, name_in, read

Name = Literal["server", "simulator", "client"]
LONGEST = 100_000  # bytes of a message, where that can be chosen
_PATIENCE = 15  # seconds; only a hang takes them


@dataclass(frozen=True)
class Sent:
    """What is sent to one side.

    Attributes:
        data: to begin with.
        piece: so many bytes of it at once.
        goodbye: and this, when it has answered.
    """

    data: bytes
    piece: int
    goodbye: bytes


@dataclass
class Outcome:
    """What one side has made of what came.

    Attributes:
        heard: the names in the messages that it read.
        frames: that it answered.
    """

    heard: list[str | None]
    frames: list[Frame]


class Side(Protocol):
    """One implementation, ready for one connection after the other.

    Attributes:
        most: bytes of the longest message that it takes.
        masks: whether what is sent to it is masked: it is a server.
        reads_binary: as if it were text.
        tells: what it has read also when that was the last.
    """

    most: int
    masks: bool
    reads_binary: bool
    tells: bool

    async def take(self, sent: Sent) -> Outcome:
        """Have it read what is sent, until it ends the connection."""
        ...


async def exchange(
    stream: SocketStream, sent: Sent, after: bytes = b"", *, hang_up: bool = False
) -> bytes:
    """Send bytes, and give all that comes back until the other side has hung up.

    Args:
        stream: to it.
        sent: these; the goodbye at the end is sent by itself.
        after: what has to come back before that.
        hang_up: in the end, as servers do, for whose sake clients wait.
    """
    heard = b""
    told = Event()

    async def listen() -> None:
        nonlocal heard
        with suppress(EndOfStream, BrokenResourceError):
            while True:
                if after in heard:
                    told.set()
                heard += await stream.receive()
        told.set()

    async with create_task_group() as tasks:
        tasks.start_soon(listen)
        with suppress(BrokenResourceError, OSError):  # it has hung up before the end
            for at in range(0, len(sent.data), sent.piece):
                await stream.send(sent.data[at : at + sent.piece])
                await checkpoint()
            await told.wait()
            await stream.send(sent.goodbye)
            if hang_up:
                await stream.send_eof()
    return heard


async def upgraded(port: int, path: str, sent: Sent, after: bytes = b"") -> bytes:
    """What a server says to this behind an upgrade, and behind its answer."""
    async with await connect_tcp("127.0.0.1", port) as stream:
        stream.extra(SocketAttribute.raw_socket).setsockopt(6, 1, 1)  # TCP_NODELAY
        await stream.send(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\n"
            "Authorization: Bearer sk-test\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        buffered = BufferedByteReceiveStream(stream)
        head = await buffered.receive_until(b"\r\n\r\n", 4_096)
        assert head.startswith(b"HTTP/1.1 101 "), head
        return buffered.buffer + await exchange(stream, sent, after)


class ServerSide:
    """`voxpipe serve`'s, with an app that only listens."""

    most, masks, reads_binary, tells = MAX_MESSAGE, True, True, True

    def __init__(self) -> None:
        self.server = Server(self._app)
        self._heard: list[str | None] = []

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            text = message.get("text")
            self._heard.append(name_in(message["bytes"] if text is None else text))

    async def take(self, sent: Sent) -> Outcome:
        """As `Side` has it."""
        self._heard = []
        answer = await upgraded(self.server.port, "/", sent)
        return Outcome(self._heard, list(read(answer, masked=False)))


class SimulatorSide:
    """The simulator's, which refuses what it does not know by its ``event_id``."""

    most, masks, reads_binary, tells = LONGEST, True, False, False

    def __init__(self) -> None:
        limits = PortLimits(message=LONGEST)
        self.server = Simulator(None, ToneVoice(), limits=limits)

    async def take(self, sent: Sent) -> Outcome:
        """As `Side` has it."""
        path = "/v1/realtime?model=gpt-realtime"
        answer = await upgraded(self.server.port, path, sent, b'"the end"')
        frames = list(read(answer, masked=False))
        events = [json.loads(each.data) for each in frames if each.opcode == TEXT]
        assert events.pop(0)["type"] == "session.created"
        return Outcome([event["error"]["event_id"] for event in events], frames)


class ClientSide:
    """The one under `open_session`; it connects to a service that says these bytes."""

    most, masks, reads_binary, tells = LONGEST, False, True, True

    def __init__(self, port: int, say: Callable[[Sent], None]) -> None:
        self._address = Address(f"ws://127.0.0.1:{port}/v1", SecretStr("sk-test"))
        self._say = say
        self.answered: list[bytes] = []

    async def take(self, sent: Sent) -> Outcome:
        """As `Side` has it."""
        heard: list[str | None] = []
        self._say(sent)
        async with websocket(self._address, max_size=LONGEST) as connection:
            with suppress(SessionLost):
                while True:
                    heard.append(name_in(await connection.receive()))
        while not self.answered:
            await checkpoint()
        return Outcome(heard, list(read(self.answered.pop(), masked=True)))


@asynccontextmanager
async def opened(name: Name) -> AsyncGenerator[Side]:
    """One of the three."""
    with fail_after(_PATIENCE):
        if name == "server":
            served = ServerSide()
            async with served.server:
                yield served
        elif name == "simulator":
            simulated = SimulatorSide()
            async with simulated.server:
                yield simulated
        else:
            async with _service() as client:
                yield client


@asynccontextmanager
async def _service() -> AsyncGenerator[ClientSide]:
    script: list[Sent] = []

    async def talk(stream: SocketStream) -> None:
        async with stream:
            buffered = BufferedByteReceiveStream(stream)
            head = await buffered.receive_until(b"\r\n\r\n", 4_096)
            await stream.send(_accepted(head))
            client.answered.append(await exchange(stream, script.pop(), hang_up=True))

    listener = await create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(SocketAttribute.local_port)
    client = ClientSide(port, script.append)
    async with listener, create_task_group() as tasks:
        tasks.start_soon(listener.serve, talk)
        yield client
        tasks.cancel_scope.cancel()


def _accepted(head: bytes) -> bytes:
    key = re.search(rb"(?i)^sec-websocket-key: *(\S+)", head, re.MULTILINE)
    assert key, head
    hashed = sha1(key[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Accept: "
        + b64encode(hashed.digest())
        + b"\r\n\r\n"
    )
