"""The simulator as a real server: WebSockets on loopback, on asyncio and on trio."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from anyio import (
    TASK_STATUS_IGNORED,
    CancelScope,
    EndOfStream,
    Event,
    create_task_group,
    to_thread,
)
from anyio.abc import TaskGroup, TaskStatus
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from voxpipe.pipeline.errors import TransportError
from voxpipe.pipeline.leaving import leave
from voxpipe.pipeline.loop import in_trio
from voxpipe.pipeline.silent import SILENT
from voxpipe.simulator.voices.speech import CachedVoice, Voice, find_voice
from voxpipe.simulator.wire.session_config import LIFETIME

from .admission import DOORS, SUBPROTOCOL, Rejection, admit, looks_like_a_key
from .machine import Machine
from .opening import open_machine
from .pump import Pump, in_thread
from .script import Script

_PING_INTERVAL = 20.26  # seconds, as the service pings
_PING_PATIENCE = 60  # seconds without a pong until a client counts as gone
_LARGEST_MESSAGE = 32 * 1024 * 1024  # bytes: 15 MiB of audio in base64, and room
_FAREWELL = 1  # seconds that a client has to answer our close frame


class Simulator:
    """A local server that speaks the Realtime protocol.

    Open it with ``async with``; it ends, with all its sessions, when the block does.
    Raises `TransportError` when it cannot listen.

    Args:
        script: what the model says and calls; without one it echoes. Each session
            starts it from the beginning.
        voice: how it sounds; without one the best there is (`find_voice`).
        host: where to listen.
        port: 0 for any that is free.
        accepts: which API keys are good.
        lifetime: seconds after which a session is ended.
    """

    def __init__(
        self,
        script: Script | None = None,
        voice: Voice | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        accepts: Callable[[str], bool] = looks_like_a_key,
        lifetime: float = LIFETIME,
    ) -> None:
        self._script = script or Script()
        self._voice = voice
        self._cached: CachedVoice | None = None
        self._host = host
        self._port = port
        self._accepts = accepts
        self._lifetime = lifetime
        self._tasks: TaskGroup | None = None
        self._stop = Event()

    @property
    def port(self) -> int:
        """Where it listens, once it is open."""
        return self._port

    @property
    def url(self) -> str:
        """What ``OPENAI_BASE_URL`` has to be for an official SDK to come here."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}/v1"

    @property
    def websocket_url(self) -> str:
        """Where sessions are opened, without the query."""
        return f"ws{self.url.removeprefix('http')}/realtime"

    async def __aenter__(self) -> Self:
        # Looking for a voice may load a library: not in the loop's thread.
        if self._voice is None:
            self._voice = await to_thread.run_sync(find_voice)
        self._cached = CachedVoice(self._voice)
        self._stop = Event()
        serve = self._serve_trio if in_trio() else self._serve_asyncio
        self._tasks = create_task_group()
        await self._tasks.__aenter__()
        try:
            self._port = await self._tasks.start(serve)
        except BaseException as error:
            # The group is ours to close, whatever it was.
            self._stop.set()
            await leave(self._tasks, type(error), error, error.__traceback__)
            if isinstance(error, OSError):
                raise TransportError(
                    f"cannot listen on {self._host} port {self._port}: "
                    f"{error.strerror or error}; port 0 takes any that is free"
                ) from error
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        self._stop.set()
        assert self._tasks is not None
        return await leave(self._tasks, kind, error, traceback)

    async def _serve_asyncio(
        self, *, task_status: TaskStatus[int] = TASK_STATUS_IGNORED
    ) -> None:
        from websockets.asyncio.server import serve

        # Shielded: `__aexit__` always comes, and closing is bounded (one second).
        with CancelScope(shield=True):
            server = await serve(self._session, self._host, self._port, **OPTIONS)
            task_status.started(server.sockets[0].getsockname()[1])
            await self._stop.wait()
            server.close()
            await server.wait_closed()

    async def _serve_trio(
        self, *, task_status: TaskStatus[int] = TASK_STATUS_IGNORED
    ) -> None:
        import trio
        from websockets.trio.server import serve

        listeners = await trio.open_tcp_listeners(self._port, host=self._host)
        port: int = listeners[0].socket.getsockname()[1]
        async with trio.open_nursery() as nursery:
            # As above; and cancelled from outside, websockets would wait for ever.
            nursery.cancel_scope.shield = True
            server = await nursery.start(
                partial(serve, self._session, listeners=listeners, **OPTIONS)
            )
            task_status.started(port)
            await self._stop.wait()
            await server.aclose()

    async def _session(self, socket: Any) -> None:
        wire = _Wire(socket)
        try:
            machine = self._open(socket.request)
        except Rejection as rejection:
            await wire.reject(rejection)
            return
        assert self._cached is not None
        await Pump(machine, wire, in_thread(self._cached)).run()

    def _open(self, request: Request) -> Machine:
        offered = request.headers.get_all("Sec-WebSocket-Protocol")
        admission = admit(
            request.path,
            _first_values(request),
            [each.strip() for line in offered for each in line.split(",")],
            self._accepts,
        )
        return open_machine(admission, self._script, lifetime=self._lifetime)


class _Wire:
    """A WebSocket of either backend, as the pump sees it."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket

    async def send(self, text: str) -> None:
        try:
            await self._socket.send(text)
        except ConnectionClosed:
            raise EndOfStream from None

    async def receive(self) -> str | bytes:
        try:
            message: str | bytes = await self._socket.recv()
        except ConnectionClosed:
            raise EndOfStream from None
        return message

    async def close(self, code: int, reason: str) -> None:
        # asyncio's connection says close, trio's aclose.
        close = getattr(self._socket, "aclose", None) or self._socket.close
        await close(code, reason)

    async def reject(self, rejection: Rejection) -> None:
        """Say why, and hang up."""
        try:
            await self.send(json.dumps(rejection.event))
        except EndOfStream:
            return
        await self.close(*rejection.farewell)


def _first_values(request: Request) -> Mapping[str, str]:
    """Headers, whatever the case of their names; the first one of repeats."""
    first = Headers()
    for name, value in request.headers.raw_items():
        if name not in first:
            first[name] = value
    return first


def _only_realtime(connection: Any, request: Request) -> Response | None:
    path = urlsplit(request.path).path
    if path in DOORS:
        return None
    known = ", ".join(DOORS)
    response: Response = connection.respond(
        HTTPStatus.NOT_FOUND, f"there is only {known} here, not {path[:80]}\n"
    )
    return response


def _subprotocol(_connection: Any, offered: Sequence[Subprotocol]) -> Any:
    return SUBPROTOCOL if SUBPROTOCOL in offered else None


OPTIONS: dict[str, Any] = {
    "process_request": _only_realtime,
    "select_subprotocol": _subprotocol,
    "ping_interval": _PING_INTERVAL,
    "ping_timeout": _PING_PATIENCE,
    "close_timeout": _FAREWELL,
    "max_size": _LARGEST_MESSAGE,
    "logger": SILENT,
}
