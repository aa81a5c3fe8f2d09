"""Session timers (RFC 4028): a call of which nobody hears any more ends by itself."""

from __future__ import annotations

import math
import re

from sipmessage import Request, Response

MIN_INTERVAL = 90  # seconds; RFC 4028 4 lets nobody ask for less
MAX_INTERVAL = 86_400  # seconds; a longer one is none
_VALUE = re.compile(
    r"(\d{1,9})\s*(?:;.*?\brefresher\s*=\s*(uac|uas)\b.*)?(?:;.*)?", re.I
)


def session_expires(message: Request | Response) -> tuple[int, str] | None:
    """The interval in seconds and the refresher (may be empty); ``None``: not asked."""
    value = message.headers.get("Session-Expires")
    found = _VALUE.fullmatch(value.strip()) if value and len(value) < 256 else None
    if found is None:
        return None
    return int(found[1]), (found[2] or "").lower()


class SessionTimer:
    """That of one call.

    Attributes:
        due: when to refresh, or to end the call; infinite where there is none.
        is_ours: we are to refresh.
        interval: seconds.
    """

    def __init__(self) -> None:
        self.due = math.inf
        self.interval = 0
        self.is_ours = False

    def answer(self, request: Request, answer: Response, now: float) -> None:
        """Answer what a request asks for; 422 has refused what is too short."""
        asked = session_expires(request)
        self.due = math.inf
        if asked is None or asked[0] > MAX_INTERVAL:
            return
        interval, refresher = asked
        # Who does not know of timers cannot refresh; else it may as well be them.
        knows = "timer" in request.supported
        refresher = refresher or ("uac" if knows else "uas")
        answer.headers.set("Session-Expires", f"{interval};refresher={refresher}")
        if knows:
            answer.headers.set("Require", "timer")
        self._set(interval, refresher == "uas", now)

    def agree(self, answer: Response, now: float) -> None:
        """Take what an answer to our request has made of it."""
        said = session_expires(answer)
        self.due = math.inf
        if said is not None and MIN_INTERVAL <= said[0] <= MAX_INTERVAL:
            self._set(said[0], said[1] != "uas", now)

    def _set(self, interval: int, is_ours: bool, now: float) -> None:
        self.is_ours, self.interval = is_ours, interval
        early = min(32, interval / 3)  # as RFC 4028 10 has it
        self.due = now + (interval / 2 if is_ours else interval - early)
