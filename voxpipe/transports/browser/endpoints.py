"""The page and its WebSocket, as an ASGI app: mount it in yours, or have it served.

Without a ``check`` anybody may talk who is on this machine: what a tunnel or a proxy
passes on, or what names another host, is refused. With one, who brings no token that it
knows is refused, wherever they are. A web page of another origin is refused either way.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from urllib.parse import urlsplit

from anyio import BrokenResourceError, CancelScope, move_on_after

from voxpipe.pipeline import AudioFormat, ConfigurationError, TransportError
from voxpipe.pipeline.observer import observed
from voxpipe.pipeline.runtime.scopes import tasks_until_done
from voxpipe.transports.asgi import Receive, Scope, Send
from voxpipe.transports.lobby import Guest, Lobby
from voxpipe.transports.telephony.asgi import (
    AsgiSocket,
    header,
    refuse_upgrade,
    respond,
    split_path,
)
from voxpipe.transports.telephony.carrier.nearby import why_elsewhere
from voxpipe.transports.telephony.forms import BadRequest
from voxpipe.transports.telephony.lifespan import lifespan
from voxpipe.transports.telephony.line import Ending
from voxpipe.transports.telephony.refusals import RETRY_AFTER
from voxpipe.transports.telephony.socket import Socket
from voxpipe.transports.telephony.switchboard import CallNotTaken, Switchboard

from . import files
from .call import BrowserCall
from .greeting import greeting
from .messages import PROTOCOL, Hello, message
from .seat import Seat

logger = logging.getLogger(__name__)

SOCKET = "/browser"
SPARE = 16  # connections, beyond the limit of calls, that may say nothing for 5 s
CLOSE_TIMEOUT = 1.0  # seconds to tell the last news
RATES = (8_000, 16_000, 24_000)

Check = Callable[[str], Awaitable[Mapping[str, str] | None]]
"""Whether a token is good: what the app knows of whose it is, or ``None``."""

_ENDED: dict[Ending, str] = {
    "idle": "idle",
    "silent": "lost",
    "stuck": "lost",
    "model": "failed",
}
_WHY = {
    "full": "All lines are taken; please try again in a moment.",
    "draining": "The server is about to end; please try again in a moment.",
    "token": "Expected a token that is valid; please load the page anew.",
    "seat": "That call is over.",
    "hello": "Expected this version of voxpipe.js.",
}
_ELSEWHERE = (
    "expected a client on this machine, by a name of it, and no proxy or tunnel: "
    "nobody is checked here; have tokens checked (BrowserEndpoints(check=…)), or let "
    "anybody talk by insecure=True (voxpipe serve: --insecure)"
)
_FOREIGN = "expected a page of this server, or of one of its origins="


class BrowserEndpoints:
    """Serves the page (``/`` and its files), and calls from it (``/browser``).

    Args:
        switchboard: takes the calls; it may be that of your telephones.
        check: tells of the token that a page brings whose it is; `Tokens.check` is one.
            Without it only this machine may talk.
        insecure: without a check, let anybody talk who reaches it, at your cost.
        origins: of other web pages that may open a call, as ``https://example.com``.
        page: serve the page, too; else only ``/browser`` and ``/voxpipe.js``.
        rate: samples per second of the audio, both ways: 24,000 as the model has it,
            16,000 or 8,000.

    Attributes:
        switchboard: as it was given.
        rate: likewise.

    Raises:
        ConfigurationError: another rate, or an origin that is none.
    """

    def __init__(
        self,
        switchboard: Switchboard,
        *,
        check: Check | None = None,
        insecure: bool = False,
        origins: Collection[str] = (),
        page: bool = True,
        rate: int = 24_000,
    ) -> None:
        if rate not in RATES:
            raise ConfigurationError(f"expected a rate of {RATES}, got {rate!r}")
        for each in origins:
            parts = urlsplit(each)
            if not parts.netloc or each != f"{parts.scheme}://{parts.netloc}":
                raise ConfigurationError(
                    f"expected an origin such as https://example.com, got {each!r}"
                )
        self.switchboard = switchboard
        self.rate = rate
        self._check = check
        self._insecure = insecure
        self._origins = frozenset(origins)
        names = files.page().keys()
        self._files = {name for name in names if page or name.startswith("voxpipe")}
        self._format = AudioFormat("pcm16", rate)
        self._refusals = switchboard.refusals
        # Strangers may say nothing as well, and must not keep a page out by it.
        self._greeting = Lobby(switchboard.limit + SPARE, "a page's hello")
        self._seats: dict[
            str, Seat
        ] = {}  # by their secrets, of the calls that there are

    def serves(self, path: str) -> bool:
        """Whether something is at this path."""
        return path.rstrip("/") == SOCKET or self._file_at(path) is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, as ASGI 3 has it."""
        if scope["type"] == "http":
            await self._refusals.answer(self._request, scope, receive, send)
        elif scope["type"] == "websocket":
            await self._connect(scope, receive, send)
        elif scope["type"] == "lifespan":
            await lifespan(receive, send, self.switchboard)

    # --- HTTP

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        root, path = split_path(scope)
        if scope["method"] not in ("GET", "HEAD"):
            raise BadRequest(405, "expected GET or HEAD")
        if path.rstrip("/") == SOCKET:
            raise BadRequest(426, "expected an upgrade to a WebSocket")
        if self._is_stranger(scope):
            raise BadRequest(403, _ELSEWHERE)
        if path == "" and files.INDEX in self._files:
            # What the page refers to is beside it.
            await respond(send, 307, "", headers={"location": f"{root}/"})
            return
        name = self._file_at(path)
        if name is None:
            raise BadRequest(404, f"expected the page, {root}/, or one of its files")
        await files.serve(send, name, head=scope["method"] == "HEAD")

    def _file_at(self, path: str) -> str | None:
        name = path.removeprefix("/") or files.INDEX
        return name if name in self._files else None

    # --- WebSocket

    async def _connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        refused = self._why_not(scope)
        if refused is not None:
            status, why = refused
            self._refusals.note(why)
            await refuse_upgrade(scope, send, status, f"{why}\n")
            return
        socket = AsgiSocket(scope, receive, send)
        await socket.accept(PROTOCOL)
        await self.attend(socket, scope.get("client"))

    async def attend(
        self,
        socket: Socket,
        client: tuple[str, int] | None = None,
        *,
        about: Mapping[str, str] | None = None,
    ) -> None:
        """Serve one connection that has been let in, whatever carries it.

        It has the messages of the protocol both ways. Returns when it is done with: the
        call is over or, if that was begun over another, goes on over a third.

        Args:
            socket: carries the messages.
            client: where it comes from.
            about: what `whose` has said already of a token, which is used up by that.
        """
        hello = await self._greet(socket, client)
        if hello is None:
            await self._refuse(socket, "hello", code=1002)
        elif hello.seat:
            await self._come_back(socket, hello)
        else:
            await self._begin(socket, hello, about)

    async def _greet(
        self, socket: Socket, client: tuple[str, int] | None
    ) -> Hello | None:
        """Wait for the hello of a page; none comes, or it has to make room."""
        with CancelScope() as waiting:
            guest = Guest(client, waiting.cancel)
            self._greeting.enter(guest)
            try:
                return await greeting(socket)
            except TransportError as error:
                self._refusals.note("expected a page's hello", str(error))
            finally:
                self._greeting.leave(guest)
        return None

    def _why_not(self, scope: Scope) -> tuple[int, str] | None:
        _, path = split_path(scope)
        if path.rstrip("/") != SOCKET:
            return 404, f"expected a WebSocket at {SOCKET}"
        if PROTOCOL not in scope.get("subprotocols", ()):
            return 400, f"expected the sub-protocol {PROTOCOL}"
        return self.why_not(scope)

    def why_not(self, scope: Scope) -> tuple[int, str] | None:
        """Why whoever asks this may open no call, with a status of HTTP."""
        if self._is_stranger(scope):
            return 403, _ELSEWHERE
        if self._is_foreign(scope):
            return 403, _FOREIGN
        return None

    @property
    def asks(self) -> bool:
        """Whether a token is asked for."""
        return self._check is not None

    def is_seat(self, secret: str) -> bool:
        """Whether this is the secret of a call whose page has lost its connection."""
        seat = self._seats.get(secret)
        return seat is not None and not seat.is_over

    async def whose(self, token: str) -> Mapping[str, str] | None:
        """What the app knows of who brings this; ``None`` if they may not talk."""
        return {} if self._check is None else await self._check(token)

    def _is_stranger(self, scope: Scope) -> bool:
        if self._check is not None or self._insecure:
            return False
        return why_elsewhere(scope) is not None

    def _is_foreign(self, scope: Scope) -> bool:
        sent = [value for name, value in scope["headers"] if name == b"origin"]
        return any(not self._is_own(value.decode("latin-1"), scope) for value in sent)

    def _is_own(self, origin: str, scope: Scope) -> bool:
        if origin in self._origins:
            return True
        host = header(scope, b"host")
        scheme, _, there = origin.partition("://")
        return scheme in ("http", "https") and host is not None and there == host

    # --- calls

    async def _begin(
        self, socket: Socket, hello: Hello, about: Mapping[str, str] | None
    ) -> None:
        try:
            self.switchboard.admit()  # or a token would be used up for nothing
            if about is None:
                about = await self.whose(hello.token)
            if about is None:
                await self._refuse(socket, "token")
                return
            self.switchboard.admit()
        except CallNotTaken as refused:
            await self._refuse(socket, refused.why, code=1013)
            return
        seat = Seat(socket, f"browser-{secrets.token_hex(8)}")
        call = BrowserCall(
            seat,
            format=self._format,
            caller=about.get("caller", ""),
            parameters=about,
        )
        await self._hold(call, seat)

    async def _hold(self, call: BrowserCall, seat: Seat) -> None:
        secret, news = secrets.token_urlsafe(24), call.shown.news
        self._seats[secret] = seat
        try:
            await seat.send(self._ready(call.id, secret, resumed=False))
            async with tasks_until_done() as tasks:
                tasks.start_soon(news.deliver, seat)
                with observed(call.shown):
                    end = await self.switchboard.run(call)
                news.tell("ended", "ended", by=_ENDED.get(end, end))
                news.close()
                with move_on_after(CLOSE_TIMEOUT):
                    await news.delivered.wait()
        except CallNotTaken as refused:
            await seat.send(_refusal(refused.why))
        finally:
            del self._seats[secret]
            await seat.close()
            if news.dropped:
                logger.warning(
                    "call=%s read too slowly: %d news of what it shows were dropped",
                    call.id[-8:],
                    news.dropped,
                )

    async def _come_back(self, socket: Socket, hello: Hello) -> None:
        seat = self._seats.get(hello.seat)
        if seat is None or not self.is_seat(hello.seat):
            await self._refuse(socket, "seat")
            return
        await socket.send(self._ready(seat.name, hello.seat, resumed=True))
        await socket.send(message("clear"))
        await seat.sit(socket)

    def _ready(self, id: str, seat: str, *, resumed: bool) -> str:
        rate = self._format.rate
        return message("ready", seat=seat, rate=rate, call=id, resumed=resumed)

    async def _refuse(self, socket: Socket, why: str, *, code: int = 1008) -> None:
        self._refusals.note(f"no call by a browser: {why}")
        with suppress(BrokenResourceError):
            await socket.send(_refusal(why))
        await socket.close(code, why)


def _refusal(why: str) -> str:
    again = RETRY_AFTER if why in ("full", "draining") else None
    return message("refused", why=why, what=_WHY[why], retry_after=again)
