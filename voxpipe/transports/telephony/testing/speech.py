"""What a caller says: G.711 as telephones send it, and where in it somebody speaks."""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from typing import Self

from voxpipe.pipeline import AudioFormat, AudioFrame, FormatError
from voxpipe.transports.telephony.loudness import is_loud

from .ulaw import compressed

ULAW = AudioFormat("ulaw", 8_000)
PCM = AudioFormat("pcm16", 8_000)
FRAME = 0.02  # seconds; what telephones send
FRAME_BYTES = ULAW.bytes_in(FRAME)


class Speech:
    """Audio cut into telephone frames once, to be said as often as one likes.

    Attributes:
        frames: base64 of 20 ms each; silence fills the last.
        loud: for each of them, whether somebody speaks in it (see ``ulaw.py``).
        first_loud: the index of the first loud frame, -1 if there is none.
        last_loud: and of the last; after it the caller is silent, and waits.
    """

    __slots__ = ("first_loud", "frames", "last_loud", "loud")

    frames: tuple[str, ...]
    loud: tuple[bool, ...]
    first_loud: int
    last_loud: int

    def __init__(self, ulaw: bytes) -> None:
        pieces = tuple(_cut(ulaw))
        self.frames = tuple(
            binascii.b2a_base64(piece, newline=False).decode("ascii")
            for piece in pieces
        )
        self.loud = tuple(map(is_loud, pieces))
        loud = [index for index, each in enumerate(self.loud) if each]
        self.first_loud = loud[0] if loud else -1
        self.last_loud = loud[-1] if loud else -1

    @classmethod
    def of(cls, audio: bytes | AudioFrame | Speech) -> Speech:
        """From bytes of mu-law, or from a frame at 8,000 Hz of mu-law or pcm16.

        Raises:
            FormatError: audio in another format, or none at all.
        """
        if isinstance(audio, Speech):
            return audio
        if isinstance(audio, AudioFrame):
            audio = _ulaw_of(audio)
        if not audio:
            raise FormatError("expected audio to say, got none")
        return cls(audio)

    @classmethod
    def silence(cls, seconds: float) -> Self:
        """Nothing, said for so long."""
        return cls(ULAW.silence(seconds))

    @property
    def seconds(self) -> float:
        """How long it takes to say."""
        return len(self.frames) * FRAME

    def __repr__(self) -> str:
        return f"<Speech {self.seconds:g} s>"


def _cut(ulaw: bytes) -> Iterator[bytes]:
    for at in range(0, len(ulaw), FRAME_BYTES):
        yield ulaw[at : at + FRAME_BYTES].ljust(FRAME_BYTES, b"\xff")


def _ulaw_of(frame: AudioFrame) -> bytes:
    if frame.format == ULAW:
        return frame.data
    if frame.format == PCM:
        return compressed(frame.data)
    raise FormatError(
        f"a telephone takes {ULAW} or {PCM}, not {frame.format}: convert it first, "
        "with Resample(8000) of voxpipe.processors.audio"
    )
