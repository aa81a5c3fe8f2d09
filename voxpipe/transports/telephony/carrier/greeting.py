"""The beginning of a stream: is this a call, and one that we can answer?"""

from __future__ import annotations

from anyio import BrokenResourceError, EndOfStream, move_on_after

from voxpipe.pipeline import TransportError
from voxpipe.transports.telephony.socket import Socket

from .codec import Codec
from .events import Complaint, Started, Stopped, Unknown, Wanted

START_TIMEOUT = 5.0  # seconds until a carrier must have said what it streams
MAX_GREETINGS = 16  # messages in which it must have done so


async def start_of(socket: Socket, codec: Codec) -> Started:
    """What is being streamed, when that can be answered.

    Raises:
        TransportError: nothing came in time, or something else, or what cannot be
            answered; says what was expected.
    """
    start: Started | None = None
    with move_on_after(START_TIMEOUT):
        start = await _greeting(socket, codec)
    if start is None:
        raise TransportError(
            f"expected {codec.carrier}'s start message within {START_TIMEOUT:g} s, "
            "and none came"
        )
    return start


async def _greeting(socket: Socket, codec: Codec) -> Started:
    for _ in range(MAX_GREETINGS):
        try:
            event = codec.parse(await socket.receive())
            while isinstance(event, Wanted | Complaint):
                if isinstance(event, Wanted):
                    await socket.send(event.answer())
                event = event.then
        except (EndOfStream, BrokenResourceError):
            raise TransportError(
                f"expected {codec.carrier}'s start message, and the connection has "
                "ended"
            ) from None
        if isinstance(event, Stopped):
            raise TransportError(
                f"expected {codec.carrier}'s start message, and it has closed the "
                "stream again, as one does that tries whether somebody answers"
            )
        if isinstance(event, Started):
            return event
        if event is not None and not isinstance(event, Unknown):
            break
    raise TransportError(
        f"expected {codec.carrier}'s start message, got others: {codec.cure}"
    )
