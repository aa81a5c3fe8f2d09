"""What can be asked of a session beside words and audio; each knows its JSON.

Ranges are those of the Realtime API (reference, "Session"; November 2026). What is out
of range is refused here, before anything is sent: the service refuses a whole update
for one bad field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from voxpipe.processors.realtime.errors import ConfigurationError

from .models import TRANSCRIBERS, undated

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh"]
"""How long a model of the 2.x family thinks before it speaks, if it thinks at all."""

Delay = Literal["minimal", "low", "medium", "high", "xhigh"]
"""How long a streaming transcriber waits for more before it writes."""

Distance = Literal["near_field", "far_field"]
"""Where the microphone is: a headset, or a table away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseReduction:
    """Noise is taken out before the service listens for speech.

    Attributes:
        microphone: near or far.
        strength: 0 to 1; ``None`` leaves what it was, at first 1.

    Raises:
        ConfigurationError: another microphone, or a strength out of range.
    """

    microphone: Distance = "near_field"
    strength: float | None = None

    def __post_init__(self) -> None:
        one_of("a microphone", self.microphone, get_args(Distance))
        if self.strength is not None:
            between("the strength of noise reduction", self.strength, 0, 1)

    def to_wire(self) -> dict[str, Any]:
        """The ``noise_reduction`` of a session."""
        return given(type=self.microphone, strength=self.strength)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcription:
    """A second model writes down what the caller says.

    Attributes:
        model: ``gpt-transcribe``, ``gpt-realtime-whisper`` …
        language: ISO-639-1, when it is known: fewer mistakes, less delay.
        languages: the ones that may be spoken (gpt-transcribe, gpt-live-transcribe).
        prompt: what it is about, or how names are spelt.
        keywords: words to expect (gpt-transcribe, gpt-live-transcribe).
        delay: only for gpt-realtime-whisper.

    Raises:
        ConfigurationError: ``language`` and ``languages`` together, or a field that
            this model does not have.
    """

    model: str = "gpt-transcribe"
    language: str | None = None
    languages: Sequence[str] = ()
    prompt: str | None = field(default=None, repr=False)
    keywords: Sequence[str] = field(default=(), repr=False)
    delay: Delay | None = None

    def __post_init__(self) -> None:
        if self.language and self.languages:
            raise ConfigurationError(
                "a transcription has one language, or languages to choose from, not "
                "both: leave language= out"
            )
        if self.delay is not None:
            one_of("a delay", self.delay, get_args(Delay))
        model = undated(self.model)
        if model not in TRANSCRIBERS:
            return  # a new one, or a deployment of Azure's: the service knows
        for name, models in _ONLY_FOR.items():
            if getattr(self, name) and model not in models:
                raise ConfigurationError(
                    f"{name}= of a transcription is for {' and '.join(models)}, not "
                    f"for {self.model}"
                )
        if self.prompt and model in _NO_PROMPT:
            raise ConfigurationError(f"{self.model} takes no prompt: leave it out")

    def to_wire(self) -> dict[str, Any]:
        """The ``transcription`` of a session."""
        return given(
            model=self.model,
            language=self.language,
            languages=list(self.languages) or None,
            prompt=self.prompt,
            keywords=list(self.keywords) or None,
            delay=self.delay,
        )


_CHOOSERS = ("gpt-transcribe", "gpt-live-transcribe")
_ONLY_FOR: Mapping[str, tuple[str, ...]] = {
    "languages": _CHOOSERS,
    "keywords": _CHOOSERS,
    "delay": ("gpt-realtime-whisper",),
}
_NO_PROMPT = ("gpt-realtime-whisper", "gpt-4o-transcribe-diarize")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How much of a conversation stays when it gets too long for the model.

    To drop more than is needed is cheaper: what is left is cached until the next time.

    Attributes:
        ratio: 0 to 1, of what fits; 0.8 drops the oldest fifth.
        tokens: what fits, after the instructions and tools; default: all that the
            model takes. Less is cheaper, and forgets sooner.

    Raises:
        ConfigurationError: a ratio or a number out of range.
    """

    ratio: float = 0.8
    tokens: int | None = None

    def __post_init__(self) -> None:
        between("the ratio of what is retained", self.ratio, 0, 1)
        if self.tokens is not None:
            whole("tokens to retain", self.tokens, 0, 2**20)

    def to_wire(self) -> dict[str, Any]:
        """The ``truncation`` of a session."""
        limits = None if self.tokens is None else {"post_instructions": self.tokens}
        return given(
            type="retention_ratio", retention_ratio=self.ratio, token_limits=limits
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracing:
    """The service keeps a trace of the session; fixed once it is set.

    Attributes:
        workflow: its name in the traces dashboard.
        group: joins the traces of several sessions.
        metadata: to filter by.
    """

    workflow: str | None = None
    group: str | None = None
    metadata: Mapping[str, Any] | None = field(default=None, repr=False)

    def to_wire(self) -> dict[str, Any] | str:
        """The ``tracing`` of a session."""
        metadata = None if self.metadata is None else dict(self.metadata)
        return (
            given(workflow_name=self.workflow, group_id=self.group, metadata=metadata)
            or "auto"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """Instructions that are kept at the service, by name.

    The service ends reusable prompts on 2026-11-30: copy the text into
    ``instructions=`` before. Until then opening a session with one warns.

    Attributes:
        id: ``pmpt_…``.
        version: default: the current one.
        variables: what stands for its placeholders.
    """

    id: str
    version: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)

    def to_wire(self) -> dict[str, Any]:
        """The ``prompt`` of a session."""
        variables = dict(self.variables) or None
        return given(id=self.id, version=self.version, variables=variables)


@dataclass(frozen=True, slots=True, kw_only=True)
class McpChoice:
    """The model is to use a hosted MCP server.

    Attributes:
        server: the label of it.
        tool: which of its tools; default: any.
    """

    server: str
    tool: str | None = None

    def to_wire(self) -> dict[str, Any]:
        """The ``tool_choice`` of a session, or of a reply."""
        return given(type="mcp", server_label=self.server, name=self.tool)


def between(what: str, value: float, lowest: float, highest: float) -> None:
    """Refuse a number out of range, and what is none.

    Raises:
        ConfigurationError: says the range.
    """
    # `bool` is a number to Python; NaN fails every comparison.
    if type(value) not in (int, float) or not lowest <= value <= highest:
        raise ConfigurationError(
            f"{what} is a number from {lowest:g} to {highest:g}, not {value!r}"
        )


def whole(what: str, value: int, lowest: int, highest: int) -> None:
    """Refuse a number out of range, and one with a fraction.

    Raises:
        ConfigurationError: says the range.
    """
    if type(value) is not int or not lowest <= value <= highest:
        raise ConfigurationError(
            f"{what} is a whole number from {lowest} to {highest}, not {value!r}"
        )


def one_of(what: str, value: object, known: Sequence[str]) -> None:
    """Refuse a word that is not known.

    Raises:
        ConfigurationError: says the words.
    """
    if value not in known:
        raise ConfigurationError(f"{what} is one of {', '.join(known)}, not {value!r}")


def given(**fields: Any) -> dict[str, Any]:
    """Those that are not ``None``: the service has defaults for the others."""
    return {name: value for name, value in fields.items() if value is not None}


def as_wire(value: Any) -> Any:
    """As a session has it: an option knows its own JSON, all else is JSON already."""
    to_wire = getattr(value, "to_wire", None)
    return value if to_wire is None else to_wire()


def noise_as_wire(noise: NoiseReduction | Distance | None) -> Any:
    """The ``noise_reduction`` of a session, in whichever way it was asked for."""
    if isinstance(noise, str):
        noise = NoiseReduction(microphone=noise)
    return as_wire(noise)
