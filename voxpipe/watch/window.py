"""The page and its feed: one small server, for one person's eyes.

It reads and is never told anything. The feed wants the word that stands in the link
(``#…``, which browsers keep to themselves), so that neither another user of the machine
nor another page in the same browser can listen in.
"""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from http import HTTPStatus
from secrets import token_urlsafe
from ssl import SSLContext
from typing import Any
from urllib.parse import parse_qs, urlsplit

from anyio import sleep
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from voxpipe.pipeline.errors import TransportError
from voxpipe.transports.browser.files import HEADERS

from .assets import page
from .board import Board
from .proxy import MAX_MESSAGE, PATIENCE, Proxy

FEED = "/watch"
PROXIED = "/v1/"  # what begins so is the service's
OFTEN = 0.1  # seconds between two looks for something new
BATCH = 500  # records in one message to a page
MAX_PAGES = 16  # that look at once


class Window:
    """Shows a board.

    Open it with ``async with``, on asyncio.

    Args:
        board: what is shown.
        host: where to listen.
        port: 0 for any that is free.
        proxy: takes sessions at the same port, if there is one.
        tls: to be spoken.

    Attributes:
        port: where it listens, once it is open.
    """

    def __init__(
        self,
        board: Board,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        proxy: Proxy | None = None,
        tls: SSLContext | None = None,
    ) -> None:
        self.host, self.port = host, port
        self._board = board
        self._proxy = proxy
        self._tls = tls
        self._word = token_urlsafe(18)

    @property
    def link(self) -> str:
        """What to open in a browser."""
        return f"{self.url()}/#{self._word}"

    def url(self, scheme: str = "http") -> str:
        """Where it is, from this machine."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::", "") else self.host
        host = f"[{host}]" if ":" in host else host
        return f"{scheme}{'s' if self._tls else ''}://{host}:{self.port}"

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[None]:
        """Serve while this context lasts.

        Raises:
            TransportError: it cannot listen there.
        """
        proxy = self._proxy
        try:
            server = await serve(
                self._attend,
                self.host,
                self.port,
                process_request=self._answer,
                process_response=None if proxy is None else proxy.answer,
                select_subprotocol=None if proxy is None else proxy.choose,
                compression=None,
                open_timeout=2 * PATIENCE,
                close_timeout=PATIENCE if proxy else 1.0,  # s, for a page
                ping_interval=None,
                max_size=MAX_MESSAGE if proxy else 2**16,
                server_header=None,
                logger=_QUIET,
                ssl=self._tls,
            )
        except OSError as error:
            raise TransportError(
                f"cannot listen on {self.host}, port {self.port}: {error.strerror}"
            ) from error
        async with server:
            self.port = next(iter(server.sockets)).getsockname()[1]
            yield

    # --- requests

    async def _answer(
        self, client: ServerConnection, request: Request
    ) -> Response | None:
        target = urlsplit(request.path)
        if self._proxy is not None and target.path.startswith(PROXIED):
            if "websocket" not in request.headers.get("Upgrade", "").lower():
                return _plain(404, "Sessions only: WebSockets at /v1/realtime.\n")
            return await self._proxy.begin(client, request)
        if target.path == FEED:
            word = parse_qs(target.query).get("word", [""])[0]
            if not hmac.compare_digest(word.encode(), self._word.encode()):
                return _plain(403, "Open the link that was printed.\n")
            return _plain(503, "Many look already.\n") if self._is_full else None
        name = target.path.removeprefix("/") or "index.html"
        if name not in page():
            return _plain(404, "There is no such file.\n")
        return _response(200, *page()[name])

    @property
    def _is_full(self) -> bool:
        return self._board.looking >= MAX_PAGES

    async def _attend(self, client: ServerConnection) -> None:
        assert client.request is not None  # it has been answered
        path = urlsplit(client.request.path).path
        if path.startswith(PROXIED) and self._proxy is not None:
            await self._proxy.carry(client)
            return
        self._board.looking += 1
        try:
            await self._feed(client)
        except ConnectionClosed:
            pass
        finally:
            self._board.looking -= 1

    async def _feed(self, client: ServerConnection) -> None:
        """Tell a page all there is, and what comes; at its own pace."""
        board, seen = self._board, 0
        told: dict[str, dict[str, Any]] = {}
        await client.send(json.dumps([{"kind": "hello", "title": board.title}]))
        while client.state.name == "OPEN":
            facts = dict(board.facts)
            news = [fact for name, fact in facts.items() if told.get(name) is not fact]
            told = facts
            records = board.since(seen, BATCH)
            parts = [json.dumps(each) for each in news]
            if records:
                lost = records[0].number - seen - 1
                if lost:
                    parts.append(json.dumps({"kind": "lost", "count": lost}))
                seen = records[-1].number
                parts += [each.shown() for each in records]
            if parts:
                await client.send(f"[{','.join(parts)}]")
            if len(records) < BATCH:
                await sleep(OFTEN)


_QUIET = logging.getLogger(f"{__name__}.sockets")
_QUIET.addHandler(logging.NullHandler())
_QUIET.propagate = False  # websockets logs requests, and keys are in those


def _plain(status: int, words: str) -> Response:
    return _response(status, "text/plain; charset=utf-8", words.encode())


def _response(status: int, kind: str, body: bytes) -> Response:
    headers = Headers({**HEADERS, "content-type": kind})
    headers["content-length"] = str(len(body))
    headers["connection"] = "close"
    return Response(status, HTTPStatus(status).phrase, headers, body)
