"""What a session is asked for, and the JSON that asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, cast, get_args

from voxpipe.pipeline import AudioFormat, FormatError
from voxpipe.processors.realtime.errors import ConfigurationError

from .hosted_mcp import HostedMcp, check_labels
from .models import CUSTOM, model_named
from .options import (
    Distance,
    Effort,
    McpChoice,
    NoiseReduction,
    Prompt,
    Retention,
    Tracing,
    Transcription,
    as_wire,
    between,
    noise_as_wire,
    one_of,
    whole,
)
from .turn_detection import Mode, SemanticVad, ServerVad, TurnDetection

PCM_24K = AudioFormat("pcm16", 24_000)
DEFAULT_MODEL = "gpt-realtime-2.1"  # gpt-realtime itself retires on 2027-01-20

# The only audio that the service speaks (Realtime API reference, session.audio).
_WIRE_FORMATS: dict[AudioFormat, dict[str, Any]] = {
    PCM_24K: {"type": "audio/pcm", "rate": 24_000},
    AudioFormat("ulaw", 8_000): {"type": "audio/pcmu"},
    AudioFormat("alaw", 8_000): {"type": "audio/pcma"},
}

Modality = Literal["audio", "text"]

_DETECTIONS: Mapping[str, ServerVad | SemanticVad] = {
    "server": ServerVad(),
    "semantic": SemanticVad(),
}
_CHOICES = ("auto", "none", "required")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that a session is opened with; `SessionOptions` explains it."""

    model: str = DEFAULT_MODEL
    instructions: str | None = field(default=None, repr=False)
    prompt: Prompt | None = None
    tools: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    mcp: Sequence[HostedMcp] = ()
    tool_choice: str | McpChoice | None = None
    parallel_tool_calls: bool | None = None
    reasoning: Effort | None = None
    max_output_tokens: int | Literal["inf"] | None = None
    audio: AudioFormat = PCM_24K
    turn_detection: TurnDetection = "server"
    noise_reduction: NoiseReduction | Distance | None = None
    transcription: Transcription | str | None = "gpt-transcribe"
    voice: str | None = None
    speed: float | None = None
    output: Modality = "audio"
    truncation: Retention | Literal["auto", "disabled"] | None = None
    tracing: Tracing | None = None
    include: Sequence[str] = ()
    extra: Mapping[str, Any] | None = field(default=None, repr=False)
    call_id: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.turn_detection, str) and self.turn_detection not in get_args(
            Mode
        ):
            raise ConfigurationError(
                f"turn_detection is {', '.join(get_args(Mode))}, a ServerVad or a "
                f"SemanticVad, not {self.turn_detection!r}"
            )
        one_of("output", self.output, get_args(Modality))
        check_labels(self.mcp)
        _check_tools(self.tools)
        if self.speed is not None:
            between("speed", self.speed, 0.25, 1.5)
        if self.max_output_tokens is not None and self.max_output_tokens != "inf":
            whole("max_output_tokens", self.max_output_tokens, 1, 4_096)
        if isinstance(self.noise_reduction, str):
            one_of("noise_reduction", self.noise_reduction, get_args(Distance))
        if isinstance(self.truncation, str):
            one_of("truncation", self.truncation, ("auto", "disabled"))
        if self.reasoning is not None:
            one_of("reasoning", self.reasoning, get_args(Effort))
        model = model_named(self.model)
        if model is not None and not model.reasons and self.reasoning is not None:
            raise _not_for(self.model, "reasoning")
        parallel = self.parallel_tool_calls is not None
        if model is not None and not model.parallel_calls and parallel:
            raise _not_for(self.model, "parallel_tool_calls")

    @property
    def detection(self) -> ServerVad | SemanticVad | None:
        """The service's turn detection, or ``None`` when turns are made here."""
        if isinstance(self.turn_detection, str):
            return _DETECTIONS.get(self.turn_detection)
        return self.turn_detection

    @property
    def service_answers(self) -> bool:
        """The service answers the caller's turns by itself."""
        return self.detection is not None and self.detection.replies

    @property
    def turn_owner(self) -> str:
        """Who decides when the caller has finished, in words."""
        if self.turn_detection == "manual":
            return 'the program (turn_detection="manual")'
        return "here" if self.detection is None else "the service"

    @property
    def declares_tools(self) -> bool:
        """The model has something to call."""
        return bool(self.tools or (self.extra or {}).get("tools"))

    @property
    def may_ask(self) -> bool:
        """Some call of the service's may need approval."""
        return any(server.may_ask for server in self.mcp)

    @property
    def transcriber(self) -> Transcription | None:
        """What writes down what the caller says."""
        if isinstance(self.transcription, str):
            name = self.transcription
            return Transcription(model=name) if name else None
        return self.transcription

    def to_wire(self) -> dict[str, Any]:
        """The ``session`` of a ``session.update`` that opens.

        Raises:
            FormatError: audio that the service does not speak, with the cure.
        """
        form = self._format
        session: dict[str, Any] = {
            "type": "realtime",
            "audio": {"input": {"format": form}, "output": {"format": form}},
        }
        told = (each.name for each in fields(self) if each.name not in _ELSEWHERE)
        for name in told:
            value = _value(self, name)
            if value is not None or name in _OFF:  # there are defaults for the others
                _put(session, name, value)
        return merged(session, self.extra or {})

    def to_wire_of(self, names: Iterable[str]) -> dict[str, Any]:
        """The ``session`` of an update of these fields; ``extra`` is none of them."""
        session: dict[str, Any] = {"type": "realtime"}
        for name in names:
            _put(session, name, _value(self, name))
        return session

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


def or_open_in_it(opening: str) -> Mapping[AudioFormat, str]:
    """What helps besides boxes, for audio in each format that a session can have.

    Args:
        opening: what opens it, such as ``open_session``.
    """
    return {
        format: f"; or convert nothing, with {opening}(audio=AudioFormat("
        f'"{format.encoding}", {format.rate})): for a phone call, audio=call.format'
        for format in _WIRE_FORMATS
    }


def _not_for(model: str, field: str) -> ConfigurationError:
    return ConfigurationError(
        f"{field}= is for models that reason, such as {DEFAULT_MODEL}, not for "
        f"{model}: leave it out"
    )


def _check_tools(tools: object) -> None:
    if isinstance(tools, Sequence) and not isinstance(tools, str):
        listed = cast("Sequence[object]", tools)
        if all(isinstance(each, Mapping) for each in listed):
            return
    raise ConfigurationError(
        "tools= takes what the service is told of them: tools.schemas, where tools is "
        "the ToolRouter that runs them"
    )


def _tools(settings: Settings) -> Any:
    ours = [dict(tool) for tool in settings.tools]
    return [*ours, *(server.to_wire() for server in settings.mcp)]


def _voice(settings: Settings) -> Any:
    voice = settings.voice
    return {"id": voice} if voice and voice.startswith(CUSTOM) else voice


_ELSEWHERE = {"model", "audio", "extra", "call_id"}  # fields that are told otherwise
_OFF = {"turn_detection", "transcription"}  # ``None`` switches these off

# Where the others stand in the service's session object, unless under their own names.
_PLACES: Mapping[str, tuple[str, ...]] = {
    "output": ("output_modalities",),
    "mcp": ("tools",),
    "turn_detection": ("audio", "input", "turn_detection"),
    "transcription": ("audio", "input", "transcription"),
    "noise_reduction": ("audio", "input", "noise_reduction"),
    "voice": ("audio", "output", "voice"),
    "speed": ("audio", "output", "speed"),
}
# What stands there, unless it is the field as it is.
_VALUES: Mapping[str, Callable[[Settings], Any]] = {
    "output": lambda s: [s.output],
    "tools": _tools,
    "mcp": _tools,
    "turn_detection": lambda s: as_wire(s.detection),
    "transcription": lambda s: as_wire(s.transcriber),
    "noise_reduction": lambda s: noise_as_wire(s.noise_reduction),
    "voice": _voice,
    "tool_choice": lambda s: _choice(s.tool_choice),
    "reasoning": lambda s: s.reasoning and {"effort": s.reasoning},
    "include": lambda s: list(s.include) or None,
}


def _value(settings: Settings, name: str) -> Any:
    value = _VALUES.get(name)
    return as_wire(getattr(settings, name)) if value is None else value(settings)


def _put(session: dict[str, Any], name: str, value: Any) -> None:
    *way, last = _PLACES.get(name, (name,))
    for step in way:
        session = session.setdefault(step, {})
    session[last] = value


def _choice(choice: str | McpChoice | None) -> Any:
    """``auto``, ``none``, ``required``, or what is to be called."""
    if isinstance(choice, str) and choice not in _CHOICES:
        return {"type": "function", "name": choice}
    return as_wire(choice)


def merged(base: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with what ``extra`` says beside or instead, level by level."""
    result = dict(base)
    for key, value in extra.items():
        known = result.get(key)
        if isinstance(value, Mapping) and isinstance(known, Mapping):
            value = merged(
                cast("Mapping[str, Any]", known), cast("Mapping[str, Any]", value)
            )
        result[key] = value
    return result


def value_at(session: object, *place: str) -> Any:
    """What stands at a place in a session object; ``None`` where nothing does."""
    for step in place:
        if not isinstance(session, Mapping):
            return None
        session = cast("Mapping[str, Any]", session).get(step)
    return session
