"""ASGI 3, as types.

Source: https://asgi.readthedocs.io/en/latest/specs/www.html (2.4)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

TakeAtOnce = Callable[[str | bytes], bool]

# An extension of our own server's. ``scope["extensions"][AT_ONCE]["take"](function)``
# has messages of a WebSocket given to ``function`` when they come, while none waits to
# be received: outside of every task, which saves waking one. It says whether it has
# dealt with the message, else that is received as ever; and must not raise. ``None``
# takes it back.
AT_ONCE = "voxpipe.websocket.at_once"

VERSION = {"version": "3.0", "spec_version": "2.4"}


class Disconnected(OSError):
    """Nobody is there any more to send to; what ASGI wants ``send`` to raise."""
