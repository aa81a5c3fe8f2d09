"""The stage: a phone agent on a server, and a carrier and a model that obey.

The agent runs in the main thread as it does in life, over real sockets. The two others
are sockets of one more thread, which does one thing after the other; so nothing happens
that was not asked for, and what was asked for happens alone.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Sequence
from typing import Any, Self, TypeVar

import anyio
from anyio import to_thread

from benchmarks.calls import frames
from benchmarks.calls.events import Event, encode, session_object
from benchmarks.report import CannotMeasure
from voxpipe.pipeline import Pipeline
from voxpipe.processors.realtime import Realtime, Service, open_session
from voxpipe.processors.tools import ToolRouter, tool
from voxpipe.transports.serving import Server
from voxpipe.transports.telephony import Call, Switchboard
from voxpipe.transports.telephony.testing import Leg
from voxpipe.transports.telephony.twilio import TwilioEndpoints

from .window import PATIENCE, Windows

ROUNDS = 50  # of the event loop; a message is through after a handful
T = TypeVar("T")


@tool
async def opening_hours(day: str) -> str:
    """Tell when the restaurant is open on a day of the week."""
    return "six to eleven in the evening"


async def answer(call: Call, model_url: str) -> None:
    """The agent: it talks, can be interrupted, and has a tool."""
    tools = ToolRouter([opening_hours])
    async with open_session(
        tools=tools.schemas,
        audio=call.format,
        transcription=None,
        service=Service(base_url=model_url, api_key="sk-none"),
    ) as session:
        model = Realtime(session)
        await Pipeline(
            call.heard >> model.hears,
            model.says >> call.speaks,
            model.calls >> tools.calls,
            tools.results >> model.results,
        ).run()


class Peer:
    """One end of a WebSocket, on a blocking socket."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENCE)
        # What is sent arrives now, and not when the last thing was acknowledged.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection = connection
        self._cutter = frames.Cutter()
        self._came: list[bytes] = []

    def head(self) -> bytes:
        """The request, or the response, with which it begins."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.connection.recv(1) or b"\r\n\r\n"
        return head

    def expect(self, what: bytes) -> bytes:
        """Wait for a message with this in it; others before it are dropped.

        Raises:
            CannotMeasure: there is none.
        """
        while True:
            while self._came:
                message = self._came.pop(0)
                if what in message:
                    return message
            try:
                data = self.connection.recv(65_536)
            except TimeoutError:
                data = b""
            if not data:
                raise CannotMeasure(f"expected {what.decode()}, and it has not come")
            self._came += [payload for _, payload in self._cutter.feed(data)]


class Model(Peer):
    """The service: one session, in which it says what it is told."""

    def greet(self) -> None:
        """Let a session be opened."""
        self.connection.sendall(frames.upgrade_response(self.head()))
        self.tell("session.created", session=session_object("paths", {}))
        wanted = json.loads(self.expect(b"session.update"))["session"]
        self.tell("session.updated", session=session_object("paths", wanted))

    def say(self, *messages: bytes) -> None:
        """Send events, all in one breath."""
        self.connection.sendall(b"".join(map(frames.from_server, messages)))

    def tell(self, kind: str, **fields: Any) -> None:
        """Send one."""
        self.say(encode(kind, **fields))

    def expect_event(self, kind: str) -> Event:
        """Wait for one of the client's."""
        event: Event = json.loads(self.expect(f'"{kind}"'.encode()))
        return event

    def part(self) -> None:
        """Let the session be closed."""
        self.expect(frames.NORMAL)
        self.connection.sendall(frames.from_server(frames.NORMAL, frames.CLOSE))


class Carrier(Peer):
    """A carrier whose clock stands still between two frames of the caller.

    Its marks do not come back, which happens.
    """

    def __init__(self, port: int) -> None:
        super().__init__(socket.create_connection(("127.0.0.1", port), PATIENCE))
        self._leg = Leg(0.0, keep=False)
        host = f"127.0.0.1:{port}"
        self.connection.sendall(frames.upgrade_request(host, "/twilio"))
        self.head()
        self._send(self._leg.opening())

    def tick(self) -> None:
        """20 ms of the caller."""
        self._send(self._leg.tick(self._leg.next_at))

    def hang_up(self) -> None:
        """End the call."""
        self._leg.hang_up()
        self.tick()

    def _send(self, messages: Sequence[str | bytes]) -> None:
        for each in messages:
            self.connection.sendall(
                frames.from_client(each.encode() if isinstance(each, str) else each)
            )


class Stage:
    """A call that is under way, for the thread that directs it.

    Args:
        port: where the agent is.
        model: where its model is.
        loop: that the agent runs on.
        windows: on the agent.
    """

    def __init__(
        self,
        port: int,
        model: socket.socket,
        loop: asyncio.AbstractEventLoop,
        windows: Windows,
    ) -> None:
        self._loop = loop
        self.windows = windows
        self.carrier = Carrier(port)
        self.model = Model(model.accept()[0])

    def __enter__(self) -> Self:
        self.model.greet()
        self.carrier.tick()
        self.model.expect_event("input_audio_buffer.append")  # so the pipeline runs
        self.settle()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.carrier.hang_up()
            self.model.part()
        for each in (self.carrier, self.model):
            each.connection.close()

    def settle(self) -> None:
        """Wait until the agent has done all that there is to do."""
        asyncio.run_coroutine_threadsafe(_rounds(), self._loop).result(PATIENCE)


async def _rounds() -> None:
    # Each looks at the sockets, too; what was sent on loopback is there already.
    for _ in range(ROUNDS):
        await asyncio.sleep(0)


def play(direct: Callable[[Stage], T]) -> T:
    """Run the agent in this thread, and ``direct`` in another one."""
    return anyio.run(_play, direct)


async def _play(direct: Callable[[Stage], T]) -> T:
    windows = Windows()
    with socket.create_server(("127.0.0.1", 0)) as model, windows.tapped():
        model.settimeout(PATIENCE)
        url = f"http://127.0.0.1:{model.getsockname()[1]}/v1"
        board = Switchboard(lambda call: answer(call, url))
        loop = asyncio.get_running_loop()

        def directed(port: int) -> T:
            with Stage(port, model, loop, windows) as stage:
                return direct(stage)

        async with Server(TwilioEndpoints(board)) as server:
            return await to_thread.run_sync(directed, server.port)
