"""One person on the telephone: when they speak, and what they hear.

They speak, wait for the reply, hear it out, and speak again after a short pause; every
third reply they interrupt. All of it follows from the call's number, so that each
contender gets the same calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import Literal

from .carrier_buffer import CarrierBuffer
from .session import THINKING
from .speech import RATE, WIDTH, Wire, agent_seconds, quiet_head
from .tally import Tally

State = Literal["holds", "pauses", "speaks", "waits", "listens"]

PATIENCE = 6.0  # seconds for a reply; then they speak again
NOTICED = 1e-3  # seconds without sound that count: this clock is no finer
TAIL = 0.3  # seconds that may be missing at the end: some resamplers keep them
INTERRUPTED_AFTER = (0.4, 0.8, 1.2, 1.6)  # seconds of the reply: also while it is made
PAUSES = (0.4, 0.5, 0.6, 0.7, 0.8)  # seconds

_REPLY = agent_seconds()


class Caller:
    """A conversation as it is held and heard at the far end; it is told the time.

    Args:
        number: of the call.
        frames: an utterance, as messages carry it.
        silence: frames of it, one after the other and again.
        tally: what all calls measure.
        wire: of the audio that they hear.
    """

    def __init__(
        self,
        number: int,
        frames: Sequence[bytes],
        silence: Sequence[bytes],
        tally: Tally,
        wire: Wire = "ulaw",
    ) -> None:
        self._number = number
        self._wire: Wire = wire
        self._rate = RATE[wire]  # bytes a second
        self._frames = frames
        self._silence = cycle(silence)
        self._tally = tally
        self._state: State = "holds"
        self._until = 0.0  # of the pause
        self._next = 0  # frame of the utterance
        self._first_loud = self._last_loud = 0.0
        self._replies = 0
        self._begun: float | None = None  # the reply's first loud sample
        self._came = 0.0  # seconds of the reply
        self._interrupts = self._cleared = False
        self.buffer = CarrierBuffer()

    @property
    def talks(self) -> bool:
        """They are not just holding the line."""
        return self._state != "holds"

    def talk(self, at: float) -> None:
        """Begin to converse then."""
        self._state, self._until = "pauses", at

    # --- the telephone's side: 50 times a second

    def frame(self, now: float) -> bytes:
        """What their microphone gives for the next 20 ms."""
        state = self._state
        if state == "speaks":
            return self._speak(now)
        if state == "pauses":
            if now >= self._until:
                return self._begin(now, interrupts=False)
        elif state == "waits":
            if now > self._last_loud + PATIENCE:
                self._tally.fault("unanswered")
                self._pause(now)
        elif state == "listens" and self._has_enough(now):
            return self._begin(now, interrupts=True)
        return next(self._silence)

    def _begin(self, now: float, *, interrupts: bool) -> bytes:
        self._state, self._next = "speaks", 0
        self._first_loud = now
        self._interrupts, self._cleared = interrupts, False
        return self._speak(now)

    def _speak(self, now: float) -> bytes:
        frame = self._frames[self._next]
        self._next += 1
        if self._next == len(self._frames):
            self._last_loud = now
            self._state, self._begun, self._came = "waits", None, 0.0
            if self._interrupts and not self._cleared:
                self._tally.fault("not_cleared")
        return frame

    def _has_enough(self, now: float) -> bool:
        """Whether to interrupt now; also notices the end of the reply."""
        whole = self._came >= _REPLY - TAIL
        if now > self.buffer.dry_at + (TAIL if whole else 2.0):
            if not whole:
                self._tally.fault("cut_short")
            self._pause(now)
            return False
        if (self._replies + self._number) % 3 or self._begun is None or whole:
            return False
        after = INTERRUPTED_AFTER[(self._replies // 3 + self._number) % 4]
        return now >= self._begun + after

    def _pause(self, now: float) -> None:
        pause = PAUSES[(self._replies + self._number) % len(PAUSES)]
        self._state, self._until = "pauses", now + pause

    # --- the agent's side

    def media(self, audio: bytes, now: float) -> None:
        """Take a message of audio."""
        state, tally = self._state, self._tally
        after_clear = state == "speaks" and self._cleared
        too_early = state == "waits" and now < self._last_loud + THINKING
        if after_clear or (too_early and self._cleared):
            tally.stale += tally.is_open
            return
        seconds = len(audio) / self._rate
        starts, gap = self.buffer.play(seconds, now)
        if state == "waits":
            self._state = "listens"
            self._replies += 1
            tally.replies += tally.is_open
        elif state != "listens":
            return
        elif gap > NOTICED and tally.is_open:
            tally.underruns.add(gap)
        self._came += seconds
        if self._begun is None:
            quiet = quiet_head(audio, self._wire) * WIDTH[self._wire]
            if quiet == len(audio):
                return
            self._begun = starts + quiet / self._rate
            if tally.is_open:
                tally.latency.add(self._begun - self._last_loud)

    def clear(self, now: float) -> None:
        """Forget what was not played."""
        self.buffer.clear(now)
        if self._state == "speaks" and self._interrupts and not self._cleared:
            self._cleared = True
            if self._tally.is_open:
                self._tally.clearing.add(now - self._first_loud)
