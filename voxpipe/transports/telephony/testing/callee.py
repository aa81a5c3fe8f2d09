"""Who is called by a fake carrier: a person, a machine, or nobody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from voxpipe.transports.telephony.placed import AnsweredBy

from .caller import Caller, Said


@dataclass(frozen=True, slots=True, kw_only=True)
class Callee:
    """What happens when a number is called; without arguments, a person listens.

    Attributes:
        does: ``rings`` is until the order is cancelled.
        who: what the carrier hears it to be, if it was asked to listen.
        greeting: what is said first: a machine's, with its beep.
        talks: what they do then, as in any test with a `Caller`; without, they listen
            until the agent hangs up.
    """

    does: Literal["answers", "busy", "no-answer", "failed", "rings"] = "answers"
    who: AnsweredBy = "human"
    greeting: Said | None = None
    talks: Callable[[Caller], Awaitable[object]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusing:
    """The carrier does not take the order.

    Attributes:
        status: of HTTP.
        code: in the carrier's list of errors.
        retry_after: seconds, for the header of this name.
        times: orders that it refuses so, before it takes one.
        then: who is called by that.
    """

    status: int
    code: int
    retry_after: int | None = None
    times: int = 1_000_000
    then: Callee = Callee()
