"""What becomes of who comes to the simulator's port: an answer, or a session."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from typing import Any

from anyio import EndOfStream
from anyio.abc import TaskGroup

from voxpipe.webrtc import Ice

from .calls.calls import Calls
from .cassettes import CassetteError, Players
from .errors import BadKey, Refusal, quoted
from .machines import open_machine
from .net.admission import SESSION_PATHS, Admission, admit
from .net.faulty import with_faults
from .net.keys import Keys
from .net.messages import HttpRequest, HttpResponse
from .net.origins import check_origin
from .net.pump import Pump
from .net.session_requests import Speak
from .net.websocket import ServerWebSocket
from .protocol.dialogue import SansIOSession
from .rest.calls import CallEndpoints
from .rest.client_secrets import ClientSecretEndpoints
from .rest.responses import ResponsesEndpoint
from .rest.routes import Routes, nothing_at
from .script.script import Script
from .service.machine import Machine

_ANYWHERE = ("", "0.0.0.0", "::", "localhost")  # no addresses to offer


class Router:
    """Admits clients, and gives each what it has come for.

    Args:
        script: what is said in each session.
        keys: the ones that are good.
        speak: makes sound of words.
        tasks: in which calls run; other sessions run with their connection.
        lifetime: seconds after which a session is ended.
        players: recorded sessions, replayed in place of those by the script.
        origins: of web pages that may come, beside those of this machine.
        host: where it listens, for the media of calls.

    Attributes:
        calls: those that ring and those in progress.
        routes: what answers over REST.
    """

    def __init__(
        self,
        script: Script,
        keys: Keys,
        speak: Speak,
        tasks: TaskGroup,
        lifetime: float,
        players: Players | None = None,
        origins: Collection[str] = (),
        host: str = "",
    ) -> None:
        self._origins = origins
        self._script = script
        self._keys = keys
        self._speak = speak
        self._lifetime = lifetime
        self._players = players
        self._sessions = 0  # opened so far
        ice = Ice(addresses=[host] if host not in _ANYWHERE else [])
        self.calls = Calls(self._open_call, speak, tasks, ice)
        calls = CallEndpoints(self.calls, keys)
        secrets = ClientSecretEndpoints(keys)
        self.routes = Routes(
            keys,
            {
                "/v1/realtime/client_secrets": secrets.create,
                "/v1/realtime/translations/client_secrets": (
                    secrets.create_translation
                ),
                "/v1/realtime/calls": calls.create,
                "/v1/realtime/calls/*/accept": calls.accept,
                "/v1/realtime/calls/*/reject": calls.reject,
                "/v1/realtime/calls/*/refer": calls.refer,
                "/v1/realtime/calls/*/hangup": calls.hang_up,
                "/v1/responses": ResponsesEndpoint(script, keys).create,
            },
        )

    async def answer(self, request: HttpRequest) -> HttpResponse:
        """Answer what is asked over REST.

        Raises:
            HttpError: nobody answers that, or not to a web page of others.
        """
        check_origin(request, self._origins)
        return await self.routes.answer(request)

    def welcome(
        self, request: HttpRequest
    ) -> Callable[[ServerWebSocket], Awaitable[None]]:
        """What to do with a client that wants a WebSocket.

        Raises:
            HttpError: sessions are opened somewhere else, or not by pages of others.
        """
        check_origin(request, self._origins)
        if request.path not in SESSION_PATHS:
            raise nothing_at(request)

        async def converse(socket: ServerWebSocket) -> None:
            # The service upgrades first and refuses then.
            try:
                await self._converse(socket, request)
            except Refusal as refusal:
                code = 3000 if isinstance(refusal, BadKey) else 4000
                with suppress(EndOfStream):
                    await socket.send(json.dumps(refusal.event()))
                    await socket.close(code, refusal.close_reason)

        return converse

    async def _converse(self, socket: ServerWebSocket, request: HttpRequest) -> None:
        admission = admit(request, self._keys)
        self._sessions += 1
        client = with_faults(socket, self._script.faults, self._sessions)
        if not admission.call_id:
            await Pump(self._open(admission), client, self._speak).run()
            return
        call = self.calls.joined(admission.call_id)
        if call is None:
            id = quoted(admission.call_id)
            raise Refusal("call_not_found", f"There is no call {id} to join.")
        await call.join(client)

    def _open(self, admission: Admission) -> SansIOSession:
        if self._players is None:
            return open_machine(admission, self._script, lifetime=self._lifetime)
        try:
            return self._players.next()
        except CassetteError as error:
            raise Refusal("no_cassette", str(error)) from None

    def _open_call(self, model: str, session: Mapping[str, Any]) -> Machine:
        admission = Admission("realtime", model, session=session)
        machine = open_machine(admission, self._script, lifetime=self._lifetime)
        assert isinstance(machine, Machine)
        return machine
