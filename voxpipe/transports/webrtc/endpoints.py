"""Answers offers of browsers: `BrowserEndpoints` without the WebSocket.

Shaped like WHIP (RFC 9725), as other WebRTC services are: an offer is posted, with all
of its candidates, its answer is 201 with a ``Location``, and a DELETE there hangs up.
Who calls is said over the data channel, in the words of a WebSocket.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Self

from anyio import (
    TASK_STATUS_IGNORED,
    AsyncContextManagerMixin,
    CancelScope,
    move_on_after,
)
from anyio.abc import TaskGroup, TaskStatus

from voxpipe.pipeline.runtime.scopes import tasks_until_done
from voxpipe.transports.asgi import Receive, Scope, Send
from voxpipe.transports.browser.endpoints import BrowserEndpoints
from voxpipe.transports.lobby import Guest, Lobby
from voxpipe.transports.telephony.asgi import respond, split_path
from voxpipe.transports.telephony.forms import BadRequest
from voxpipe.transports.telephony.lifespan import lifespan
from voxpipe.transports.telephony.switchboard import CallNotTaken
from voxpipe.webrtc import Ice, OfferError, open_peer, reachable, require

from .posting import SDP, allowed, bearer, read_offer
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
        self._beginning = Lobby(SPARE, "a data channel")

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
        if self._tasks is None:
            raise BadRequest(503, "no call is taken: the endpoint is not open")
        about = await self._whose(bearer(scope))
        name = secrets.token_urlsafe(18)
        client = scope.get("client")
        comes = _Comes(name, reachable(offer, client), client, about)
        try:
            answer = await self._tasks.start(self._carry, comes)
        except OfferError as error:
            raise BadRequest(400, str(error)) from None
        return name, answer

    async def _whose(self, token: str) -> Mapping[str, str] | None:
        """Ask for the token before anything is opened: a connection costs ports, and
        more; none where nobody is asked, or of who comes back to a seat.
        """
        if not self._browser.asks or self._browser.is_seat(token):
            return None
        try:
            self._browser.switchboard.admit()  # or it would be used up for nothing
        except CallNotTaken as refused:
            raise BadRequest(503, str(refused)) from None
        about = await self._browser.whose(token)
        if about is None:
            raise BadRequest(401, "expected a token that is valid")
        return about

    # --- one connection

    async def _carry(
        self, comes: _Comes, *, task_status: TaskStatus[str] = TASK_STATUS_IGNORED
    ) -> None:
        rate, is_begun = self._browser.rate, False
        socket = self._sockets[comes.name] = PeerSocket(rate)
        try:
            # From here on, so that those count which are about to begin.
            with CancelScope() as beginning, self._in_lobby(comes, beginning) as leave:
                async with open_peer(socket, rate=rate, ice=self._ice) as socket.peer:
                    answer = await socket.peer.answer(comes.offer)
                    is_begun = True
                    task_status.started(answer)
                    await self._attend(comes, socket, leave)
        except Exception:
            if not is_begun:
                raise  # whoever has sent the offer is told
            logger.exception("a connection has failed")  # the others go on
        finally:
            self._sockets.pop(comes.name, None)
        if not is_begun:
            raise BadRequest(503, "too many connections have not come about yet")

    @contextmanager
    def _in_lobby(
        self, comes: _Comes, beginning: CancelScope
    ) -> Generator[Callable[[], None]]:
        """A place for who is beginning; gives what leaves it."""
        guest = Guest(comes.client, beginning.cancel)
        self._beginning.enter(guest)
        try:
            yield partial(self._beginning.leave, guest)
        finally:
            self._beginning.leave(guest)

    async def _attend(
        self, comes: _Comes, socket: PeerSocket, leave: Callable[[], None]
    ) -> None:
        is_open = False
        with move_on_after(CONNECT_TIMEOUT):
            is_open = await socket.is_open()
        leave()
        if not is_open:
            self._refusals.note("expected a connection and a data channel within 10 s")
            return
        async with tasks_until_done() as tasks:
            tasks.start_soon(self._let_go, comes.name, socket)
            await self._browser.attend(socket, comes.client, about=comes.about)

    async def _let_go(self, name: str, socket: PeerSocket) -> None:
        """Close what is lost: its call may last, and go on over another connection."""
        await socket.gone.wait()
        self._sockets.pop(name, None)
        if socket.peer is not None:
            await socket.peer.close()


@dataclass(frozen=True, slots=True)
class _Comes:
    """Who has posted an offer.

    Attributes:
        name: of the connection.
        offer: as it came.
        client: where from.
        about: what is known of whose token it was.
    """

    name: str
    offer: str = field(repr=False)
    client: tuple[str, int] | None
    about: Mapping[str, str] | None = field(repr=False)


def _is_ours(path: str) -> bool:
    path = path.rstrip("/")
    return path == PATH or path.startswith(PATH + "/")
