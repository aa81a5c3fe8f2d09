"""A session is refreshed in time, or ends when nobody has done it (RFC 4028 10)."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from sipmessage import Request, Response

from .ask import Ask
from .messages import with_body
from .session_timer import SessionTimer

if TYPE_CHECKING:
    from .leg import Leg

RETRY = (2.1, 4.0)  # seconds until it is tried again that has met another (14.1)


class Refresher:
    """That of one call.

    Args:
        leg: the call.
        ask: sends a request of its dialog.
        report: told why it was not refreshed.

    Attributes:
        timer: as it was agreed.
        can_update: by UPDATE; else by another INVITE.
        is_busy: one is on its way.
    """

    def __init__(
        self,
        leg: Leg,
        ask: Callable[[Request, float, Callable[[Response | None, float], None]], Ask],
        report: Callable[[str], object],
    ) -> None:
        self.timer = SessionTimer()
        self.can_update = False
        self._leg = leg
        self._ask = ask
        self._report = report
        self._asked: Ask | None = None  # the last one
        self._is_awaited = False
        self._random = Random()  # spreads what collides

    @property
    def is_busy(self) -> bool:
        """One is on its way."""
        return self._is_awaited

    def fire(self, now: float) -> None:
        """Refresh the session, or end a call that nobody has refreshed."""
        leg, timer = self._leg, self.timer
        if now < timer.due:
            return
        timer.due = math.inf
        if not timer.is_ours:
            leg.lose(now)
        elif leg.is_open or self.is_busy:
            self._again(now)
        else:
            request = leg.request("UPDATE" if self.can_update else "INVITE")
            request.headers.set("Supported", "timer")
            expires = f"{timer.interval};refresher=uac"
            request.headers.set("Session-Expires", expires)
            if not self.can_update:
                with_body(request, leg.offer())
            self._is_awaited = True
            self._asked = self._ask(request, now, self._answered)

    def _again(self, now: float) -> None:
        self.timer.due = now + self._random.uniform(*RETRY)

    def _answered(self, answer: Response | None, now: float) -> None:
        leg, ask = self._leg, self._asked
        if answer is not None and answer.code < 200:
            return
        if answer is not None and answer.code < 300:
            if ask is not None and ask.client.request.method == "INVITE":
                leg.acknowledge(ask.client.request.cseq.sequence)
            if self._is_awaited and leg.state == "answered":  # it may come once more
                self._is_awaited = False
                self.timer.agree(answer, now)
                if answer.body:
                    leg.heed_answer(answer.body, now)
            return
        self._is_awaited = False
        if leg.state != "answered":
            return
        if answer is None or answer.code in (408, 481):
            leg.lose(now)
        elif answer.code == 491:
            self._again(now)
        else:
            self._report(f"a session is not refreshed: {answer.code}")
