"""The session as a whole: its settings, its errors, and what is left of its limits."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field

from .event import Body, Event, Fields, Told

# A code, or a path such as "session.tools[0].name"; anything else may quote somebody.
_WORD = re.compile(r"[A-Za-z0-9_.\-\[\]]{1,128}")


def word(text: str | None) -> str:
    """A word of the service's, or nothing where it could be one of people's."""
    return text if text is not None and _WORD.fullmatch(text) else ""


class ErrorDetail(Fields, frozen=True):
    """Why something did not work.

    Attributes:
        message: for people; it can quote what they said, or a key.
        param: the field that it is about, as a dotted path.
        event_id: of the client event that was refused, if that had one.
    """

    type: Told[str] = None
    code: Told[str] = None
    message: Told[str] = None
    param: Told[str] = None
    event_id: Told[str] = None

    @property
    def name(self) -> str:
        """What it is called, as exactly as the service says; no words of people."""
        return word(self.code) or word(self.type) or "error"

    @property
    def field(self) -> str | None:
        """What it is about, as `param` says; no words of people."""
        return word(self.param) or None


class ErrorEvent(Event, frozen=True):
    """``error``: an order was refused, or the service failed."""

    type: Literal["error"]
    error: Body[ErrorDetail] = Field(default_factory=ErrorDetail)


class SessionEvent(Event, frozen=True):
    """``session.created`` and ``session.updated``: the settings that are in force."""

    type: Literal["session.created", "session.updated"]
    session: Body[dict[str, Any]] = Field(default_factory=dict[str, Any])


class RateLimit(Fields, frozen=True):
    """One limit of the account.

    Attributes:
        name: ``tokens`` or ``requests``.
        limit: in a window.
        remaining: of it; what the running reply may still use is taken off already.
        reset_seconds: until all of it is there again.
    """

    name: Told[str] = None
    limit: Told[int] = None
    remaining: Told[int] = None
    reset_seconds: Told[float] = None


class RateLimitsEvent(Event, frozen=True):
    """``rate_limits.updated``: what is left, after each reply."""

    type: Literal["rate_limits.updated"]
    rate_limits: Told[tuple[RateLimit, ...]] = None
