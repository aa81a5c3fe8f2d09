"""What is known of models: what they can do, and until when they can be had.

Source: developers.openai.com, the model pages and "Deprecations", as read in November
2026. A model that is not known here is taken as it comes: new ones appear.
"""

from __future__ import annotations

import re
import warnings
from datetime import UTC, date, datetime


class RetirementWarning(UserWarning):
    """Something that a program uses will be switched off; says when, and what next."""


_DATE = r"(-20\d\d-\d\d-\d\d)?"
_REASONS = re.compile(rf"gpt-realtime-2(\.\d+)?(-mini)?{_DATE}")
_DOES_NOT = re.compile(rf"gpt-(realtime|audio)(-mini|-1\.5)?{_DATE}")

_JANUARY, _FEBRUARY = date(2027, 1, 20), date(2027, 2, 26)
_PROMPTS_END = date(2026, 11, 30)

_SPEAKER, _SMALL, _WRITER = (
    "gpt-realtime-2.1",
    "gpt-realtime-2.1-mini",
    "gpt-transcribe",
)
_RETIRING = {
    "gpt-realtime": (_JANUARY, _SPEAKER),
    "gpt-realtime-2025-08-28": (_JANUARY, _SPEAKER),
    "gpt-realtime-mini": (_JANUARY, _SMALL),
    "gpt-realtime-mini-2025-12-15": (_JANUARY, _SMALL),
    "gpt-audio-mini": (_JANUARY, _SMALL),
    "gpt-audio-mini-2025-12-15": (_JANUARY, _SMALL),
    "gpt-4o-transcribe": (_FEBRUARY, _WRITER),
    "gpt-4o-mini-transcribe": (_FEBRUARY, _WRITER),
    "gpt-4o-mini-transcribe-2025-12-15": (_FEBRUARY, _WRITER),
    "gpt-4o-transcribe-diarize": (_FEBRUARY, _WRITER),
    "whisper-1": (_FEBRUARY, _WRITER),
}


def reasons(model: str) -> bool | None:
    """Whether it takes ``reasoning``; ``None`` for a model that is not known."""
    if _REASONS.fullmatch(model):
        return True
    return False if _DOES_NOT.fullmatch(model) else None


def warn_of_end(*names: str) -> None:
    """Say of each model that retires when it does, and what takes its place."""
    for name in names:
        if name in _RETIRING:
            day, successor = _RETIRING[name]
            _warn(f"the model {name}", day, f"{successor} takes its place")


def warn_of_prompt() -> None:
    """Say that reusable prompts end."""
    _warn("prompt= (reusable prompts)", _PROMPTS_END, "put the text into instructions=")


def _warn(what: str, day: date, cure: str) -> None:
    ends = "ends" if datetime.now(UTC).date() <= day else "ended"
    # The fifth frame is the program's ``async with open_session(...)``.
    warnings.warn(f"{what} {ends} on {day}: {cure}", RetirementWarning, stacklevel=5)
