"""What a caller says, as their carrier sends it, and where in it somebody speaks."""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from typing import Self

from voxpipe.pipeline import AudioFormat, AudioFrame, FormatError
from voxpipe.transports.telephony.loudness import loudness

from .ulaw import compressed

ULAW = AudioFormat("ulaw", 8_000)
FRAME = 0.02  # seconds; what telephones send


class Speech:
    """Audio cut into telephone frames once, to be said as often as one likes.

    Attributes:
        format: of the carrier.
        frames: base64 of 20 ms each; silence fills the last.
        loud: for each of them, whether somebody speaks in it (see ``loudness.py``).
        first_loud: the index of the first loud frame, -1 if there is none.
        last_loud: and of the last; after it the caller is silent, and waits.
    """

    __slots__ = ("first_loud", "format", "frames", "last_loud", "loud")

    format: AudioFormat
    frames: tuple[str, ...]
    loud: tuple[bool, ...]
    first_loud: int
    last_loud: int

    def __init__(self, data: bytes, format: AudioFormat = ULAW) -> None:
        pieces = tuple(_cut(data, format))
        self.format = format
        self.frames = tuple(
            binascii.b2a_base64(piece, newline=False).decode("ascii")
            for piece in pieces
        )
        self.loud = tuple(map(loudness(format), pieces))
        loud = [index for index, each in enumerate(self.loud) if each]
        self.first_loud = loud[0] if loud else -1
        self.last_loud = loud[-1] if loud else -1

    @classmethod
    def of(
        cls, audio: bytes | AudioFrame | Speech, format: AudioFormat = ULAW
    ) -> Speech:
        """From bytes in ``format``, or from a frame of it, or of pcm16 at its rate.

        Raises:
            FormatError: audio in another format, or none at all.
        """
        if isinstance(audio, Speech):
            if audio.format != format:
                raise _refusal(audio.format, format)
            return audio
        if isinstance(audio, AudioFrame):
            audio = _data_of(audio, format)
        if not audio:
            raise FormatError("expected audio to say, got none")
        return cls(audio, format)

    @classmethod
    def silence(cls, seconds: float, format: AudioFormat = ULAW) -> Self:
        """Nothing, said for so long."""
        return cls(format.silence(seconds), format)

    @property
    def seconds(self) -> float:
        """How long it takes to say."""
        return len(self.frames) * FRAME

    def __repr__(self) -> str:
        return f"<Speech {self.seconds:g} s>"


def _cut(data: bytes, format: AudioFormat) -> Iterator[bytes]:
    size, silence = format.bytes_in(FRAME), format.silence(FRAME)
    for at in range(0, len(data), size):
        piece = data[at : at + size]
        yield piece + silence[len(piece) :]


def _data_of(frame: AudioFrame, format: AudioFormat) -> bytes:
    if frame.format == format:
        return frame.data
    if frame.format == AudioFormat("pcm16", format.rate):
        return compressed(frame.data, format.encoding)
    raise _refusal(frame.format, format)


def _refusal(got: AudioFormat, format: AudioFormat) -> FormatError:
    pcm = AudioFormat("pcm16", format.rate)
    kinds = f"{format}" if pcm == format else f"{format} or {pcm}"
    return FormatError(
        f"a telephone takes {kinds}, not {got}: convert it first, with "
        f"Resample({format.rate}) of voxpipe.processors.audio"
    )
