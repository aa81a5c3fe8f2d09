"""Answers offers of browsers: `BrowserEndpoints` without the WebSocket.

Shaped like WHIP (RFC 9725), as other WebRTC services are: an offer is posted, with all
of its candidates, its answer is 201 with a ``Location``, and a DELETE there hangs up.
Who calls is said over the data channel, in the words of a WebSocket.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Self

from anyio import (
    TASK_STATUS_IGNORED,
    AsyncContextManagerMixin,
    move_on_after,
)
from anyio.abc import TaskGroup, TaskStatus

from voxpipe.pipeline.runtime.scopes import tasks_until_done
from voxpipe.transports.asgi import Receive, Scope, Send
from voxpipe.transports.browser.endpoints import BrowserEndpoints
from voxpipe.transports.telephony.asgi import respond, split_path
from voxpipe.transports.telephony.forms import BadRequest
from voxpipe.transports.telephony.lifespan import lifespan
from voxpipe.webrtc import Ice, OfferError, open_peer, require

from .posting import SDP, allowed, read_offer
from .socket import BYE, PeerSocket

PATH = "/webrtc"
SPARE = 16  # connections that may not have come about yet
CONNECT_TIMEOUT = 10.0  # seconds from the answer to the data channel

logger = logging.getLogger(__name__)


class WebRtcEndpoints(AsyncContextManagerMixin):
    """Calls of a page over WebRTC, at ``/webrtc``; runs on asyncio.

    All else is served by the page's own endpoints, behind it. It is open while it runs
    as an app by itself (a server's ``lifespan``) or within ``async with``; before and
    after that it refuses calls. Origins, tokens, limits and what answers are those of
    the page's endpoints.

    Args:
        browser: the page's endpoints.
        ice: how we are reached; by default at every address of this machine, and
            without asking anybody.

    Raises:
        ImportError: aiortc is not installed.
    """

    def __init__(self, browser: BrowserEndpoints, *, ice: Ice | None = None) -> None:
        self._browser = browser
        self._ice = ice or Ice()
        self._refusals = browser.switchboard.refusals
        self._tasks: TaskGroup | None = None
        self._sockets: dict[str, PeerSocket] = {}
        self._beginning = set[PeerSocket]()  # that have no data channel yet

    @property
    def connections(self) -> int:
        """How many there are."""
        return len(self._sockets)

    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        require()
        async with tasks_until_done() as self._tasks:
            try:
                yield self
            finally:
                self._tasks = None

    def serves(self, path: str) -> bool:
        """Whether something is at this path."""
        return _is_ours(path) or self._browser.serves(path)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, as ASGI 3 has it."""
        if scope["type"] == "lifespan":
            await lifespan(receive, send, self._browser.switchboard, self)
        elif scope["type"] == "http" and _is_ours(split_path(scope)[1]):
            await self._refusals.answer(self._request, scope, receive, send)
        else:
            await self._browser(scope, receive, send)

    # --- HTTP

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        root, path = split_path(scope)
        path = path.rstrip("/")
        refused = self._browser.why_not(scope)
        if refused is not None:
            raise BadRequest(*refused)
        headers = allowed(scope)
        if scope["method"] == "OPTIONS":
            await respond(send, 204, "", headers=headers)
        elif path != PATH and scope["method"] == "DELETE":
            self._hang_up(path.removeprefix(PATH + "/"))
            await respond(send, 200, "", headers=headers)
        elif path == PATH and scope["method"] == "POST":
            name, answer = await self._answer(scope, receive)
            headers = {**headers, "location": f"{root}{PATH}/{name}"}
            await respond(send, 201, answer, kind=SDP, headers=headers)
        else:
            raise BadRequest(405, f"expected POST {PATH}, or DELETE of a call")

    def _hang_up(self, name: str) -> None:
        # Of a call that is over nothing is to be done: pages hang up both ways.
        if (socket := self._sockets.get(name)) is not None:
            socket.said(BYE)

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[str, str]:
        offer = await read_offer(scope, receive)
        if len(self._beginning) >= SPARE:
            raise BadRequest(503, "too many connections have not come about yet")
        if self._tasks is None:
            raise BadRequest(503, "no call is taken: the endpoint is not open")
        name = secrets.token_urlsafe(18)
        try:
            answer = await self._tasks.start(self._carry, name, offer)
        except OfferError as error:
            raise BadRequest(400, str(error)) from None
        return name, answer

    # --- one connection

    async def _carry(
        self,
        name: str,
        offer: str,
        *,
        task_status: TaskStatus[str] = TASK_STATUS_IGNORED,
    ) -> None:
        rate, is_begun = self._browser.rate, False
        socket = self._sockets[name] = PeerSocket(rate)
        self._beginning.add(socket)
        try:
            async with open_peer(socket, rate=rate, ice=self._ice) as socket.peer:
                answer = await socket.peer.answer(offer)
                is_begun = True
                task_status.started(answer)
                await self._attend(name, socket)
        except Exception:
            if not is_begun:
                raise  # whoever has sent the offer is told
            logger.exception("a connection has failed")  # the others go on
        finally:
            self._sockets.pop(name, None)
            self._beginning.discard(socket)

    async def _attend(self, name: str, socket: PeerSocket) -> None:
        is_open = False
        with move_on_after(CONNECT_TIMEOUT):
            is_open = await socket.is_open()
        self._beginning.discard(socket)
        if not is_open:
            self._refusals.note("expected a connection and a data channel within 10 s")
            return
        async with tasks_until_done() as tasks:
            tasks.start_soon(self._let_go, name, socket)
            await self._browser.attend(socket)

    async def _let_go(self, name: str, socket: PeerSocket) -> None:
        """Close what is lost: its call may last, and go on over another connection."""
        await socket.gone.wait()
        self._sockets.pop(name, None)
        if socket.peer is not None:
            await socket.peer.close()


def _is_ours(path: str) -> bool:
    path = path.rstrip("/")
    return path == PATH or path.startswith(PATH + "/")
