"""What audio is made of: encoding, rate and channels, checked once and then trusted."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from .errors import FormatError

Encoding = Literal["pcm16", "ulaw", "alaw"]

_ENCODINGS: tuple[str, ...] = get_args(Encoding)
_SAMPLE_BYTES: dict[str, int] = {"pcm16": 2, "ulaw": 1, "alaw": 1}
_LOWEST_RATE, _HIGHEST_RATE = 4_000, 192_000  # Hz; outside is a typo, not audio


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """How the bytes of an audio frame are to be read.

    Attributes:
        encoding: ``pcm16`` (signed, little-endian), or G.711 ``ulaw`` / ``alaw``.
        rate: samples per second and channel, 4,000 to 192,000.
        channels: interleaved; 1 or 2.
        sample_bytes: bytes of one sample of every channel.
        bytes_per_second: for turning lengths into time.

    Raises:
        FormatError: an encoding, rate or channel count that is not one of these.
    """

    encoding: Encoding
    rate: int
    channels: int = 1
    sample_bytes: int = field(init=False, repr=False, compare=False)
    bytes_per_second: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.encoding not in _ENCODINGS:
            raise FormatError(
                f"encoding must be one of {', '.join(_ENCODINGS)}, "
                f"not {self.encoding!r}"
            )
        if type(self.rate) is not int or not (
            _LOWEST_RATE <= self.rate <= _HIGHEST_RATE
        ):
            raise FormatError(
                f"rate must be a whole number of Hz from {_LOWEST_RATE} to "
                f"{_HIGHEST_RATE}, not {self.rate!r}"
            )
        if self.channels not in (1, 2):
            raise FormatError(f"channels must be 1 or 2, not {self.channels!r}")
        sample_bytes = _SAMPLE_BYTES[self.encoding] * self.channels
        object.__setattr__(self, "sample_bytes", sample_bytes)
        object.__setattr__(self, "bytes_per_second", sample_bytes * self.rate)

    def __str__(self) -> str:
        channels = "" if self.channels == 1 else " stereo"
        return f"{self.encoding} {self.rate} Hz{channels}"

    def bytes_in(self, seconds: float) -> int:
        """How many bytes, in whole samples, ``seconds`` of this audio take."""
        return round(seconds * self.rate) * self.sample_bytes

    def silence(self, seconds: float) -> bytes:
        """Bytes that sound like nothing for ``seconds``."""
        return _SILENCE[self.encoding] * self.bytes_in(seconds)


# G.711 has no all-zero silence: 0xFF and 0xD5 are its smallest positive values
# (ITU-T G.711, tables 2a and 1a).
_SILENCE: dict[str, bytes] = {"pcm16": b"\x00", "ulaw": b"\xff", "alaw": b"\xd5"}


@dataclass(frozen=True, slots=True)
class AudioRule:
    """What an input can take when more than one exact format will do.

    An empty tuple means that anything goes.
    """

    encodings: tuple[Encoding, ...] = ()
    rates: tuple[int, ...] = ()
    channels: tuple[int, ...] = ()

    def allows(self, format: AudioFormat) -> bool:
        """Whether audio in ``format`` may enter."""
        return (
            (not self.encodings or format.encoding in self.encodings)
            and (not self.rates or format.rate in self.rates)
            and (not self.channels or format.channels in self.channels)
        )

    def __str__(self) -> str:
        parts = ["/".join(self.encodings)] if self.encodings else []
        if self.rates:
            parts.append("/".join(str(rate) for rate in self.rates) + " Hz")
        if self.channels:
            parts.append("/".join(("mono", "stereo")[n - 1] for n in self.channels))
        return " ".join(parts) or "any audio"


def rule_of(format: AudioFormat | AudioRule) -> AudioRule:
    """The same wish as a rule, so that there is one way to check."""
    if isinstance(format, AudioRule):
        return format
    return AudioRule((format.encoding,), (format.rate,), (format.channels,))


def check_entry(
    format: AudioFormat,
    came_from: str,
    rule: AudioFormat | AudioRule | None,
    label: str,
) -> None:
    """Whether audio may enter an input.

    Raises:
        FormatError: it may not; says which boxes to put where.
    """
    if rule is not None and not rule_of(rule).allows(format):
        boxes = cure(format, rule)
        hint = (
            "; Mono(channel=0) takes the left side alone" if "Mono()" in boxes else ""
        )
        raise FormatError(
            f"{came_from} is {format}, {label} takes {rule}: put {boxes} "
            f"between {came_from} and {label}{hint}"
        )


def cure(have: AudioFormat, want: AudioFormat | AudioRule) -> str:
    """The boxes that turn ``have`` into ``want``, as one would draw them.

    >>> cure(AudioFormat("ulaw", 8000), AudioFormat("pcm16", 24000))
    'Decode() >> Resample(24000)'
    """
    rule = rule_of(want)
    boxes: list[str] = []
    encoding = have.encoding
    rate_differs = bool(rule.rates) and have.rate not in rule.rates
    channels_differ = bool(rule.channels) and have.channels not in rule.channels
    encoding_differs = bool(rule.encodings) and encoding not in rule.encodings
    if encoding != "pcm16" and (rate_differs or channels_differ or encoding_differs):
        boxes.append("Decode()")
        encoding = "pcm16"
    if channels_differ:
        boxes.append("Mono()" if rule.channels == (1,) else "Stereo()")
    if rate_differs:
        boxes.append(f"Resample({rule.rates[0]})")
    if rule.encodings and encoding not in rule.encodings:
        boxes.append(f'Encode("{rule.encodings[0]}")')
    return " >> ".join(boxes)


def bytes_of(data: Any) -> bytes:
    """Another buffer of bytes, such as a socket's, as bytes.

    Raises:
        FormatError: it holds something else; says what to write instead.
    """
    if hasattr(data, "dtype"):
        what = f"an array of {data.dtype}"
    else:
        what = type(data).__name__
        with suppress(TypeError):
            view = memoryview(data)
            if view.itemsize == 1:
                return view.tobytes()
    raise FormatError(
        f"audio is bytes, not {what}: frame.with_samples(samples) puts int16 or float "
        "samples in the place of a frame's, AudioFrame.of(samples, rate) makes another"
    )


def checked_format(given: object) -> AudioFormat:
    """Itself.

    Raises:
        FormatError: it is no format.
    """
    if not isinstance(given, AudioFormat):
        raise no_format(given)
    return given


def no_format(given: object) -> FormatError:
    """What to raise of something that stands where a format should."""
    return FormatError(
        f"a format is an AudioFormat, not {type(given).__name__}: write "
        'AudioFormat("pcm16", 24_000), with the rate of your audio'
    )


def torn(size: int, format: AudioFormat) -> FormatError:
    """What to raise of bytes that end within a sample."""
    return FormatError(f"{size} bytes are not a whole number of samples of {format}")
