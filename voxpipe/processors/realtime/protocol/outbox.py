"""What a step of a protocol leaves to be done by whoever has a socket."""

from __future__ import annotations

from collections import deque
from typing import Any

from voxpipe.pipeline import AudioFrame, Fault, Frame, ReplyStart, Turn

from .own_items import OwnItems

ClientEvent = dict[str, Any]
"""As the service reads it; its types are in ``events/client.py``."""

APPEND = "input_audio_buffer.append"
CREATE = "conversation.item.create"
MAX_REPORTS = 256  # of one step; the newest are kept
PORTS = frozenset(
    {
        "calls",
        "events",
        "interruptions",
        "mcp",
        "pressed",
        "reconnected",
        "transcripts",
        "turns",
        "usage",
        "writes",
    }
)

# By what the service gives as the reason (its error codes, and those of "incomplete").
_CURES = {
    "content_filter": "the service has withheld the rest",
    "insufficient_quota": "look at the plan and the billing of your account",
    "max_output_tokens": "raise max_output_tokens=",
    "rate_limit_exceeded": "wait, and ask again with `model.ask()`",
}


class Outbox:
    """Messages for the service, frames for the ports, reports: all to be taken out.

    Args:
        append: what the client event is called that carries audio.

    Attributes:
        append: as given.
        messages: to be sent, in this order; audio becomes an ``append``.
        frames: for the ports, by the port's name, in order.
        reports: everything unusable or refused, for `Processor.report`.
        failed_replies: how many there were so far.
        stirred: a reply has ended: there may be more, or another, to be played.
        read: the ports that somebody reads; all of them while that is not known.
        told: those, and the ones that somebody looks at (`Observer`): what nobody wants
            is not made.
        items: keeps those of ours that another session would have to be told.
    """

    def __init__(self, append: str = APPEND) -> None:
        self.append = append
        self.messages: deque[ClientEvent | AudioFrame] = deque()
        self.frames: deque[tuple[str, Frame]] = deque()
        self.reports: deque[str] = deque(maxlen=MAX_REPORTS)
        self.stirred = False
        self.failed_replies = 0
        self.read = self.told = PORTS
        self.items: OwnItems | None = None

    def send(self, kind: str, /, **fields: Any) -> None:
        """Have a client event sent."""
        self.messages.append({"type": kind, **fields})
        if self.items is not None and kind == CREATE and "event_id" not in fields:
            self.items.add(fields["item"])

    def tell(self, port: str, frame: Frame) -> None:
        """Have ``frame`` sent to who reads ``port``, and shown to who looks on."""
        if port in self.told:
            self.frames.append((port, frame))

    def fell_short(self, status: str, reason: str) -> None:
        """Have it reported that a reply has failed, or was not completed."""
        cure = _CURES.get(reason, "ask again with `model.ask()`")
        tell = self.reply_failed if status == "failed" else self.report
        tell(f"a reply is {status}: {reason or 'no reason given'}; {cure}")

    def reply_failed(self, text: str) -> None:
        """Have it reported that a reply has failed, or was refused."""
        self.failed_replies += 1
        self.report(text)
        self.tell("faults", Fault(source="model", message=text))

    def begin(self, turn: Turn) -> None:
        """Have who reads ``turns`` told of a reply."""
        self.tell("turns", ReplyStart(of_turn=turn))

    def report(self, text: str) -> None:
        """Have something reported."""
        self.reports.append(text)
