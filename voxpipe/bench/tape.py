"""What a caller says and hears, on one clock: to be listened to, and drawn."""

from __future__ import annotations

import binascii
from array import array
from dataclasses import dataclass, field

from anyio import current_time

from voxpipe.pipeline import AudioFormat
from voxpipe.transports.telephony.testing import Sids, TwilioWords
from voxpipe.transports.telephony.testing.words import Clear, Order, Play

MAX_SECONDS = 600.0  # of a call that are kept


@dataclass(slots=True)
class Piece:
    """Audio that was heard from a moment on; what was cleared is not in it."""

    at: float
    audio: bytes


@dataclass(slots=True)
class Tape:
    """One call's; times are `anyio.current_time`'s.

    Attributes:
        format: of the audio.
        began: when the first of it was said.
        said: the caller's audio, whole from there on.
        heard: the agent's, in order.
        cuts: when what waited was cleared.
    """

    format: AudioFormat
    began: float = 0.0
    said: bytearray = field(default_factory=bytearray)
    heard: list[Piece] = field(default_factory=list[Piece])
    cuts: list[float] = field(default_factory=list[float])

    def say(self, audio: bytes, now: float) -> None:
        """The caller's next 20 ms."""
        per_second = self.format.bytes_per_second
        if not self.said:
            self.began = now - len(audio) / per_second
        if len(self.said) < MAX_SECONDS * per_second:
            self.said += audio

    def hear(self, audio: bytes, now: float) -> None:
        """What is played behind what waits."""
        if now - self.began < MAX_SECONDS:
            self.heard.append(Piece(max(now, self.dry_at), audio))

    def cut(self, now: float) -> None:
        """What waits is not played any more."""
        self.cuts.append(now)
        while self.heard and self.heard[-1].at >= now:
            self.heard.pop()
        if self.heard:
            last = self.heard[-1]
            last.audio = last.audio[: self.format.bytes_in(max(now - last.at, 0.0))]

    @property
    def dry_at(self) -> float:
        """When the last of it was heard."""
        if not self.heard:
            return 0.0
        last = self.heard[-1]
        return last.at + len(last.audio) / self.format.bytes_per_second

    def agent(self) -> bytes:
        """The agent as it was heard, from `began` on, with its silences."""
        format = self.format
        sound = bytearray(format.silence(len(self.said) / format.bytes_per_second))
        for piece in self.heard:
            at = format.bytes_in(max(piece.at - self.began, 0.0))
            if at < len(sound):
                sound[at : at + len(piece.audio)] = piece.audio
        return bytes(sound)

    def both(self) -> tuple[bytes, bytes]:
        """The caller and the agent, of one length."""
        agent = self.agent()
        size = min(len(self.said), len(agent))
        return bytes(self.said[:size]), agent[:size]


def interleaved(left: bytes, right: bytes) -> bytes:
    """Two mono channels of one byte a sample as one of two."""
    both = array("B", bytes(2 * len(left)))
    both[0::2], both[1::2] = array("B", left), array("B", right)
    return both.tobytes()


class TapedWords(TwilioWords):
    """Twilio's words for a call, both of whose directions are recorded.

    Args:
        sids: as of `TwilioWords`.
    """

    def __init__(self, sids: Sids | None = None) -> None:
        super().__init__(sids)
        self.tape = Tape(self.format)

    def media(self, payload: str, chunk: int) -> str:
        """As `Words.media`."""
        self.tape.say(binascii.a2b_base64(payload), current_time())
        return super().media(payload, chunk)

    def read(self, message: str | bytes) -> Order:
        """As `Words.read`."""
        order = super().read(message)
        if isinstance(order, Play):
            self.tape.hear(order.audio, current_time())
        elif isinstance(order, Clear):
            self.tape.cut(current_time())
        return order
