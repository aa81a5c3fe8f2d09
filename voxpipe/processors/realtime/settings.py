"""What a session is asked for, and the JSON that asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

from voxpipe.pipeline import AudioFormat, FormatError

from .detection import Owner, SemanticVad, ServerVad, Turns
from .errors import ConfigurationError
from .models import reasons
from .options import (
    Distance,
    Effort,
    NoiseReduction,
    Prompt,
    Retention,
    Tracing,
    Transcription,
    between,
    given,
    one_of,
)

PCM_24K = AudioFormat("pcm16", 24_000)
DEFAULT_MODEL = "gpt-realtime-2.1"  # gpt-realtime itself retires on 2027-01-20

# The only audio that the service speaks (Realtime API reference, session.audio).
_WIRE_FORMATS: dict[AudioFormat, dict[str, Any]] = {
    PCM_24K: {"type": "audio/pcm", "rate": 24_000},
    AudioFormat("ulaw", 8_000): {"type": "audio/pcmu"},
    AudioFormat("alaw", 8_000): {"type": "audio/pcma"},
}

Modality = Literal["audio", "text"]

_CHOICES = ("auto", "none", "required")
_CUSTOM = "voice_"  # the ids of voices of one's own begin so


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that a session is opened with; `open_session` explains it."""

    model: str = DEFAULT_MODEL
    instructions: str | None = field(default=None, repr=False)
    prompt: Prompt | None = None
    tools: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    tool_choice: str | None = None
    parallel_tool_calls: bool | None = None
    reasoning: Effort | None = None
    max_output_tokens: int | None = None
    audio: AudioFormat = PCM_24K
    turns: Turns = "server"
    noise_reduction: NoiseReduction | Distance | None = None
    transcription: Transcription | str | None = "gpt-transcribe"
    voice: str | None = None
    speed: float | None = None
    output: Modality = "audio"
    truncation: Retention | Literal["auto", "disabled"] | None = None
    tracing: Tracing | None = None
    include: Sequence[str] = ()
    extra: Mapping[str, Any] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if isinstance(self.turns, str) and self.turns not in get_args(Owner):
            raise ConfigurationError(
                f"turns are {', '.join(get_args(Owner))}, a ServerVad or a "
                f"SemanticVad, not {self.turns!r}"
            )
        one_of("output", self.output, get_args(Modality))
        if self.speed is not None:
            between("speed", self.speed, 0.25, 1.5)
        if self.max_output_tokens is not None:
            between("max_output_tokens", self.max_output_tokens, 1, 4_096)
        if isinstance(self.noise_reduction, str):
            one_of("noise_reduction", self.noise_reduction, get_args(Distance))
        if isinstance(self.truncation, str):
            one_of("truncation", self.truncation, ("auto", "disabled"))
        if self.reasoning is not None:
            one_of("reasoning", self.reasoning, get_args(Effort))
        for name in ("reasoning", "parallel_tool_calls"):
            if getattr(self, name) is not None and reasons(self.model) is False:
                raise ConfigurationError(
                    f"{name}= is for models that reason, such as {DEFAULT_MODEL}, not "
                    f"for {self.model}: leave it out"
                )

    @property
    def detection(self) -> ServerVad | SemanticVad | None:
        """The service's turn detection, or ``None`` when turns are made here."""
        if self.turns == "server":
            return ServerVad()
        if self.turns == "semantic":
            return SemanticVad()
        return None if isinstance(self.turns, str) else self.turns

    @property
    def owner_of_turns(self) -> str:
        """Who decides when the caller has finished, in words."""
        if self.turns == "manual":
            return 'the program (turns="manual")'
        return "here" if self.detection is None else "the service"

    @property
    def declares_tools(self) -> bool:
        """The model has something to call."""
        return bool(self.tools or (self.extra or {}).get("tools"))

    @property
    def transcriber(self) -> Transcription | None:
        """What writes down what the caller says."""
        if isinstance(self.transcription, str):
            name = self.transcription
            return Transcription(model=name) if name else None
        return self.transcription

    def to_wire(self) -> dict[str, Any]:
        """The ``session`` of a ``session.update``.

        Raises:
            FormatError: audio that the service does not speak, with the cure.
        """
        session: dict[str, Any] = {
            "type": "realtime",
            "output_modalities": [self.output],
            "tools": [dict(tool) for tool in self.tools],
            "audio": {"input": self._input(), "output": self._output()},
        }
        session |= given(
            instructions=self.instructions,
            prompt=_wire(self.prompt),
            tool_choice=_choice(self.tool_choice),
            parallel_tool_calls=self.parallel_tool_calls,
            reasoning=self.reasoning and {"effort": self.reasoning},
            max_output_tokens=self.max_output_tokens,
            truncation=_wire(self.truncation),
            tracing=_wire(self.tracing),
            include=list(self.include) or None,
        )
        return _merged(session, self.extra or {})

    @property
    def _format(self) -> dict[str, Any]:
        wire_format = _WIRE_FORMATS.get(self.audio)
        if wire_format is None:
            raise FormatError(
                f"a session speaks pcm16 24000 Hz, or ulaw or alaw 8000 Hz, not "
                f"{self.audio}: leave audio= out and put Resample(24000) in front of "
                "model.hears"
            )
        return wire_format

    def _input(self) -> dict[str, Any]:
        noise = self.noise_reduction
        if isinstance(noise, str):
            noise = NoiseReduction(microphone=noise)
        return {
            "format": self._format,
            # ``None`` switches these two off.
            "turn_detection": _wire(self.detection),
            "transcription": _wire(self.transcriber),
            **given(noise_reduction=_wire(noise)),
        }

    def _output(self) -> dict[str, Any]:
        custom = self.voice is not None and self.voice.startswith(_CUSTOM)
        voice = {"id": self.voice} if custom else self.voice
        return given(format=self._format, voice=voice, speed=self.speed)


def _wire(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else value.to_wire()


def _choice(choice: str | None) -> Any:
    """``auto``, ``none``, ``required``, or the function that is to be called."""
    if choice is None or choice in _CHOICES:
        return choice
    return {"type": "function", "name": choice}


def _merged(base: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with what ``extra`` says beside or instead, level by level."""
    result = dict(base)
    for key, value in extra.items():
        known = result.get(key)
        if isinstance(value, Mapping) and isinstance(known, dict):
            value = _merged(
                cast("dict[str, Any]", known), cast("Mapping[str, Any]", value)
            )
        result[key] = value
    return result
