"""The frame of sound: bytes, their format, and where they stand in their stream.

It is made and passed on fifty times a second and box, so two things are done here that
would be foolish elsewhere; both are measured by ``benchmarks.chain``.

* It is filled in as a `_Draft`, whose slots can be assigned, and becomes an
  `AudioFrame` by exchanging the class before anybody has seen it: a third of the time
  that a frozen dataclass takes with ``object.__setattr__``.
* What came as base64 is decoded when somebody asks for its bytes, and not before:
  telephone audio can cross a whole pipeline as the text that it came as.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, final

from .audio import AudioFormat, bytes_of, no_format, torn
from .errors import FormatError
from .turn import Turn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.int16]


_ROUNDING = 0.001  # seconds; a resampler may make a sample more of a frame than fits


class Frame:
    """Anything that travels.

    Attributes:
        turn: the reply that this frame belongs to; a frame of a cut turn is
            delivered to nobody. ``None``: it always arrives.
        duration: seconds of audio in it.
    """

    __slots__ = ()
    turn: Turn | None = None
    duration: float = 0.0


class _Sound(Frame):
    # Slots beside the fields: not compared, not printed, not asked for.
    __slots__ = ("_data", "_text", "duration")
    _data: bytes | None  # none until it is asked for, where the audio came as base64
    _text: str | None  # base64, where the audio came so


class _Draft(_Sound):
    # The same slots as `AudioFrame`, or Python would refuse to exchange the class.
    __slots__ = ("data", "format", "start", "turn")


@final
@dataclass(frozen=True, slots=True, kw_only=True, init=False, repr=False)
class AudioFrame(_Sound):
    """A run of audio.

    Attributes:
        data: whole samples, interleaved; read by `format`.
        format: how to read them.
        start: seconds from the start of its stream, or of its reply, to the first
            sample. Filters keep it, whatever they do to the samples.
        turn: the reply that it belongs to; ``None`` for what a person said.
        duration: seconds.
    """

    data: bytes
    format: AudioFormat
    start: float
    turn: Turn | None

    def __new__(
        cls,
        *,
        data: bytes,
        format: AudioFormat,
        start: float = 0.0,
        turn: Turn | None = None,
    ) -> AudioFrame:
        """A frame of ``data``, which must be whole samples of ``format``.

        Raises:
            FormatError: they are not, or are no bytes; an array goes into `of`. Or
                ``format`` is none.
        """
        if type(data) is not bytes:
            data = bytes_of(data)
        size = len(data)
        try:  # which costs nothing; to look at its type would
            rest = size % format.sample_bytes
        except AttributeError:
            raise no_format(format) from None
        if rest:
            raise torn(size, format)
        draft: Any = _Draft()
        draft._data = data
        draft._text = None
        draft.format = format
        draft.start = start
        draft.turn = turn
        draft.duration = size / format.bytes_per_second
        draft.__class__ = AudioFrame
        frame: AudioFrame = draft
        return frame

    @classmethod
    def of(
        cls,
        samples: Samples | NDArray[np.floating[Any]],
        rate: int,
        *,
        start: float = 0.0,
        turn: Turn | None = None,
    ) -> AudioFrame:
        """A frame of pcm16, of samples as a sound card or a model gives them.

        Args:
            samples: int16, or floats from -1 to 1 (what is louder is clipped), of shape
                ``(n,)``, or ``(n, 2)`` for stereo.
            rate: samples per second.
            start: seconds from the start of its stream.
            turn: the reply that it belongs to.

        Raises:
            FormatError: another type, scale or shape; says how to convert it.
        """
        from .samples import pcm16_of  # it needs numpy, whose import costs 60 ms

        data, format = pcm16_of(samples, rate)
        return AudioFrame(data=data, format=format, start=start, turn=turn)

    @classmethod
    def from_base64(
        cls,
        text: str,
        format: AudioFormat,
        *,
        start: float = 0.0,
        turn: Turn | None = None,
    ) -> AudioFrame:
        """Audio as it came over a wire; its bytes are decoded only when asked for.

        Raises:
            FormatError: characters that are not base64, wrong padding, or a length
                that is not a whole number of samples; or ``format`` is none.
        """
        # Not `base64.b64decode(validate=True)`, which decodes, and takes ``AAAA====``.
        # To delete the alphabet is faster than a regular expression.
        try:
            rest = text.encode("ascii", "replace").translate(None, _ALPHABET)
            padding = _PADDING[rest]
        except (AttributeError, KeyError):
            raise _no_base64(text) from None
        size = len(text) // 4 * 3 - len(padding)
        try:
            torn_by = size % format.sample_bytes
        except AttributeError:
            raise no_format(format) from None
        if len(text) % 4 or not text.endswith(padding):
            raise _no_base64(text)
        if torn_by:
            raise torn(size, format)
        draft: Any = _Draft()
        draft._data = None
        draft._text = text
        draft.format = format
        draft.start = start
        draft.turn = turn
        draft.duration = size / format.bytes_per_second
        draft.__class__ = AudioFrame
        frame: AudioFrame = draft
        return frame

    def with_data(self, data: bytes, format: AudioFormat | None = None) -> AudioFrame:
        """The same moment of the same reply, with other samples.

        Raises:
            FormatError: these are no bytes, not whole samples, or last longer than this
                frame does.
        """
        if type(data) is not bytes:
            data = bytes_of(data)
        if format is None:
            format = self.format
        else:
            try:
                rest = len(data) % format.sample_bytes
            except AttributeError:
                raise no_format(format) from None
            if rest:
                raise torn(len(data), format)
        duration = len(data) / format.bytes_per_second
        if duration != self.duration:  # nearly never: most boxes keep it
            self._check_length(len(data), format, duration)
        draft: Any = _Draft()
        draft._data = data
        draft._text = None
        draft.format = format
        draft.start = self.start
        draft.turn = self.turn
        draft.duration = duration
        draft.__class__ = AudioFrame
        frame: AudioFrame = draft
        return frame

    def with_samples(self, samples: Samples | NDArray[np.floating[Any]]) -> AudioFrame:
        """The same moment of the same reply as pcm16, with samples as `of` takes them.

        Raises:
            FormatError: another type, scale or shape, or they last longer.
        """
        from .samples import pcm16_of

        return self.with_data(*pcm16_of(samples, self.format.rate))

    def moved(self, *, start: float, turn: Turn | None) -> AudioFrame:
        """The same samples at another moment, or of another reply; not decoded."""
        draft: Any = _Draft()
        draft._data = self._data
        draft._text = self._text
        draft.format = self.format
        draft.start = start
        draft.turn = turn
        draft.duration = self.duration
        draft.__class__ = AudioFrame
        frame: AudioFrame = draft
        return frame

    def after(self, seconds: float) -> AudioFrame:
        """What is left of this frame when its first ``seconds`` are taken away."""
        skip = self._bytes_in(seconds)
        return AudioFrame(
            data=self.data[skip:],
            format=self.format,
            start=self.start + skip / self.format.bytes_per_second,
            turn=self.turn,
        )

    def before(self, seconds: float) -> AudioFrame:
        """The first ``seconds`` of this frame: with `after`, each sample once."""
        if seconds >= self.duration:
            return self
        return self.with_data(self.data[: self._bytes_in(seconds)])

    def _check_length(self, size: int, format: AudioFormat, duration: float) -> None:
        if size % format.sample_bytes:
            raise torn(size, format)
        if duration <= self.duration + _ROUNDING:
            return
        raise FormatError(
            f"this frame lasts {self.duration * 1000:g} ms, and the data "
            f"{duration * 1000:g} ms: arrays, floats above all, go into "
            "frame.with_samples(samples), and what really lasts longer is "
            "another moment: AudioFrame(data=..., format=..., start=..., turn=...)"
        )

    def _bytes_in(self, seconds: float) -> int:
        if seconds >= self.duration:
            return self.size
        return max(0, self.format.bytes_in(seconds))

    @property
    def end(self) -> float:
        """Seconds from the start of its stream, or of its reply, to its end."""
        return self.start + self.duration

    @property
    def base64(self) -> str:
        """The bytes as base64: untouched where the frame came so."""
        text = self._text
        if text is None:
            text = binascii.b2a_base64(self.data, newline=False).decode("ascii")
        return text

    @property
    def size(self) -> int:
        """Length of `data` in bytes, known without decoding."""
        text = self._text
        return len(self.data) if text is None else _size_of(text)

    @property
    def samples(self) -> Samples:
        """A read-only view, int16; shape ``(n,)``, or ``(n, 2)`` for stereo.

        Raises:
            FormatError: the encoding is not pcm16.
        """
        if self.format.encoding != "pcm16":
            raise FormatError(
                f"samples are pcm16, this frame is {self.format}: put Decode() in front"
            )
        samples: Samples = _numpy().frombuffer(self.data, "<i2")
        return samples if self.format.channels == 1 else samples.reshape(-1, 2)

    def __repr__(self) -> str:
        turn = "" if self.turn is None else f", {self.turn!r}"
        return (
            f"<AudioFrame {self.duration * 1000:g} ms of {self.format} "
            f"at {self.start:g} s{turn}>"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        part = partial(AudioFrame, data=self.data, format=self.format)
        return partial(part, start=self.start, turn=self.turn), ()


@cache
def _numpy() -> Any:
    # Audio that is only passed on needs no numpy, whose import costs 60 ms and 20 MB.
    import numpy

    return numpy


def _data_of(frame: Any) -> bytes:
    data: bytes | None = frame._data
    if data is None:
        data = binascii.a2b_base64(frame._text)
        _keep_data(frame, data)
    return data


# The frozen class refuses assignment; its slot does not.
_keep_data = vars(_Sound)["_data"].__set__
# In the place of the field's own slot. A `__getattr__` for the empty slot would do the
# same, and make reading any attribute of any frame ten times as slow (Python 3.11).
setattr(AudioFrame, "data", property(_data_of))  # noqa: B010  # a field to type checkers

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_PADDING = {b"": "", b"=": "=", b"==": "=="}  # all that may be left of it, at the end


def _no_base64(text: object) -> FormatError:
    got = f"{len(text)} characters that are not" if type(text) is str else ""
    return FormatError(
        "expected base64 (RFC 4648 §4, padded), got " + (got or type(text).__name__)
    )


def _size_of(text: str) -> int:
    return len(text) // 4 * 3 - text.count("=", -2)
