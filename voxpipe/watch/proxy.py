"""Stands between a Realtime client and the service, and changes nothing.

The client's request goes on with its headers and its key, which nobody keeps; the
answer to it comes back, be it a refusal; then every message, both ways, and the goodbye
with its code and reason. Pings are answered on each side by itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from anyio import create_task_group
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from voxpipe.pipeline.errors import VoxpipeError
from voxpipe.pipeline.runtime.hosts import is_loopback
from voxpipe.simulator.cassettes.recorder import Tape
from voxpipe.simulator.cassettes.redaction import Keep, clean_text

from .board import Board, Watched
from .errors import WatchError
from .judge import Judge, Sender

PATIENCE = 30.0  # seconds for the service to take a session, or to say goodbye
NO_CODE, ABNORMAL = 1005, 1006  # RFC 6455, 7.4.1: what no frame carries
MAX_MESSAGE = 2**28  # bytes; as our own client takes them
# What belongs to one connection, and is made anew for the other: RFC 9110, 7.6.1, and
# RFC 6455, 11.3.
_HOP = {
    *("host", "connection", "upgrade", "transfer-encoding", "content-length"),
    *("sec-websocket-key", "sec-websocket-version", "sec-websocket-accept"),
    *("sec-websocket-extensions", "sec-websocket-protocol", "date", "keep-alive"),
    *("proxy-connection", "te", "trailer"),
}

_log = logging.getLogger(__name__)


class Proxy:
    """Takes sessions to the service.

    Args:
        to: the service, as ``https://api.openai.com/v1`` or with ``wss``.
        board: where what passes is seen.
        folder: where each session becomes a cassette; ``None`` for none.
        keep: as of `recording`.
        clock: seconds.

    Attributes:
        to: its address, as a WebSocket has it.
        wrongs: how many messages something was wrong with.

    Raises:
        WatchError: that is no address.
    """

    def __init__(
        self,
        to: str,
        board: Board,
        *,
        folder: Path | None = None,
        keep: Keep = "words",
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.to = websocket_address(to)
        self.wrongs = 0
        self._board = board
        self._folder = folder
        self._keep: Keep = keep
        self._clock = clock
        self._sessions = 0
        self._upstream: dict[ServerConnection, ClientConnection] = {}

    async def begin(
        self, client: ServerConnection, request: Request
    ) -> Response | None:
        """Ask the service, as websockets' ``process_request``.

        Returns:
            What the service refuses with, as it came; ``None``: it has a session.
        """
        try:
            service = await connect(
                self._address(request.path),
                additional_headers=_passed(request.headers.raw_items()),
                subprotocols=_offered(request) or None,
                user_agent_header=None,  # the client's own is among its headers
                compression=None,
                open_timeout=PATIENCE,
                close_timeout=PATIENCE,
                ping_interval=None,  # who wants to know whether it lives, asks
                max_size=MAX_MESSAGE,
                process_exception=lambda error: error,
            )
        except InvalidStatus as refused:
            answer = refused.response
            _log.info("the service refuses a session: %d", answer.status_code)
            for name in [*answer.headers]:
                if name.lower() in _HOP:
                    del answer.headers[name]
            answer.headers["Content-Length"] = str(len(answer.body or b""))
            answer.headers["Connection"] = "close"
            return answer
        except (OSError, InvalidHandshake, TimeoutError) as error:
            _log.warning("%s cannot be reached: %s", self.host, type(error).__name__)
            words = f"voxpipe watch: {self.host} cannot be reached: {error}\n"
            return client.respond(502, words)
        self._upstream[client] = service
        # A client may go before it is answered.
        client.connection_lost_waiter.add_done_callback(lambda _: self._forget(client))
        return None

    def choose(
        self, client: ServerConnection, offered: list[Subprotocol] | Any
    ) -> Subprotocol | None:
        """What the service has chosen, as websockets' ``select_subprotocol``."""
        service = self._upstream.get(client)
        return None if service is None else service.subprotocol

    def answer(
        self, client: ServerConnection, request: Request, ours: Response
    ) -> None:
        """Hand on the service's headers, as websockets' ``process_response``."""
        service = self._upstream.get(client)
        if service is not None and service.response is not None:
            for name, value in _passed(service.response.headers.raw_items()):
                ours.headers[name] = value

    @property
    def host(self) -> str:
        """Whom it stands in front of."""
        return urlsplit(self.to).netloc

    async def carry(self, client: ServerConnection) -> None:
        """Hand on what both say, until one of them ends it."""
        service = self._upstream.pop(client)
        request = client.request
        assert request is not None  # it has been answered
        seen = self._seen(request)
        try:
            async with create_task_group() as tasks:
                tasks.start_soon(_pump, client, service, seen.from_client, seen.ended)
                tasks.start_soon(_pump, service, client, seen.from_server, seen.ended)
        finally:
            seen.finish()
            self.wrongs += seen.wrongs
            for each in (client, service):
                each.transport.abort()

    def _forget(self, client: ServerConnection) -> None:
        service = self._upstream.pop(client, None)
        if service is not None:
            service.transport.abort()

    def _address(self, target: str) -> str:
        base = urlsplit(self.to)
        path, _, query = target.partition("?")
        # A client's base is this address with /v1, the service's may be another.
        path = f"{base.path}{path.removeprefix('/v1')}"
        return f"{base.scheme}://{base.netloc}{path}" + (f"?{query}" if query else "")

    def _seen(self, request: Request) -> Seen:
        self._sessions += 1
        target = urlsplit(request.path)
        model = parse_qs(target.query).get("model", [""])[0]
        name = f"session {self._sessions}"
        session = Watched(
            f"{name}: {model}" if model else name, model=model, host=self.host
        )
        judge = Judge(translates=target.path.endswith("/translations"))
        return Seen(self._board, session, judge, self._tape(), self._clock)

    def _tape(self) -> Tape | None:
        if self._folder is None:
            return None
        stamp = f"{datetime.now():%Y%m%d-%H%M%S}"  # the user's own time
        name = f"session-{stamp}-{self._sessions}.jsonl"
        try:
            return Tape(self._folder / name, self._keep)
        except VoxpipeError as error:
            _log.warning("%s", error)
            return None


class Seen:
    """What is done with a message besides handing it on: seen, judged, written down.

    Args:
        board: where it is seen.
        session: whose it is.
        judge: says what is wrong.
        tape: writes it down, if anything does.
        clock: seconds.

    Attributes:
        wrongs: how many messages something was wrong with.
    """

    def __init__(
        self,
        board: Board,
        session: Watched,
        judge: Judge,
        tape: Tape | None,
        clock: Callable[[], float],
    ) -> None:
        self.wrongs = 0
        self._board = board
        self._session = session
        self._judge = judge
        self._tape = tape
        self._clock = clock
        self._is_over = False
        _log.info("%s begins", session.title)

    def from_client(self, message: str | bytes) -> None:
        """A message of the client."""
        self._take("client", message)

    def from_server(self, message: str | bytes) -> None:
        """A message of the service."""
        self._take("server", message)

    def ended(self, sender: Sender, code: int, reason: str) -> None:
        """Somebody has ended the session; the other one's answer is not looked at."""
        if self._is_over:
            return
        self._is_over = True
        close = code, reason
        self._board.note(self._session, self._clock(), sender, None, close=close)
        if self._tape is not None:
            with self._taping():
                self._tape.close(sender, code, reason)
        _log.info("%s: the %s closes with %d", self._session.title, _who(sender), code)

    def finish(self) -> None:
        """Nothing more comes."""
        if self._tape is not None:
            tape, self._tape = self._tape, None
            with self._taping():
                tape.finish()
                _log.info("%s is in %s", self._session.title, tape.path)

    def _take(self, sender: Sender, message: str | bytes) -> None:
        wrong = self._judge.wrong(sender, message)
        now = self._clock()
        self._board.note(self._session, now, sender, message, wrong=wrong)
        if wrong:
            self.wrongs += 1
        for each in wrong:
            _log.warning("%s, %s: %s", self._session.title, _who(sender), each)
        if self._tape is not None and isinstance(message, str):
            with self._taping():
                self._tape.message(sender, message)

    @contextmanager
    def _taping(self) -> Generator[None]:
        """Without a cassette the conversation goes on."""
        try:
            yield
        except (OSError, VoxpipeError) as error:
            self._tape = None
            _log.warning("%s is not recorded any more: %s", self._session.title, error)


async def _pump(
    source: Connection,
    target: Connection,
    seen: Callable[[str | bytes], None],
    ended: Callable[[Sender, int, str], None],
) -> None:
    """Hand on what one side says, until it says goodbye, or is gone."""
    sender: Sender = "client" if isinstance(source, ServerConnection) else "server"
    with suppress(ConnectionClosed):  # the target's: its own pump hands that on
        while True:
            try:
                message = await source.recv()
            except ConnectionClosed as closed:
                await _part(target, closed, sender, ended)
                return
            seen(message)
            await target.send(message)


async def _part(
    target: Connection,
    closed: ConnectionClosed,
    sender: Sender,
    ended: Callable[[Sender, int, str], None],
) -> None:
    if closed.rcvd is None:
        # It went without a word, or is told off for what was no WebSocket.
        told = closed.sent
        if told is None:
            ended(sender, ABNORMAL, "")
            target.transport.abort()
            return
        ended(sender, told.code, told.reason)
        await target.close(told.code, told.reason)
        return
    code, reason = closed.rcvd.code, closed.rcvd.reason
    ended(sender, code, reason)
    # A goodbye may have no code, which none that is sent can say.
    await target.close(cast("Any", None if code == NO_CODE else code), reason)


def websocket_address(to: str) -> str:
    """The address of a service, as a WebSocket has it.

    Raises:
        WatchError: it is none.
    """
    url = urlsplit(to)
    scheme = {"https": "wss", "http": "ws"}.get(url.scheme, url.scheme)
    if scheme not in ("ws", "wss") or not url.hostname or url.query or url.username:
        raise WatchError(
            "expected the address of a service, such as https://api.openai.com/v1, "
            f"got {clean_text(to)!r}"
        )
    if scheme == "ws" and not is_loopback(url.hostname):
        raise WatchError(
            f"{url.hostname} is not this machine: keys go to https:// or wss:// only"
        )
    return f"{scheme}://{url.netloc}{url.path.rstrip('/')}"


def _passed(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers that are not of one connection alone."""
    return [each for each in headers if each[0].lower() not in _HOP]


def _offered(request: Request) -> list[Subprotocol]:
    lines = request.headers.get_all("Sec-WebSocket-Protocol")
    names = (name.strip() for line in lines for name in line.split(","))
    return [Subprotocol(name) for name in names if name]


def _who(sender: Sender) -> str:
    return "client" if sender == "client" else "service"
