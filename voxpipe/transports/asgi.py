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
App = Callable[[Scope, Receive, Send], Awaitable[None]]

VERSION = {"version": "3.0", "spec_version": "2.4"}


class Disconnected(OSError):
    """Nobody is there any more to send to; what ASGI wants `send` to raise."""
