"""The beginning of a stream: is this a call, and one that we can answer?"""

from __future__ import annotations

from anyio import EndOfStream, move_on_after

from voxpipe.pipeline import TransportError
from voxpipe.transports.telephony.socket import Socket

from . import messages as wire
from .messages import Connected, Started

START_TIMEOUT = 5.0  # seconds until a carrier must have said what it streams
MAX_GREETINGS = 16  # messages in which it must have done so


async def start_of(socket: Socket) -> Started:
    """What is being streamed, when that can be answered.

    Raises:
        TransportError: nothing came in time, or something else, or what cannot be
            answered; says what was expected.
    """
    start: Started | None = None
    with move_on_after(START_TIMEOUT):
        start = await _greeting(socket)
    if start is None:
        raise TransportError(
            f"expected Twilio's start message within {START_TIMEOUT:g} s, and none came"
        )
    if (start.encoding, start.rate, start.channels) != ("audio/x-mulaw", 8_000, 1):
        raise TransportError(
            "expected audio/x-mulaw, 8000 Hz, mono, as Twilio streams; got "
            f"{start.encoding[:40]!r}, {start.rate} Hz, {start.channels} channels: is "
            "this another carrier?"
        )
    return start


async def _greeting(socket: Socket) -> Started:
    for _ in range(MAX_GREETINGS):
        try:
            event = wire.parse(await socket.receive())
        except EndOfStream:
            raise TransportError(
                "expected Twilio's start message, and the connection has ended"
            ) from None
        if isinstance(event, Started):
            return event
        if event is not None and not isinstance(event, Connected):
            break
    raise TransportError(
        "expected Twilio's start message, got others: does the webhook answer with "
        "<Connect><Stream>?"
    )
