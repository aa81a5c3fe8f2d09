"""The simulator as a real server: on loopback, on asyncio and on trio."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from anyio import EndOfStream, Event, create_task_group, to_thread
from anyio.abc import TaskGroup

from voxpipe.pipeline.errors import TransportError
from voxpipe.pipeline.leaving import leave
from voxpipe.simulator.voices.speech import CachedVoice, Voice, find_voice
from voxpipe.simulator.wire.session_config import LIFETIME

from .admission import DOORS, Rejection, admit, no_such_call
from .faulty import with_faults
from .front.listener import Listener
from .front.messages import Answer, Request
from .front.websocket import Socket
from .keys import Keys, looks_like_a_key
from .opening import open_machine
from .pump import Pump, in_thread
from .rest.client_secrets import ClientSecrets
from .rest.responses import Responses
from .rest.routes import Routes, nothing_at
from .script import Script


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
        self._keys = Keys(accepts, _today)
        self._routes = Routes(
            self._keys,
            {
                "/v1/realtime/client_secrets": ClientSecrets(self._keys).create,
                "/v1/responses": Responses(self._script, self._keys).create,
            },
        )
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

    def expire_client_secrets(self) -> None:
        """Let all client secrets made so far be expired: what does your app do then?

        Sessions that have begun with one go on, as they do at the service.
        """
        self._keys.expire()

    async def __aenter__(self) -> Self:
        # Looking for a voice may load a library: not in the loop's thread.
        if self._voice is None:
            self._voice = await to_thread.run_sync(find_voice)
        self._cached = CachedVoice(self._voice)
        self._stop = Event()
        listener = Listener(self._host, self._respond, self._welcome)
        self._tasks = create_task_group()
        await self._tasks.__aenter__()
        try:
            self._port = await self._tasks.start(listener.serve, self._port, self._stop)
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

    async def _respond(self, request: Request) -> Answer:
        return await self._routes.answer(request)

    def _welcome(self, request: Request) -> Callable[[Socket], Awaitable[None]]:
        if request.path not in DOORS:
            raise nothing_at(request)

        async def converse(socket: Socket) -> None:
            await self._session(socket, request)

        return converse

    async def _session(self, socket: Socket, request: Request) -> None:
        # The service upgrades first and refuses then.
        offered = request.headers.get("Sec-WebSocket-Protocol", "").split(",")
        try:
            admission = admit(
                request.target,
                request.headers,
                [each.strip() for each in offered],
                self._keys,
            )
            if admission.call_id:
                raise Rejection(4000, no_such_call(admission.call_id))
        except Rejection as rejection:
            with suppress(EndOfStream):
                await socket.send(json.dumps(rejection.event))
                await socket.close(*rejection.farewell)
            return
        machine = open_machine(admission, self._script, lifetime=self._lifetime)
        assert self._cached is not None
        await Pump(
            machine,
            with_faults(socket, self._script.faults),
            in_thread(self._cached),
        ).run()


def _today() -> float:
    # Unix time, as `expires_at` of the protocol wants it.
    return datetime.now(UTC).timestamp()
