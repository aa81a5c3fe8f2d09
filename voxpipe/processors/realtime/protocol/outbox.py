"""What a step of a protocol leaves to be done by whoever has a socket."""

from __future__ import annotations

from collections import deque
from typing import Any

from voxpipe.pipeline import AudioFrame, Frame

ClientEvent = dict[str, Any]
"""As the service reads it; its types are in ``events/client.py``."""

APPEND = "input_audio_buffer.append"
MAX_REPORTS = 256  # of one step; the newest are kept
PORTS = frozenset(
    {
        "calls",
        "events",
        "interruptions",
        "mcp",
        "pressed",
        "transcripts",
        "usage",
        "writes",
    }
)


class Outbox:
    """Messages for the service, frames for the ports, reports: all to be taken out.

    Args:
        append: what the client event is called that carries audio.

    Attributes:
        append: as given.
        messages: to be sent, in this order; audio becomes an ``append``.
        frames: for the ports, by the port's name, in order.
        reports: everything unusable or refused, for `Processor.report`.
        stirred: a reply has ended: there may be more, or another, to be played.
        read: the ports that somebody reads; all of them while that is not known.
    """

    def __init__(self, append: str = APPEND) -> None:
        self.append = append
        self.messages: deque[ClientEvent | AudioFrame] = deque()
        self.frames: deque[tuple[str, Frame]] = deque()
        self.reports: deque[str] = deque(maxlen=MAX_REPORTS)
        self.stirred = False
        self.read = PORTS

    def send(self, kind: str, /, **fields: Any) -> None:
        """Have a client event sent."""
        self.messages.append({"type": kind, **fields})

    def tell(self, port: str, frame: Frame) -> None:
        """Have ``frame`` sent to who reads ``port``."""
        if port in self.read:
            self.frames.append((port, frame))

    def report(self, text: str) -> None:
        """Have something reported."""
        self.reports.append(text)
