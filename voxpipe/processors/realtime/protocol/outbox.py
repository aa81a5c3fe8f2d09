"""What a step of the conversation leaves to be done by whoever has a socket."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from voxpipe.pipeline import AudioFrame, Frame

ClientEvent = dict[str, Any]
"""A client event, as the service reads it."""


class Outbox:
    """Orders and caller's audio for the service, frames for the ports, complaints.

    Args:
        report: told of everything unusable or refused.

    Attributes:
        outbox: to be sent, in this order; audio becomes ``input_audio_buffer.append``.
        news: frames for the ports, by the port's name, in order.
    """

    def __init__(self, report: Callable[[str], None]) -> None:
        self.report = report
        self.outbox: deque[ClientEvent | AudioFrame] = deque()
        self.news: deque[tuple[str, Frame]] = deque()

    def order(self, kind: str, /, **fields: Any) -> None:
        """Have a client event sent."""
        self.outbox.append({"type": kind, **fields})

    def tell(self, port: str, frame: Frame) -> None:
        """Have ``frame`` sent to who reads ``port``."""
        self.news.append((port, frame))
