"""What is done when a session is lost: how long another one is tried for, and how.

A session is lost at every end of its connection that was not asked for, however polite:
the service's own time limit is a close with 1001. What cannot be mended, such as a key
that is no longer good, is tried once.
"""

from __future__ import annotations

import random
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf
from typing import cast

from voxpipe.pipeline import AudioFrame, SessionLost, VoxpipeError
from voxpipe.pipeline.errors import leaves_of
from voxpipe.pipeline.runtime.loop import one_per_loop
from voxpipe.processors.realtime.errors import ConfigurationError, SessionRefused

AHEAD = 300.0  # seconds; in five minutes of a conversation nobody speaks at some time
PATIENCE = 30.0  # seconds; who hears nothing for so long has hung up
FIRST_WAIT = 0.25  # seconds before the first attempt, at most
LONGEST_WAIT = 5.0  # seconds between two, unless the service asks for more
STEADY = 10.0  # seconds after which a session counts as a good one
SPACING = 0.01  # seconds between two attempts of a process; see `Limiter`

# Statuses that another attempt may not meet: the service is busy, or restarts.
_PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529})
# The same, where it says so once the socket is open.
_PASSING_CODES = frozenset(
    {
        *("rate_limit_exceeded", "server_error", "server_is_overloaded"),
        *("session_expired", "slow_down"),
    }
)
_FATAL_CODES = frozenset(
    {"insufficient_quota", "invalid_api_key", "billing_not_active"}
)
# Policy, and what the service closes with when a key is not good.
_FATAL_CLOSES = frozenset({1008, 3000})


@dataclass(frozen=True, slots=True)
class Reconnect:
    """How a conversation outlives its session.

    Attributes:
        patience: seconds for which another session is tried; then the call ends.
        say: heard by the caller when it takes longer than 1.5 s: a recording, in the
            format of the session, for no model can speak then. ``None``: silence.
        ahead: seconds before the service ends a session, as it has told, at which
            another one is opened, to take over in a pause.

    Raises:
        ConfigurationError: no time at all, or no sound.
    """

    patience: float = PATIENCE
    say: AudioFrame | None = None
    ahead: float = AHEAD

    def __post_init__(self) -> None:
        if not 0 < self.patience < inf:
            raise ConfigurationError(
                f"patience= takes seconds above 0, not {self.patience}: to have a lost "
                "session end the call, open_session(reconnect=None)"
            )
        if not 0 < self.ahead < inf:
            raise ConfigurationError(
                "ahead= takes seconds above 0 before the service ends a session, not "
                f"{self.ahead}"
            )
        say = cast("object", self.say)  # whatever was given
        if say is not None and not isinstance(say, AudioFrame):
            raise ConfigurationError(
                f"say= takes an AudioFrame, not a value of type {type(say).__name__}: "
                "no model can speak while it is lost, so it has to be a recording"
            )


def is_fatal(error: BaseException) -> bool:
    """Whether another attempt to open a session would fail like this one."""
    if isinstance(error, SessionRefused):
        if error.code in _FATAL_CODES:
            return True
        known = error.status in _PASSING if error.status else False
        return not (known or error.code in _PASSING_CODES)
    if isinstance(error, SessionLost):
        return error.code in _FATAL_CLOSES
    if isinstance(error, ConfigurationError) or not isinstance(error, VoxpipeError):
        return True
    return any(isinstance(e, ssl.SSLCertVerificationError) for e in _behind(error))


def not_followed() -> ConfigurationError:
    """The error of a session in whose place no other may come."""
    return ConfigurationError(
        "no other session may follow this one: open it without reconnect=None, and "
        "without call_id="
    )


def waits(draw: Callable[[], float] = random.random) -> Iterator[float]:
    """Seconds before each attempt: twice as many at most each time, and any below.

    That is "full jitter": calls that were lost together do not come back together.

    Args:
        draw: a number from 0 to 1.
    """
    longest = FIRST_WAIT
    while True:
        yield draw() * longest
        longest = min(2 * longest, LONGEST_WAIT)


class Limiter:
    """Lets the calls of a process try one after the other, 100 in a second.

    A provider that restarts loses all of them at one moment. It is one for each event
    loop, because a process has one: calls do not share what is in two.
    """

    def __init__(self) -> None:
        self._next = -inf

    def place(self, wanted: float) -> float:
        """When who wants to try at ``wanted`` may."""
        self._next = max(wanted, self._next)
        place, self._next = self._next, self._next + SPACING
        return place


limiter = one_per_loop("voxpipe reconnecting", Limiter)


def _behind(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield from leaves_of(error)
        error = error.__cause__ or error.__context__
