"""The beginning of a connection: who comes, or comes back?"""

from __future__ import annotations

from anyio import BrokenResourceError, EndOfStream, move_on_after

from voxpipe.pipeline import TransportError
from voxpipe.transports.telephony.socket import Socket

from .messages import Hello, parse_hello

HELLO_TIMEOUT = 5.0  # seconds until a page must have said who it is


async def greeting(socket: Socket) -> Hello:
    """The first message of a page.

    Raises:
        TransportError: none came in time, or another one; says what was expected.
    """
    hello: Hello | None = None
    with move_on_after(HELLO_TIMEOUT):
        try:
            hello = parse_hello(await socket.receive())
        except (EndOfStream, BrokenResourceError):
            raise TransportError(
                "expected hello, and the connection has ended"
            ) from None
    if hello is None:
        raise TransportError(
            f"expected hello within {HELLO_TIMEOUT:g} s, and none came"
        )
    return hello
