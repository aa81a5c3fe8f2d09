"""Audio on the wire: its three formats, and the bytes of one piece."""

from __future__ import annotations

import binascii
from base64 import b64encode
from dataclasses import dataclass
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from voxpipe.simulator.errors import Refusal, invalid_type

from . import g711

VOICE_RATE = 24_000  # Hz of what voices make and of audio/pcm
MAX_APPEND = 15 * 1024 * 1024  # bytes of audio in one event


@dataclass(frozen=True, slots=True)
class WireFormat:
    """One of the three audio formats of the protocol.

    Attributes:
        type: as the protocol names it.
        rate: samples per second.
        sample_bytes: bytes of a sample.
    """

    type: str
    rate: int
    sample_bytes: int

    @property
    def bytes_per_ms(self) -> int:
        """Bytes that a millisecond takes: 48 or 8."""
        return self.rate * self.sample_bytes // 1000

    def samples(self, data: bytes | bytearray) -> NDArray[np.int16]:
        """What ``data`` says, as 16-bit samples at `rate`."""
        if self.type == "audio/pcm":
            return np.frombuffer(data, "<i2")
        return g711.decode(bytes(data), _LAWS[self.type])

    def silence(self, size: int) -> bytes:
        """``size`` bytes of silence, as far as they are whole samples."""
        return _SILENCE[self.type] * (size // self.sample_bytes * self.sample_bytes)

    def of_voice(self, pcm: bytes) -> bytes:
        """Speech of a voice (16-bit, 24 kHz) in this format."""
        if self.type == "audio/pcm":
            return pcm
        samples = np.frombuffer(pcm, "<i2")
        narrow = soxr.resample(samples, VOICE_RATE, self.rate)
        return g711.encode(narrow, _LAWS[self.type])


# As `AudioFormat.silence`, by the protocol's names.
_SILENCE = {"audio/pcm": b"\x00", "audio/pcmu": b"\xff", "audio/pcma": b"\xd5"}
_LAWS = {"audio/pcmu": "ulaw", "audio/pcma": "alaw"}
_FORMATS = {
    "audio/pcm": WireFormat("audio/pcm", 24_000, 2),
    "audio/pcmu": WireFormat("audio/pcmu", 8_000, 1),
    "audio/pcma": WireFormat("audio/pcma", 8_000, 1),
}


def wire_format(config: dict[str, Any]) -> WireFormat:
    """The format that a checked ``format`` object of a session names."""
    return _FORMATS[config["type"]]


def at_voice_rate(samples: NDArray[np.int16], rate: int, channels: int = 1) -> bytes:
    """Any speech as voices make it: 16-bit mono at 24 kHz."""
    mono = samples.reshape(-1, channels).mean(axis=1).astype(np.int16)
    if rate != VOICE_RATE and len(mono):
        mono = soxr.resample(mono, rate, VOICE_RATE)
    data: bytes = mono.astype("<i2").tobytes()
    return data


def decode_audio(value: Any, path: str, format: WireFormat) -> bytes:
    """Audio bytes from a client's base64, checked.

    Raises:
        Refusal: not base64, not whole samples, or more than 15 MiB.
    """
    if type(value) is not str:
        raise invalid_type(path, value, "a base64 string")
    try:
        data = binascii.a2b_base64(value, strict_mode=True)
    except ValueError:  # binascii.Error is one, and so is text outside ASCII
        raise Refusal(
            "invalid_value",
            f"Invalid '{path}': expected base64-encoded bytes (standard alphabet, "
            "padded).",
            path,
        ) from None
    if len(data) > MAX_APPEND:
        raise Refusal(
            "invalid_value",
            f"Invalid '{path}': {len(data)} bytes of audio in one event; "
            f"at most {MAX_APPEND} are accepted.",
            path,
        )
    if len(data) % format.sample_bytes:
        raise Refusal(
            "invalid_value",
            f"Invalid '{path}': {len(data)} bytes are not whole samples of "
            f"{format.sample_bytes} bytes.",
            path,
        )
    return data


@dataclass(slots=True)
class Sound:
    """Audio that belongs to an item.

    Attributes:
        format: how to read ``data``.
        data: the bytes; emptied when the session holds more than it may.
        length: bytes there were, whatever is still held.
    """

    format: WireFormat
    data: bytearray
    length: int = 0

    def __post_init__(self) -> None:
        self.length = len(self.data)

    @property
    def ms(self) -> int:
        """Its duration in whole milliseconds."""
        return self.length // self.format.bytes_per_ms

    def append(self, data: bytes) -> None:
        """Add ``data`` to its end."""
        self.data += data
        self.length += len(data)

    def cut(self, ms: int) -> None:
        """Keep the first ``ms``."""
        self.length = min(self.length, ms * self.format.bytes_per_ms)
        del self.data[self.length :]

    def base64(self) -> str:
        """The bytes that are still held, as the protocol carries them."""
        return b64encode(self.data).decode()
