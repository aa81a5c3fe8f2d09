"""What of a session can be changed while it runs, and what cannot.

The service refuses some changes, and takes others that voxpipe could not follow. Both
are refused here, before anything is sent, with the reason. Source: Realtime API
reference, ``session.update`` (November 2026).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypedDict, cast

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
from .settings import Modality, Settings, merged
from .turn_detection import TurnDetection


class Changes(TypedDict, total=False):
    """What `Realtime.update` takes; what is left out stays as it is.

    ``None`` switches off. All else is as `open_session` explains it.
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


_KNOWN = frozenset(Changes.__annotations__)
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
    session = merged(session, changes.get("extra", {}))
    if after.turn_detection == "local" and not moment.marked:
        raise ConfigurationError(
            "turn detection cannot become local in a session that was not opened so: "
            "perhaps nothing in the pipeline marks speech; open it with "
            'turn_detection="local"'
        )
    _check_places(before, session, moment)
    return session


def changed(before: Settings, changes: Changes) -> Settings:
    """The settings with ``changes`` in force.

    Raises:
        ConfigurationError: a value out of range, or not for this model.
    """
    given = dict(changes)
    for name in ("tools", "mcp", "include"):
        if name in given:
            given[name] = tuple(cast("Iterable[Any]", given[name]))
    if "extra" in given:
        given["extra"] = merged(before.extra or {}, changes.get("extra", {}))
    return replace(before, **cast("dict[str, Any]", given))


def _check_names(changes: Changes) -> None:
    for name, value in changes.items():
        if name in _FIXED:
            raise ConfigurationError(_FIXED[name])
        if name not in _KNOWN:
            raise TypeError(
                f"there is no field {name} to update: expected one of "
                f"{', '.join(sorted(_KNOWN))}; new ones of the service's go into extra="
            )
        if value is None and name not in _CAN_BE_OFF:
            raise ConfigurationError(
                f"{name} cannot be switched off: leave it out to keep what it is"
            )


def _check_places(before: Settings, session: dict[str, Any], moment: Moment) -> None:
    # By place in the message, so that what comes by extra= is looked at as well.
    for place, name in _FIXED_PLACES.items():
        if _at(session, place) not in (None, "realtime"):
            raise ConfigurationError(_FIXED[name])
    if moment.spoken and _at(session, _VOICE) is not None:
        raise ConfigurationError(
            "the voice is fixed once the model has spoken: open another session"
        )
    if moment.replying and _at(session, _SPEED) is not None:
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


def _at(session: Any, place: Iterable[str]) -> Any:
    for step in place:
        if not isinstance(session, Mapping):
            return None
        session = cast("Mapping[str, Any]", session).get(step)
    return session
