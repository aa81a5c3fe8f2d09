"""An ASGI server in memory: requests, and WebSockets that a fake carrier can hold."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode

from anyio import (
    BrokenResourceError,
    ClosedResourceError,
    EndOfStream,
    Event,
    create_memory_object_stream,
    create_task_group,
    sleep_forever,
)

from voxpipe.transports.asgi import Message, Receive, Scope, Send

Asgi = Callable[[Scope, Receive, Send], Awaitable[object]]
AfterEnd = Literal["raises", "silent"]
"""What servers do with a message when the client is gone: uvicorn, and hypercorn."""

Headers = dict[str, str] | list[tuple[str, str]]
FORM = "application/x-www-form-urlencoded"
HOST = "calls.example.com"


def scope_of(
    kind: str,
    path: str,
    headers: Headers | None = None,
    **more: Any,
) -> dict[str, Any]:
    """What a server says of a request."""
    headers = headers or {}
    named = headers.items() if isinstance(headers, dict) else headers
    lines = [(name.lower().encode(), text.encode("latin-1")) for name, text in named]
    if not any(name == b"host" for name, _ in lines):
        lines.insert(0, (b"host", HOST.encode()))
    path, _, query = path.partition("?")
    return {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "ws" if kind == "websocket" else "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": lines,
        "client": ("127.0.0.1", 4),
        "server": ("127.0.0.1", 80),
        **more,
    }


@dataclass(slots=True)
class Response:
    """What came back."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""

    @property
    def text(self) -> str:
        """The body."""
        return self.body.decode()

    def take(self, message: Message) -> None:
        """One of the app's messages."""
        if message["type"].endswith("http.response.start"):
            assert not self.status
            self.status = message["status"]
            self.headers = {
                name.decode(): value.decode() for name, value in message["headers"]
            }
        else:
            assert self.status
            self.body += message.get("body", b"")


async def request(
    app: Asgi,
    method: str,
    path: str,
    form: dict[str, str] | bytes | list[bytes] | None = None,
    headers: Headers | None = None,
    **scope: Any,
) -> Response:
    """Ask ``app``; a body in several pieces comes in several messages."""
    if headers is None:
        headers = {} if form is None else {"Content-Type": FORM}
    if form is None:
        pieces = [b""]
    elif isinstance(form, dict):
        pieces = [urlencode(form).encode()]
    else:
        pieces = [form] if isinstance(form, bytes) else form
    messages: list[Message] = [
        {"type": "http.request", "body": piece, "more_body": True} for piece in pieces
    ]
    messages[-1]["more_body"] = False
    return await exchange(
        app, scope_of("http", path, headers, method=method, **scope), messages
    )


async def exchange(app: Asgi, scope: Scope, messages: list[Message]) -> Response:
    """Play a request, message by message; then nothing more comes."""
    response = Response()

    async def receive() -> Message:
        if not messages:
            await sleep_forever()
        return messages.pop(0)

    async def send(message: Message) -> None:
        response.take(message)

    await app(scope, receive, send)
    return response


class Upgrade:
    """A client's end of a WebSocket; a `CallerLine`, for a `Caller` to hold.

    Attributes:
        response: to the upgrade, where it was refused.
        close_code: with which the connection was closed, by either side.
        reason: and why, where the app closed it.
        sent: messages that the app has sent.
        most_waiting: messages that were ever taken from the app and not yet read here.
    """

    def __init__(self, capacity: int, after_end: AfterEnd) -> None:
        self.response = Response()
        self.close_code: int | None = None
        self.reason = ""
        self.sent = 0
        self.most_waiting = 0
        self._after_end = after_end
        self._decided = Event()
        self._accepted = False
        self._connected = False
        self._over = False
        self._to_app, self._from_client = create_memory_object_stream[Message](capacity)
        self._to_client, self._from_app = create_memory_object_stream[str](capacity)

    # --- the client

    async def opened(self) -> bool:
        """Wait for what becomes of the upgrade."""
        await self._decided.wait()
        return self._accepted

    async def receive(self) -> str:
        await self._decided.wait()
        try:
            return await self._from_app.receive()
        except ClosedResourceError:
            raise EndOfStream from None

    async def send(self, message: str | bytes, /) -> None:
        await self._decided.wait()
        await self._put({"type": "websocket.receive", "text": message})

    async def send_bytes(self, message: bytes) -> None:
        """What Twilio never does."""
        await self._put({"type": "websocket.receive", "bytes": message})

    async def _put(self, message: Message) -> None:
        try:
            await self._to_app.send(message)
        except ClosedResourceError:
            raise BrokenResourceError from None

    async def close(self, code: int = 1000, reason: str = "") -> None:
        self._end(code)

    async def abort(self) -> None:
        self._end(None)

    def _end(self, code: int | None, reason: str = "") -> None:
        if not self._over:
            self._over, self.close_code, self.reason = True, code, reason
            self._decided.set()
            self._to_app.close()
            self._to_client.close()

    # --- the server

    async def run(self, app: Asgi, scope: Scope) -> None:
        """Have ``app`` serve it."""
        try:
            await app(scope, self._app_receives, self._app_sends)
        finally:
            self._end(None)
            for stream in (self._from_app, self._from_client):
                stream.close()

    async def _app_receives(self) -> Message:
        if not self._connected:
            self._connected = True
            return {"type": "websocket.connect"}
        try:
            return await self._from_client.receive()
        except EndOfStream:
            return {"type": "websocket.disconnect", "code": 1005}

    async def _app_sends(self, message: Message) -> None:
        kind: str = message["type"]
        if kind.startswith("websocket.http.response"):
            self.response.take(message)
            if kind.endswith("body"):
                self._end(None)
        elif kind == "websocket.close" and not self._accepted:
            self.response.status = 403
            self._end(None)
        elif self._over:
            if self._after_end == "raises":
                raise OSError("the words of a message: secret")
        elif kind == "websocket.accept":
            self._accepted = True
            self._decided.set()
        elif kind == "websocket.close":
            self._end(message["code"], message["reason"])
        else:
            try:
                await self._to_client.send(message["text"])
            except (BrokenResourceError, ClosedResourceError):
                if self._after_end == "raises":
                    raise OSError("the words of a message: secret") from None
                return
            self.sent += 1
            waiting = self._to_client.statistics().current_buffer_used
            self.most_waiting = max(self.most_waiting, waiting)


@asynccontextmanager
async def upgraded(
    app: Asgi,
    path: str = "/twilio",
    headers: Headers | None = None,
    *,
    capacity: int = 64,
    after_end: AfterEnd = "raises",
    denials: bool = True,
    **scope: Any,
) -> AsyncGenerator[Upgrade]:
    """Open a WebSocket; the app has all the time that it needs to return.

    Args:
        app: under test.
        path: with its query.
        headers: of the upgrade.
        capacity: messages that each side may be behind.
        after_end: how the server behaves.
        denials: the server can answer an upgrade with any status.
        scope: more of it.
    """
    upgrade = Upgrade(capacity, after_end)
    extensions = {"websocket.http.response": dict[str, Any]()} if denials else {}
    asked = scope_of("websocket", path, headers, extensions=extensions, **scope)
    async with create_task_group() as tasks:
        tasks.start_soon(upgrade.run, app, asked)
        yield upgrade
        await upgrade.abort()
