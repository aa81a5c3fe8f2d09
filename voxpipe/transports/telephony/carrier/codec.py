"""A carrier's words, without a socket: all that one carrier has and others do not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from voxpipe.pipeline import AudioFormat, AudioFrame
from voxpipe.transports.telephony.call import CallEnd

from .events import Audio, Complaint, Event
from .shape import Shape

Message = str | bytes
"""As a WebSocket has them: text, or binary."""

MAX_MESSAGE = 65_536  # characters, or bytes; carriers' own are below 4,000


Parsed = Audio | Event | list[Audio | Complaint] | None
"""What a message says: mostly audio, or nothing to be done."""


class Codec:
    """The messages of one stream, to events and from orders.

    It knows its stream by the message with which that began. What comes is checked
    here, and nowhere else; fields that nobody needs are not looked at.

    Attributes:
        carrier: its name, for people.
        cure: what to look at when a stream begins with something else.
        has_marks: it tells when what was sent before a mark was played.
        silent_end: who has ended a call whose connection ends without a word.
    """

    carrier: ClassVar[str]
    cure: ClassVar[str]
    has_marks: ClassVar[bool] = True
    silent_end: ClassVar[CallEnd] = "lost"

    def parse(self, message: Message, /) -> Parsed:
        """What a message says; ``None`` if nothing is to be done for it.

        Several pieces of audio come of a message that others have waited for.

        Raises:
            WireError: it is too long, not the carrier's, or of another stream.
            TransportError: it begins a stream that cannot be answered; says why.
        """
        raise NotImplementedError

    def shape(self, format: AudioFormat) -> Shape | None:
        """The pieces in which audio is to be sent; ``None`` if it takes any."""
        return None

    def audio(self, frame: AudioFrame, mark: str | None) -> Sequence[Message]:
        """Play this after what was sent before.

        Args:
            frame: in the format of the stream; any length, unless there is a `shape`.
            mark: to be told by `Marked` when it has been played; plain characters.
        """
        raise NotImplementedError

    def clear(self) -> Sequence[Message]:
        """Forget what was sent and not yet played."""
        raise NotImplementedError

    def goodbye(self) -> Sequence[Message]:
        """The agent has hung up, and all was heard; then the socket is closed.

        If there is something to be said, the carrier may first say that it stops.
        """
        return ()
