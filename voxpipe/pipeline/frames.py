"""Everything that travels through a pipeline: frozen values, shared freely.

A frame never changes after it was made, so a second reader needs no copy. To change
one is to make another (`AudioFrame.with_data`, `dataclasses.replace`).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .audio import AudioFormat
from .errors import FormatError
from .turn import HeardItem, Turn

Samples = NDArray[np.int16]


class Frame:
    """Anything that travels.

    Attributes:
        turn: the reply that this frame belongs to; a frame of a cut turn is
            delivered to nobody. ``None``: it always arrives.
    """

    __slots__ = ()
    turn: Turn | None = None


class _MayBeText(Frame):
    # A slot outside the dataclass, so that frames made from bytes do not pay for it.
    __slots__ = ("_text",)
    _text: str


@dataclass(frozen=True, slots=True, kw_only=True, init=False)
class AudioFrame(_MayBeText):
    """A run of audio.

    Attributes:
        data: whole samples, interleaved; read by `format`.
        format: how to read them.
        start: seconds from the start of its stream, or of its reply, to the first
            sample. Filters keep it, whatever they do to the samples.
        turn: the reply that it belongs to; ``None`` for what a person said.
    """

    data: bytes
    format: AudioFormat
    start: float
    turn: Turn | None  # pyright: ignore[reportIncompatibleVariableOverride]

    # Written by hand: the generated one costs 1.2 us against 0.7 us, a frame a box.
    def __init__(
        self,
        *,
        data: bytes,
        format: AudioFormat,
        start: float = 0.0,
        turn: Turn | None = None,
    ) -> None:
        _set_data(self, data)
        _set_format(self, format)
        _set_start(self, start)
        _set_turn(self, turn)

    def __getattr__(self, name: str) -> Any:
        # Reached only while `data` was never set: a frame that came as base64 is
        # decoded when somebody asks for its bytes, and not before.
        if name == "data":
            data = base64.b64decode(self._text)
            _set_data(self, data)
            return data
        raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")

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
                that is not a whole number of samples.
        """
        size = _decoded_size(text)
        if size % format.sample_bytes:
            raise FormatError(
                f"{size} bytes are not a whole number of samples of {format}"
            )
        frame = _new(cls)
        _set_text(frame, text)
        _set_format(frame, format)
        _set_start(frame, start)
        _set_turn(frame, turn)
        return frame

    def with_data(self, data: bytes, format: AudioFormat | None = None) -> AudioFrame:
        """The same moment of the same reply, with other samples."""
        frame = _new(AudioFrame)
        _set_data(frame, data)
        _set_format(frame, self.format if format is None else format)
        _set_start(frame, self.start)
        _set_turn(frame, self.turn)
        return frame

    def after(self, seconds: float) -> AudioFrame:
        """What is left of this frame when its first ``seconds`` are taken away."""
        skip = self.format.bytes_in(seconds)
        return AudioFrame(
            data=self.data[skip:],
            format=self.format,
            start=self.start + skip / self.format.bytes_per_second,
            turn=self.turn,
        )

    def before(self, seconds: float) -> AudioFrame:
        """The first ``seconds`` of this frame."""
        return self.with_data(self.data[: self.format.bytes_in(seconds)])

    @property
    def base64(self) -> str:
        """The bytes as base64: untouched where the frame came so."""
        try:
            return self._text
        except AttributeError:
            return base64.b64encode(self.data).decode("ascii")

    @property
    def size(self) -> int:
        """Length of `data` in bytes, known without decoding."""
        try:
            text = self._text
        except AttributeError:
            return len(self.data)
        return len(text) // 4 * 3 - text.count("=", -2)

    @property
    def duration(self) -> float:
        """Seconds."""
        try:
            return len(_get_data(self)) / self.format.bytes_per_second
        except AttributeError:
            return self.size / self.format.bytes_per_second

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
        samples = np.frombuffer(self.data, np.int16)
        return samples if self.format.channels == 1 else samples.reshape(-1, 2)


_new = object.__new__
_slots = vars(AudioFrame)
_set_data = _slots["data"].__set__
_get_data = _slots["data"].__get__
_set_format = _slots["format"].__set__
_set_start = _slots["start"].__set__
_set_turn = _slots["turn"].__set__
_set_text = vars(_MayBeText)["_text"].__set__

_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")


def _decoded_size(text: str) -> int:
    if len(text) % 4 or not _BASE64.fullmatch(text):
        raise FormatError(
            f"expected base64 (RFC 4648 §4, padded), got {len(text)} characters "
            "that are not"
        )
    return len(text) // 4 * 3 - text.count("=", -2)


def decode_base64(text: str) -> bytes:
    """Bytes from outside, strictly.

    Raises:
        FormatError: it is not base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise FormatError(
            f"expected base64, got {len(text)} other characters"
        ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyEnd(Frame):
    """The last sample of a reply has passed: tails are flushed, ears know the end."""

    turn: Turn | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStarted(Frame):
    """A person began to speak.

    Attributes:
        at: seconds of audio from the start of the stream, pre-roll included.
    """

    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStopped(Frame):
    """A person fell silent.

    Attributes:
        at: seconds of audio from the start of the stream to the last of the speech.
    """

    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Frame):
    """Written words, to the model or from it."""

    text: str
    turn: Turn | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript(Frame):
    """What was said, in words.

    Attributes:
        speaker: who said it.
        text: the words so far of this item, not only the new ones.
        final: nothing will be added.
        item_id: the conversation item that they belong to.
        heard: for an agent's final text, the part that was heard, when it was cut.
    """

    speaker: Literal["user", "agent"]
    text: str
    final: bool = True
    item_id: str = ""
    heard: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Image(Frame):
    """A picture for the model.

    Attributes:
        data: the file's bytes.
        media_type: ``image/png`` or ``image/jpeg``.
        detail: how closely the model is to look.
    """

    data: bytes
    media_type: Literal["image/png", "image/jpeg"]
    detail: Literal["auto", "low", "high"] = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dtmf(Frame):
    """A key pressed on a telephone: one of ``0-9*#A-D``."""

    digit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall(Frame):
    """The model wants a tool to run.

    Attributes:
        call_id: what the result must carry.
        name: which tool.
        arguments: JSON text exactly as the model wrote it, not yet checked.
    """

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult(Frame):
    """What a tool gave back; exactly one for each call.

    Attributes:
        call_id: of the call that it answers.
        name: which tool.
        output: text for the model, usually JSON.
        error: ``None``, or why there is no real result (``unknown_tool``, ``timeout`` …).
        seconds: how long the tool ran.
    """

    call_id: str
    output: str
    name: str = ""
    error: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruption(Frame):
    """A reply was cut; told to whoever remembers.

    Attributes:
        cut: the reply (its own frames no longer arrive, so it is not in `turn`).
        items: what was generated and heard of each of its items.
    """

    cut: Turn
    items: tuple[HeardItem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage(Frame):
    """What one reply, or one transcription, has cost.

    Attributes:
        kind: what it was for.
        tokens: counts by class: ``text_in``, ``audio_in``, ``image_in`` (cached ones not
            included), ``cached_text_in``, ``cached_audio_in``, ``cached_image_in``,
            ``text_out``, ``audio_out``.
        cost_usd: by the price table; ``None`` for a model that is not in it.
        reply_id: the response, or the item, that it is for.
    """

    kind: Literal["reply", "transcription"]
    tokens: Mapping[str, int] = field(default_factory=dict[str, int])
    cost_usd: float | None = None
    reply_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault(Frame):
    """Rubbish from outside that was counted and dropped, or a wish that failed.

    Attributes:
        source: the box where it came in.
        message: what was expected and what came; never what people said.
    """

    source: str
    message: str
