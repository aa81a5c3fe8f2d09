"""Every end of a connection that nobody has asked for, in words."""

from __future__ import annotations

from dataclasses import dataclass

from voxpipe.pipeline import SessionLost


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long the other side is waited for, in seconds.

    Attributes:
        open: for DNS, TCP, TLS and upgrade together.
        quiet: without a message until it is asked for a pong.
        answer: for the pong.
        farewell: for closing politely, also when everything is cancelled.
    """

    open: float
    quiet: float
    answer: float
    farewell: float


def lost(code: int | None, reason: str) -> SessionLost:
    """The connection was closed, politely or not."""
    if code == 1006:  # which is what websockets says for "without saying goodbye"
        code = None
    how = f"closed it with {code}" if code else "went away"
    return SessionLost(
        f"the model session ended: the other side {how}"
        + (f" ({reason[:200]})" if reason else ""),
        code=code,
        reason=reason,
    )


def unheard(patience: Timeouts) -> SessionLost:
    """Nothing comes any more."""
    return SessionLost(
        "the model session ended: nothing has come from the other side for "
        f"{patience.quiet + patience.answer:g} s, not even a pong"
    )


def unread(patience: Timeouts) -> SessionLost:
    """Nothing can be sent any more."""
    return SessionLost(
        "the model session ended: the other side has read nothing for "
        f"{patience.quiet + patience.answer:g} s"
    )
