"""A page's words as a `Codec`, so that a call by a browser is one like all others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from voxpipe.pipeline import AudioFormat, AudioFrame
from voxpipe.transports.telephony.carrier.codec import Codec, Message

from . import messages
from .replies import Replies


class BrowserCodec(Codec):
    """The messages of one call by a browser.

    Args:
        format: of the audio, both ways; 16-bit PCM.

    Attributes:
        replies: that were sent.
    """

    carrier: ClassVar[str] = "the page"
    cure: ClassVar[str] = "is its voxpipe.js of this version?"
    has_marks: ClassVar[bool] = False  # it tells how far it is, by itself

    def __init__(self, format: AudioFormat) -> None:
        self.replies = Replies()
        self._rate = format.rate

    def parse(self, message: Message, /) -> messages.PageEvent:
        """As `Codec.parse`."""
        return messages.parse(message, self._rate)

    def audio(self, frame: AudioFrame, mark: str | None) -> Sequence[Message]:
        """As `Codec.audio`."""
        turn = frame.turn
        if turn is None:
            return (messages.audio(0, 0, frame.data),)
        self.replies.sent(turn, frame.end)
        before = round(frame.start * self._rate)
        return (messages.audio(self.replies.number(turn), before, frame.data),)

    def clear(self) -> Sequence[Message]:
        """As `Codec.clear`."""
        self.replies.forget()
        return (messages.message("clear"),)
