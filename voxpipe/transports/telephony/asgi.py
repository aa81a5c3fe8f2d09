"""ASGI 3 by hand: short answers, and a `Socket` over its WebSocket.

Source: https://asgi.readthedocs.io/en/latest/specs/www.html (2.4)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from anyio import BrokenResourceError, EndOfStream, move_on_after

from voxpipe.transports.asgi import AT_ONCE, Message, Receive, Scope, Send, TakeAtOnce

MAX_MESSAGE = 65_536  # characters, or bytes; telephone audio needs 2,000
CLOSE_TIMEOUT = 1.0  # seconds that a server may take to send a closing word


def header(scope: Scope, name: bytes) -> str | None:
    """A header that came once; ``None`` if it did not come, or more than once.

    Args:
        scope: of the request.
        name: in lower case.
    """
    values: list[bytes] = [value for key, value in scope["headers"] if key == name]
    return values[0].decode("latin-1") if len(values) == 1 else None


def split_path(scope: Scope) -> tuple[str, str]:
    """Where the app is mounted, and the path behind that.

    Since ASGI 2.4 (and before it, in most servers) ``path`` begins with ``root_path``;
    some frameworks take it off when they mount.
    """
    root: str = scope.get("root_path", "").rstrip("/")
    path: str = scope["path"]
    if root and (path == root or path.startswith(root + "/")):
        path = path[len(root) :]
    return root, path


async def respond(
    send: Send,
    status: int,
    text: str,
    *,
    kind: str = "text/plain",
    headers: Mapping[str, str] | None = None,
    extension: str = "",
) -> None:
    """Answer a request.

    Args:
        send: of the request.
        status: of HTTP.
        text: the body.
        kind: its media type.
        headers: more of them, in lower case.
        extension: in front of ``http.response``.
    """
    body = text.encode()
    lines = {
        "content-type": f"{kind}; charset=utf-8",
        "content-length": str(len(body)),
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        **(headers or {}),
    }
    await send(
        {
            "type": extension + "http.response.start",
            "status": status,
            "headers": [(name.encode(), text.encode()) for name, text in lines.items()],
        }
    )
    await send({"type": extension + "http.response.body", "body": body})


async def refuse_upgrade(scope: Scope, send: Send, status: int, text: str) -> None:
    """Answer the upgrade to a WebSocket with an error.

    Servers that lack the ``websocket.http.response`` extension say 403 for any.
    """
    if "websocket.http.response" in (scope.get("extensions") or {}):
        await respond(send, status, text, extension="websocket.")
    else:
        await send({"type": "websocket.close", "code": 1008})


class AsgiSocket:
    """A `Socket` over an ASGI WebSocket, whose ``connect`` has been received.

    A message that is longer than 65,536 ends it, with 1009: most servers let 16 MB in.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        extensions: dict[str, dict[str, Any]] = scope.get("extensions") or {}
        self._take: Callable[[TakeAtOnce | None], None] | None = extensions.get(
            AT_ONCE, {}
        ).get("take")
        self._receive = receive
        self._send = send
        self._is_over = False

    def take_at_once(self, function: TakeAtOnce | None) -> None:
        """As `QuickSocket.take_at_once`; nothing happens on other servers."""
        if self._take is not None:
            self._take(function)

    async def accept(self, subprotocol: str | None = None) -> None:
        """Agree to the upgrade; whether it still stands, `receive` tells.

        Args:
            subprotocol: one of those that were offered.
        """
        await self._put({"type": "websocket.accept", "subprotocol": subprotocol})

    async def receive(self) -> str | bytes:
        """As `Socket.receive`."""
        if self._is_over:
            raise EndOfStream
        message = await self._receive()
        text: str | bytes | None = message.get("text")
        if text is None:
            text = message.get("bytes")
        if text is None:
            self._is_over = True
            raise EndOfStream
        if len(text) > MAX_MESSAGE:
            await self.close(1009, "too long")
            raise EndOfStream
        return text

    async def send(self, message: str | bytes, /) -> None:
        """As `Socket.send`."""
        if self._is_over:
            raise BrokenResourceError
        kind = "text" if type(message) is str else "bytes"
        try:
            await self._send({"type": "websocket.send", kind: message})
        except Exception:  # noqa: BLE001  # servers agree on nothing here:
            # uvicorn raises an OSError when the client is gone and a RuntimeError after
            # a close, hypercorn errors of its own, and some none at all.
            self._is_over = True
            raise BrokenResourceError from None

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """As `Socket.close`; waits a second at most."""
        if self._is_over:
            return
        self._is_over = True
        with move_on_after(CLOSE_TIMEOUT, shield=True):
            await self._put({"type": "websocket.close", "code": code, "reason": reason})

    async def _put(self, message: Message) -> None:
        try:
            await self._send(message)
        except Exception:  # noqa: BLE001  # see `send`
            self._is_over = True
