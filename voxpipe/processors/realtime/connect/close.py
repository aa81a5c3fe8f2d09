"""Every end of a connection that nobody has asked for, in words.

What the other side gives as its reason may quote what a caller said: it stands in no
text, only in `SessionLost.reason`.
"""

from __future__ import annotations

import errno
import ssl
from dataclasses import dataclass

from voxpipe.pipeline import SessionLost

LOOKS = 9  # at what waits to be sent, before nobody is thought to read it

_ENDED = "the model session ended: "
_FAULTS = {  # for which we close with a code of RFC 6455, section 7.4.1
    1002: "what it sent breaks the WebSocket protocol",
    1007: "it sent text that is not UTF-8",
}


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long the other side is waited for, in seconds.

    Attributes:
        open: for DNS, TCP, TLS and upgrade together.
        quiet: from the last byte until it is asked for a pong.
        answer: for the pong.
        farewell: for closing politely, also when everything is cancelled.
    """

    open: float = 5.0
    quiet: float = 2.5
    answer: float = 2.0  # with `quiet` less than a caller waits
    farewell: float = 1.0

    @property
    def life(self) -> float:
        """From the last byte until nobody is thought to be there."""
        return self.quiet + self.answer

    @property
    def look(self) -> float:
        """Between two looks at what waits to be sent."""
        return self.life / LOOKS


TIMEOUTS = Timeouts()


def closed(code: int, reason: str) -> SessionLost:
    """The other side said goodbye."""
    return SessionLost(
        f"{_ENDED}the other side closed it with {code}",
        code=code,
        reason=reason,
        how="closed",
    )


def refused(code: int, size: int = 0, limit: int = 0) -> SessionLost:
    """We said goodbye, because of what the other side sent.

    Args:
        code: that we closed with.
        size: of its message, in bytes, as far as it had come, if that was too long.
        limit: for it.
    """
    why = _FAULTS.get(code, "what it sent cannot be read")
    if limit:
        why = f"it sent a message of {size} bytes or more, and {limit} are the limit"
    return SessionLost(
        f"{_ENDED}it was closed from here with {code}: {why}", code=code, how="refused"
    )


def broken(error: Exception | None) -> SessionLost:
    """The TCP connection ended without a goodbye.

    Args:
        error: with which, if not as TCP connections end.
    """
    if isinstance(error, ConnectionError):
        how = "reset the connection, without a goodbye"
        return SessionLost(f"{_ENDED}the other side {how}", how="reset")
    if isinstance(error, OSError) and not isinstance(error, ssl.SSLError):
        # Such as ETIMEDOUT: the system itself has found that nobody answers.
        name = errno.errorcode.get(error.errno or 0, type(error).__name__)
        return SessionLost(f"{_ENDED}the network broke it ({name})", how="silent")
    how = "went away, without a goodbye"
    return SessionLost(f"{_ENDED}the other side {how}", how="ended")


def unheard(patience: Timeouts) -> SessionLost:
    """Nothing comes any more."""
    return SessionLost(
        f"{_ENDED}nothing has come from the other side for {patience.life:g} s, not "
        "even a pong",
        how="silent",
    )


def unread(patience: Timeouts) -> SessionLost:
    """Nothing can be sent any more."""
    return SessionLost(
        f"{_ENDED}the other side has read nothing for {patience.life:g} s",
        how="unread",
    )
