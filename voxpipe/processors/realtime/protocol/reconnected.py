"""What is told of a session that took the place of another."""

from __future__ import annotations

from dataclasses import dataclass

from voxpipe.pipeline import Frame

from .export import LeftOut


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconnected(Frame):
    """The conversation goes on in another session.

    Attributes:
        why: how the one before was lost, or why it was not kept; holds nothing that
            people said, and no key.
        seconds: from when that was noticed until the new one was ready.
        attempts: to open it; the last one succeeded.
        lost_audio: seconds of the caller that were not kept: more than 10 s of what
            they had not finished saying.
        left_out: items that the new session was not told, and why.
        unbilled: replies whose tokens the service has not told.
        planned: it was opened ahead, and took over before the one before was lost;
            that took no time then.
    """

    why: str
    seconds: float
    attempts: int
    lost_audio: float = 0.0
    left_out: tuple[LeftOut, ...] = ()
    unbilled: int = 0
    planned: bool = False

    def __str__(self) -> str:
        """As the log has it."""
        told = (
            f"the session was lost, and replaced within {self.seconds:.2f} s by "
            f"attempt {self.attempts}: {self.why}"
        )
        if self.planned:
            told = f"the session was replaced as planned: {self.why}"
        missing = (
            (self.lost_audio, f"{self.lost_audio:.1f} s of the caller"),
            (self.left_out, f"{len(self.left_out)} items"),
            (self.unbilled, f"the bill of {self.unbilled} replies"),
        )
        gone = ", ".join(words for is_missing, words in missing if is_missing)
        return f"{told}; not kept: {gone}" if gone else told
