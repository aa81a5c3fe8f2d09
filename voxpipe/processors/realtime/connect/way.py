"""Another way to the service, for whatever opens a session in a block of code.

Who measures an app, or plays the service to it, does not write the app: a context
variable reaches its `open_session`, however deep that is.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar

from .connection import Connect

Way = Callable[[Connect], Connect]
"""Makes, of what a program connects by, what it is to connect by."""

_WAYS: ContextVar[tuple[Way, ...]] = ContextVar("voxpipe ways", default=())


@contextmanager
def connecting(way: Way) -> Generator[None]:
    """Have sessions that are opened in this block, and in its tasks, go this way."""
    token = _WAYS.set((*_WAYS.get(), way))
    try:
        yield
    finally:
        _WAYS.reset(token)


def on_its_way(connect: Connect) -> Connect:
    """What connects here; it is what was asked for, unless somebody is in between."""
    for way in reversed(_WAYS.get()):
        connect = way(connect)
    return connect
