"""What is known of models: what they can do, and until when they can be had.

Source: developers.openai.com, the model pages and "Deprecations", as read in November
2026. A model that is not known here is taken as it comes: new ones appear, and Azure's
have whatever name somebody gave them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from difflib import get_close_matches

from .warn import warn_program


class NameWarning(UserWarning):
    """A model or a voice that is not known here; says which one is like it."""


class RetirementWarning(UserWarning):
    """Something that a program uses will be switched off; says when, and what next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model that speaks in sessions, and what it can do.

    Attributes:
        name: without the date of a snapshot.
        reasons: it takes ``reasoning``, and speaks in phases.
        parallel_calls: it takes ``parallel_tool_calls``.
        context_tokens: all that it can hold, what it says included.
        output_tokens: the most that one reply can have.
    """

    name: str
    reasons: bool
    parallel_calls: bool
    context_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class Retirement:
    """When a model ends, and what takes its place."""

    day: date
    successor: str


_FIRST = Model(
    name="gpt-realtime",
    reasons=False,
    parallel_calls=False,
    context_tokens=32_768,
    output_tokens=4_096,
)
_SECOND = Model(
    name="gpt-realtime-2",
    reasons=True,
    parallel_calls=True,
    context_tokens=128_000,
    output_tokens=32_000,
)
MODELS: Mapping[str, Model] = {
    name: replace(family, name=name)
    for name, family in (
        ("gpt-realtime-2.1", _SECOND),
        ("gpt-realtime-2.1-mini", _SECOND),
        ("gpt-realtime-2", _SECOND),
        ("gpt-realtime-1.5", _FIRST),
        ("gpt-realtime", _FIRST),
        ("gpt-realtime-mini", _FIRST),
        ("gpt-audio-1.5", _FIRST),
        ("gpt-audio-mini", _FIRST),
    )
}
TRANSCRIBERS = (
    "gpt-transcribe",
    "gpt-live-transcribe",
    "gpt-realtime-whisper",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-transcribe-diarize",
    "whisper-1",
)
# Reference, "audio.output.voice"; November 2026.
VOICES = (
    "alloy",
    "ash",
    "ballad",
    "coral",
    "echo",
    "sage",
    "shimmer",
    "verse",
    "marin",
    "cedar",
)
CUSTOM = "voice_"  # the ids of voices of one's own begin so
_DATE = re.compile(r"-20\d\d-\d\d-\d\d$")

_SPEAKER, _SMALL, _WRITER = (
    "gpt-realtime-2.1",
    "gpt-realtime-2.1-mini",
    "gpt-transcribe",
)
_PREVIEWS, _JANUARY, _FEBRUARY, _PROMPTS_END = (
    date(2026, 5, 7),
    date(2027, 1, 20),
    date(2027, 2, 26),
    date(2026, 11, 30),
)
# By their full names: some snapshots outlive others.
_RETIRING: Mapping[str, Retirement] = {
    "gpt-4o-realtime-preview": Retirement(_PREVIEWS, _SPEAKER),
    "gpt-4o-realtime-preview-2024-10-01": Retirement(_PREVIEWS, _SPEAKER),
    "gpt-4o-realtime-preview-2024-12-17": Retirement(_PREVIEWS, _SPEAKER),
    "gpt-4o-realtime-preview-2025-06-03": Retirement(_PREVIEWS, _SPEAKER),
    "gpt-4o-mini-realtime-preview": Retirement(_PREVIEWS, _SMALL),
    "gpt-4o-mini-realtime-preview-2024-12-17": Retirement(_PREVIEWS, _SMALL),
    "gpt-realtime": Retirement(_JANUARY, _SPEAKER),
    "gpt-realtime-2025-08-28": Retirement(_JANUARY, _SPEAKER),
    "gpt-realtime-mini": Retirement(_JANUARY, _SMALL),
    "gpt-realtime-mini-2025-12-15": Retirement(_JANUARY, _SMALL),
    "gpt-audio-mini": Retirement(_JANUARY, _SMALL),
    "gpt-audio-mini-2025-12-15": Retirement(_JANUARY, _SMALL),
    "gpt-4o-transcribe": Retirement(_FEBRUARY, _WRITER),
    "gpt-4o-mini-transcribe": Retirement(_FEBRUARY, _WRITER),
    "gpt-4o-mini-transcribe-2025-12-15": Retirement(_FEBRUARY, _WRITER),
    "gpt-4o-transcribe-diarize": Retirement(_FEBRUARY, _WRITER),
    "whisper-1": Retirement(_FEBRUARY, _WRITER),
}


def undated(name: str) -> str:
    """The name of a model without the date of a snapshot."""
    return _DATE.sub("", name)


def model_named(name: str) -> Model | None:
    """What is known of a model, or of a dated snapshot of it."""
    return MODELS.get(undated(name))


def retirement_of(name: str) -> Retirement | None:
    """When a model or a transcriber ends, if that was announced."""
    return _RETIRING.get(name)


def warn_of_end(*names: str) -> None:
    """Say of each model that retires when it does, and what takes its place."""
    for name in names:
        retirement = retirement_of(name)
        if retirement is not None:
            cure = f"{retirement.successor} takes its place"
            _warn(f"the model {name}", retirement.day, cure)


def warn_of_names(
    *, model: str | None = None, transcriber: str | None = None, voice: str | None
) -> None:
    """Say of a name that is not known which known one is most like it.

    It is sent all the same: the service has new ones, and says itself what it has not.
    """
    for what, name, known in (
        ("model", model, tuple(MODELS)),
        ("transcriber", transcriber, TRANSCRIBERS),
        ("voice", voice, VOICES),
    ):
        if name is None or undated(name) in known or name in _RETIRING:
            continue
        if what == "voice" and name.startswith(CUSTOM):
            continue
        near = get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
        warn_program(f"the {what} {name!r} is not known here: {hint}", NameWarning)


def warn_of_prompt() -> None:
    """Say that reusable prompts end."""
    _warn("prompt= (reusable prompts)", _PROMPTS_END, "put the text into instructions=")


def _warn(what: str, day: date, cure: str) -> None:
    ends = "ends" if datetime.now(UTC).date() <= day else "ended"
    warn_program(f"{what} {ends} on {day}: {cure}", RetirementWarning)
