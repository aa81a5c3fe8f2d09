"""What a session takes, what of it can be changed while it runs, and what cannot.

The service refuses some changes, and takes others that voxpipe could not follow. Both
are refused here, before anything is sent, with the reason. Source: Realtime API
reference, ``session.update`` (November 2026).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Literal, TypedDict, cast, get_type_hints

from voxpipe.pipeline import AudioFormat
from voxpipe.processors.realtime.errors import ConfigurationError

from .hosted_mcp import HostedMcp
from .options import (
    Distance,
    Effort,
    McpChoice,
    NoiseReduction,
    Prompt,
    Retention,
    Tracing,
    Transcription,
)
from .settings import Modality, Settings, merged, value_at
from .turn_detection import TurnDetection


class Changes(TypedDict, total=False):
    """What `Realtime.update` takes; what is left out stays as it is.

    ``None`` switches off; what is left out at the opening is as the service has it.

    Attributes:
        instructions: how the model is to behave.
        prompt: instructions that are kept at the service, by name.
        tools: their schemas, as `ToolRouter.schemas` gives them.
        mcp: servers whose tools the service calls itself.
        tool_choice: ``auto``, ``none``, ``required``, the name of the function that
            every reply has to call, or an `McpChoice`.
        parallel_tool_calls: whether one reply may call several tools.
        reasoning: how long a model that reasons thinks before it speaks.
        max_output_tokens: of one reply, 1 to 4,096; default: what the model can
            (``inf``).
        turn_detection: who decides when the caller has finished.
        noise_reduction: for a microphone that is near or far.
        transcription: what writes down what the caller says, if anything.
        voice: ``marin``, ``cedar`` …, or the id of your own; fixed once the model has
            spoken.
        speed: of speech, 0.25 to 1.5.
        output: whether replies are spoken or written.
        truncation: what is dropped from a conversation that gets too long: the least
            (``auto``), nothing, which is an error then, or more at once.
        tracing: have the service keep a trace.
        include: what else events are to tell:
            ``item.input_audio_transcription.logprobs``.
        extra: further fields of the service's session object, merged into it.
    """

    instructions: str
    prompt: Prompt | None
    tools: Sequence[Mapping[str, Any]]
    mcp: Sequence[HostedMcp]
    tool_choice: str | McpChoice
    parallel_tool_calls: bool
    reasoning: Effort
    max_output_tokens: int | Literal["inf"]
    turn_detection: TurnDetection
    noise_reduction: NoiseReduction | Distance | None
    transcription: Transcription | str | None
    voice: str
    speed: float
    output: Modality
    truncation: Retention | Literal["auto", "disabled"]
    tracing: Tracing
    include: Sequence[str]
    extra: Mapping[str, Any]


class SessionOptions(Changes, total=False):
    """What `open_session` takes of a session: all of `Changes`, and two more.

    Attributes:
        model: which one; billed accordingly.
        audio: both ways: pcm16 24000 Hz, or G.711 8000 Hz straight from a telephone.
    """

    model: str
    audio: AudioFormat


_CHANGEABLE = frozenset(get_type_hints(Changes))
_KNOWN = frozenset(get_type_hints(SessionOptions))
_CAN_BE_OFF = frozenset({"prompt", "noise_reduction", "transcription"})
_FIXED = {
    "model": "the model of a session never changes: open another session",
    "audio": "the routes were drawn for one audio format: open another session",
    "type": "the type of a session never changes: open another session",
}
_FIXED_PLACES = {
    ("type",): "type",
    ("model",): "model",
    ("audio", "input", "format"): "audio",
    ("audio", "output", "format"): "audio",
}
# Where and as whom, which people look for here.
OF_SERVICE = frozenset(
    {
        *("api_key", "base_url", "region", "insecure"),
        *("organization", "project", "safety_identifier"),
    }
)
_VOICE = ("audio", "output", "voice")
_SPEED = ("audio", "output", "speed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What the conversation is doing, as far as it forbids changes.

    Attributes:
        spoken: the model's voice was heard in this session.
        replying: a reply is being made, or asked for.
        marked: something in the pipeline marks speech, for local turns.
    """

    spoken: bool = False
    replying: bool = False
    marked: bool = False


def wire_of(before: Settings, changes: Changes, moment: Moment) -> dict[str, Any]:
    """The ``session`` of the update that makes ``changes``.

    Raises:
        ConfigurationError: the service, or voxpipe, cannot change that, or not now; or
            a value out of range, or not for this model.
        TypeError: there is no such field.
    """
    _check_names(changes)
    after = changed(before, changes)
    session = after.to_wire_of(name for name in changes if name != "extra")
    session = merged(session, changes.get("extra") or {})
    if after.turn_detection == "local" and not moment.marked:
        raise ConfigurationError(
            "turn detection cannot become local in a session that was not opened so: "
            "perhaps nothing in the pipeline marks speech; open it with "
            'turn_detection="local"'
        )
    _check_places(before, session, moment)
    return session


def settings_of(options: SessionOptions, call_id: str | None = None) -> Settings:
    """The settings that a session is opened with.

    Raises:
        ConfigurationError: a value out of range, or not for this model.
        TypeError: there is no such field.
    """
    for name in options:
        if name not in _KNOWN:
            raise _unknown(name, _KNOWN)
    return changed(Settings(call_id=call_id), options)


def changed(before: Settings, changes: Changes) -> Settings:
    """The settings with ``changes`` in force.

    Raises:
        ConfigurationError: a value out of range, or not for this model.
    """
    given = dict(changes)
    for name in ("tools", "mcp", "include"):
        if name in given:
            given[name] = tuple(cast("Iterable[Any]", given[name]))
    extra = changes.get("extra")
    if extra is not None:
        given["extra"] = merged(before.extra or {}, extra)
    return replace(before, **cast("dict[str, Any]", given))


def _unknown(name: str, known: frozenset[str]) -> TypeError:
    near = get_close_matches(name, known, 1)
    if name in OF_SERVICE and "model" in known:
        cure = f"that goes into service=Service({name}=…)"
    elif near:
        cure = f"did you mean {near[0]}=?"
    else:
        cure = f"expected one of {', '.join(sorted(known))}"
    return TypeError(
        f"a session has no field {name}: {cure} (new ones of the service's go into "
        f"extra={{{name!r}: …}})"
    )


def _check_names(changes: Changes) -> None:
    for name, value in changes.items():
        if name in _FIXED:
            raise ConfigurationError(_FIXED[name])
        if name not in _CHANGEABLE:
            raise _unknown(name, _CHANGEABLE)
        if value is None and name not in _CAN_BE_OFF:
            raise ConfigurationError(
                f"{name} cannot be switched off: leave it out to keep what it is"
            )


def _check_places(before: Settings, session: dict[str, Any], moment: Moment) -> None:
    # By place in the message, so that what comes by extra= is looked at as well.
    for place, name in _FIXED_PLACES.items():
        if value_at(session, *place) not in (None, "realtime"):
            raise ConfigurationError(_FIXED[name])
    if moment.spoken and value_at(session, *_VOICE) is not None:
        raise ConfigurationError(
            "the voice is fixed once the model has spoken: open another session"
        )
    if moment.replying and value_at(session, *_SPEED) is not None:
        raise ConfigurationError(
            "the speed changes between replies only, and one is being made: await its "
            "outcome() first"
        )
    traced = _tracing(before)
    if traced is not None and session.get("tracing", traced) != traced:
        raise ConfigurationError("tracing is fixed once it is set")


def _tracing(settings: Settings) -> Any:
    if settings.tracing is not None:
        return settings.tracing.to_wire()
    return (settings.extra or {}).get("tracing")
