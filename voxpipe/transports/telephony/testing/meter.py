"""Measures a call while it happens: the definitions in `Measurements`, as a machine.

It is told of the caller's loud frames and of what the agent's side sends, each with the
moment and with `Playback.dry_at`, and never looks at a clock.
"""

from __future__ import annotations

import math

from voxpipe.pipeline import AudioFormat

from .measurements import Measurements, Violation, ViolationKind
from .playback import TICK
from .speech import ULAW
from .ulaw import first_loud


class Meter:
    """Fills in the measurements of one call.

    Args:
        now: when the call starts.
        format: of what the agent says.
    """

    __slots__ = (
        "_answer_heard_at",
        "_cleared",
        "_format",
        "_greeting",
        "_loud_at",
        "_over_since",
        "_same_reply",
        "_talking",
        "_waiting_since",
        "measured",
    )

    def __init__(self, now: float, format: AudioFormat = ULAW) -> None:
        self._format = format
        self.measured = Measurements()
        self._waiting_since: float | None = now  # for an answer
        self._greeting = True  # the answer would be the greeting
        self._answer_heard_at = -math.inf
        self._loud_at = now  # when the caller's last loud frame was sent
        self._talking = False  # between the first and the last loud frame
        self._cleared = False  # since the first
        self._over_since: float | None = None  # the caller talks over the agent
        self._same_reply = False  # if more comes, it belongs to what was heard last

    # --- the caller

    def loud(self, now: float, dry_at: float) -> None:
        """A loud frame was sent."""
        self._loud_at = now
        if not self._talking:
            self._talking = True
            self._cleared = self._greeting = self._same_reply = False
            self._waiting_since = None
        audible = dry_at > now + TICK
        if not audible:
            self._over_since = None
        elif self._over_since is None and not self._cleared:
            self._over_since = now
            self.measured.interruptions += 1

    def fell_silent(self) -> None:
        """It was the last of an utterance, if there was one."""
        if self._talking:
            self._talking = False
            self._waiting_since = self._loud_at
            self.measured.utterances += 1

    def key(self) -> None:
        """A key was pressed: what comes next may be an answer to that."""
        self._same_reply = False

    # --- the agent

    def media(self, audio: bytes, now: float, dry_at: float) -> None:
        """Audio came; ``dry_at`` is from before."""
        measured = self.measured
        measured.media += 1
        measured.media_bytes += len(audio)
        seconds = len(audio) / self._format.bytes_per_second
        measured.lead = max(measured.lead, max(0.0, dry_at - now) + seconds)
        if now > dry_at + TICK:
            self._over_since = None
            if self._same_reply:
                measured.underruns += 1
                measured.gap_seconds.append(now - dry_at)
        if self._talking and self._cleared:
            measured.stale += 1
        if self._over_since is None:
            self._same_reply = not self._talking
            if self._waiting_since is not None:
                self._answered(audio, max(now, dry_at))

    def _answered(self, audio: bytes, begins: float) -> None:
        quiet = first_loud(audio, self._format.encoding)
        if quiet < 0:
            return
        assert self._waiting_since is not None
        self._answer_heard_at = begins + quiet / self._format.rate
        seconds = self._answer_heard_at - self._waiting_since
        if self._greeting:
            self.measured.greeting_after = seconds
        else:
            self.measured.reply_after.append(seconds)
            self.measured.answered_at.append(self._answer_heard_at)
        self._waiting_since = None

    def cleared(self, now: float) -> None:
        """The agent's side had the buffer cleared."""
        measured = self.measured
        measured.clears += 1
        if self._answer_heard_at > now:
            self._never_heard()
        if self._over_since is not None:
            measured.clear_after.append(now - self._over_since)
            self._over_since = None
        self._cleared = self._talking
        self._same_reply = False

    def _never_heard(self) -> None:
        # The answer was cleared before its first loud sample.
        if self._greeting:
            seconds = self.measured.greeting_after or 0.0
            self.measured.greeting_after = None
        elif self.measured.reply_after:
            seconds = self.measured.reply_after.pop()
            self.measured.answered_at.pop()
        else:
            return
        if not self._talking and self._waiting_since is None:
            self._waiting_since = self._answer_heard_at - seconds
        self._answer_heard_at = -math.inf

    def violated(self, kind: ViolationKind, detail: str) -> None:
        """A message came that Twilio would not take."""
        self.measured.violations.append(Violation(kind, detail))
        self.measured.violation_count += 1
