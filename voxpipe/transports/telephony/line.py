"""One call, as the switchboard sees it: whether it lives, and how it was."""

from __future__ import annotations

import logging
import math
from typing import Literal

from anyio import CancelScope, current_time

from voxpipe.pipeline.runtime.call_record import CallRecord

from . import failures
from .attendant import Attendant
from .call import Call

Ending = Literal[
    "caller",
    "agent",
    "lost",
    "idle",
    "silent",
    "stuck",
    "limit",
    "model",
    "failed",
    "drained",
]
"""Why a call was over: who hung up, or what went wrong."""

SILENCE_TIMEOUT = 30.0  # seconds; a carrier that streams sends something every 20 ms
SEND_TIMEOUT = 10.0  # seconds that a carrier may take to read one message

SOON = 60.0  # seconds before a carrier's own end of a call, from which on we say so
AT_THE_END = 2.0  # seconds by which its clock and ours may differ

OVERSTAY = 30.0  # seconds that an app may take to clean up once it was cut

logger = logging.getLogger("voxpipe.calls")


class Line:
    """One call, as the switchboard sees it."""

    __slots__ = (
        "_began",
        "_cut_at",
        "_is_warned",
        "_was_running",
        "attendant",
        "call",
        "end",
        "record",
        "scope",
    )

    def __init__(self, call: Call, app: str) -> None:
        self.call = call
        self.attendant = Attendant(f"call={self.name} {app}", call.disconnect)
        self.scope = CancelScope()
        self.end: Ending | Literal[""] = ""
        self.record = CallRecord()
        self._began = current_time()
        self._cut_at = math.inf
        self._is_warned = False  # of its carrier's end of it
        self._was_running = False  # at the last look

    @property
    def name(self) -> str:
        """What stands in logs: enough to find it at the carrier's, and no more."""
        return self.call.id[-8:]

    def cut(self, why: Ending, now: float) -> None:
        """End it now."""
        self.end = self.end or why
        self._cut_at = min(self._cut_at, now)
        self.scope.cancel()

    def overstays(self, now: float) -> bool:
        """Whether it was cut, and its app has had far more time than it may need."""
        return now - self._cut_at > OVERSTAY

    def check(self, now: float, idle_limit: float) -> None:
        """End it if nothing happens any more."""
        call = self.call
        if now > self._began + call.longest - SOON and not self._is_warned:
            self._is_warned = True
            logger.warning(
                "call=%s its carrier ends it after %g minutes, in %g s",
                self.name,
                call.longest / 60,
                SOON,
            )
        if call.sending_since is not None and now - call.sending_since > SEND_TIMEOUT:
            if not self.end:
                logger.warning(
                    "call=%s the carrier has read nothing for %g s: it is ended",
                    self.name,
                    SEND_TIMEOUT,
                )
            self.cut("stuck", now)
        elif now - self._alive_at(now) > idle_limit:
            self.cut("idle", now)
        elif self._listens() and now - call.heard_at > SILENCE_TIMEOUT:
            self.cut("silent", now)
        self._was_running = call.running

    def _alive_at(self, now: float) -> float:
        call = self.call
        spoken = max(call.spoke_at, call.caller_spoke_at)
        return max(spoken, self.record.worked_at(now), self._began)

    def _listens(self) -> bool:
        # Before and after its pipeline runs nobody reads what the carrier sends.
        call = self.call
        is_read = self._was_running and call.running and not call.ended
        return is_read and not call.paused

    def failed(self, error: Exception) -> None:
        """The app has raised."""
        if failures.is_transport(error):
            self.end = self.end or self.call.ended or "model"
            logger.warning("call=%s %s", self.name, failures.in_short(error))
        else:
            self.end = self.end or "failed"
            logger.error("call=%s failed: %s", self.name, failures.in_full(error))

    def tell(self) -> Ending:
        """Write down how it was."""
        call, end = self.call, self.end or self.call.ended or "agent"
        seconds = current_time() - self._began
        if end in ("caller", "lost") and seconds > call.longest - AT_THE_END:
            end = "limit"
        logger.info(
            "call=%s end=%s seconds=%.1f replies=%d cost_usd=%s%s",
            self.name,
            end,
            seconds,
            call.replies,
            "unknown" if call.cost_usd is None else f"{call.cost_usd:.4f}",
            self.record,
        )
        return end
