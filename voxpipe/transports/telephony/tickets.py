"""One-time tickets: who was told to open a stream is who opens it.

What a carrier says first on a stream (which call, whose) anybody could say. So the
answer to its webhook, which is signed, carries a ticket, and the stream must bring it
back at once: for that call, once. A signature has no time in it, and a request that was
overheard could be sent again: a call is therefore answered only in the first seconds
after it was first heard of, and never again once its stream has come, or it is over.

A ticket keeps a place for a caller who may have hung up by now: so it does not live
long, and is void as soon as the carrier says that the call is over. It keeps the place
for the first seconds only, however often it is asked for: a signed request of before a
restart, sent again, cannot be told from a caller, and would keep others out longer.
"""

from __future__ import annotations

import math
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import sha256

from anyio import current_time

from voxpipe.pipeline import VoxpipeError

from .placed import PlacedCall

KEPT = 3.0  # seconds that it keeps a place, though others want it; most take one
LIFETIME = 10.0  # seconds: DNS, TCP, TLS, the upgrade and the first messages
MAX_LIFETIME = 60.0
ANSWERABLE = 30.0  # seconds; a carrier asks again when 15 s have brought no answer
MAX_REMEMBERED = 10_000  # calls; some 3 MB, and hours of calls on one core


class Replayed(VoxpipeError):
    """This call was answered before: its webhook is told by somebody else, or late."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What was known about a call when it was answered.

    Attributes:
        call_id: the carrier's name for the call.
        caller: who is calling; empty where the carrier did not say.
        called: the number that they called; likewise.
        token: what the stream must bring; 256 random bits, as text.
        valid_until: by the clock of `anyio.current_time`.
        kept_until: its place, by the same clock.
        mark: what its stream's URL ends in.
        placed: the order that the call came of, if it was placed from here.
    """

    call_id: str
    caller: str = field(repr=False)
    called: str = field(repr=False)
    token: str = field(repr=False)
    valid_until: float
    kept_until: float = math.inf
    placed: PlacedCall | None = field(default=None, repr=False)
    mark: str = ""


def mark_of(token: str) -> str:
    """What tells a stream's URL from all others, and nothing of its ticket."""
    return sha256(token.encode()).hexdigest()[:32]


class Tickets:
    """Those that were given out, and the calls that need no other.

    Args:
        life: seconds from the answer to the webhook in which the stream must have said
            whose it is; 60 at most.

    Raises:
        ValueError: a life that is longer, or none.
    """

    def __init__(self, *, life: float = LIFETIME) -> None:
        if not 0 < life <= MAX_LIFETIME:
            raise ValueError(f"a ticket lives up to {MAX_LIFETIME:g} s, not {life!r}")
        self._life = life
        self._open: OrderedDict[str, Ticket] = OrderedDict()  # the oldest first
        self._seen: OrderedDict[str, float] = OrderedDict()  # answerable until

    def __len__(self) -> int:
        """How many can still be redeemed."""
        while self._open:
            oldest = next(iter(self._open.values()))
            if oldest.valid_until > current_time():
                break
            del self._open[oldest.call_id]
        return len(self._open)

    @property
    def kept(self) -> int:
        """How many of them keep a place."""
        now = current_time() if self._open else 0.0
        return sum(each.kept_until > now for each in self._open.values())

    def __contains__(self, call_id: object) -> bool:
        return len(self) > 0 and call_id in self._open

    def see(self, call_id: str) -> None:
        """Note that a call is to be answered, whether or not it will be.

        Raises:
            Replayed: it was, too long ago; or its stream has come.
        """
        now = current_time()
        if now >= self._seen.setdefault(call_id, now + ANSWERABLE):
            raise Replayed
        self._bound()

    def mint(
        self,
        call_id: str,
        *,
        caller: str = "",
        called: str = "",
        placed: PlacedCall | None = None,
    ) -> str:
        """A new ticket for a call, in the place of any that it has."""
        before, now = self._open.pop(call_id, None), current_time()
        kept = now + KEPT if before is None else before.kept_until
        until = now + self._life
        token = secrets.token_hex(32)  # Plivo passes on nothing but letters and digits
        mark = mark_of(token)
        ticket = Ticket(call_id, caller, called, token, until, kept, placed, mark)
        self._open[call_id] = ticket
        while len(self._open) > MAX_REMEMBERED:
            self._open.popitem(last=False)
        return token

    def awaits(self, mark: str | None) -> bool:
        """Whether the stream at the URL with this mark may come."""
        return len(self) > 0 and any(each.mark == mark for each in self._open.values())

    def redeem(self, token: str, call_id: str) -> Ticket | None:
        """Take back the ticket of a call; ``None`` if this is not it, or too late."""
        ticket = self._open.get(call_id)
        if ticket is None or not secrets.compare_digest(
            ticket.token.encode(), token.encode()
        ):
            return None
        self.cancel(call_id)
        return ticket if ticket.valid_until > current_time() else None

    def cancel(self, call_id: str) -> None:
        """Void the ticket of a call, if it has one, and answer the call no more."""
        self._open.pop(call_id, None)
        self._seen[call_id] = 0.0
        self._bound()

    def _bound(self) -> None:
        while len(self._seen) > MAX_REMEMBERED:
            self._seen.popitem(last=False)
