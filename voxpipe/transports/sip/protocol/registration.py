"""A registration with a trunk (RFC 3261 10): kept, renewed in time, and given back."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

from sipmessage import URI, Address, CSeq, Parameters, Request, Response

from .ask import Ask, Asker
from .messages import Peer, new_tag
from .trunk import Trunk

FIRST_WAIT = 2.0  # seconds until what has failed is tried again; doubled each time
LONGEST_WAIT = 300.0  # seconds
MAX_EXPIRES = 86_400  # seconds


class Registration:
    """That of one line.

    Args:
        asker: sends for it.
        trunk: where.
        peer: the trunk's address.
        contact: where we want to be called.
        tell: told a sentence for the log when it holds, and when it does not any more.

    Attributes:
        due: when `fire` is wanted.
        holds: the trunk has taken it.
        holds_until: as far as the trunk has said.
    """

    def __init__(
        self,
        asker: Asker,
        trunk: Trunk,
        peer: Peer,
        contact: Address,
        tell: Callable[[bool, str], object],
        *,
        random: Random | None = None,
    ) -> None:
        self.due = -math.inf
        self.holds = False
        self.holds_until = -math.inf
        self._asker = asker
        self._trunk = trunk
        self._peer = peer
        self._contact = contact
        self._tell = tell
        self._random = random or Random()  # spreads those of many
        self._expires = trunk.expires
        self._wait = FIRST_WAIT
        self._was_brief = False  # 423 has been answered by a longer one
        self._tag, self._call_id = new_tag(), new_tag()
        self._number = 0

    def fire(self, now: float) -> None:
        """Register, or renew."""
        if now < self.due:
            return
        self.due = math.inf
        Ask(
            self._asker,
            self._request(self._expires),
            self._peer,
            now,
            self._answered,
            sent=self._count,
        )

    def give_back(self, now: float, answered: Callable[[], object]) -> None:
        """Tell the trunk that we are gone."""
        self.due = math.inf

        def over(response: Response | None, _: float) -> None:
            if response is None or response.code >= 200:
                answered()

        Ask(self._asker, self._request(0), self._peer, now, over, sent=self._count)
        self.holds = False

    def _count(self, number: int) -> None:
        self._number = number

    def _request(self, expires: int) -> Request:
        trunk = self._trunk
        self._number += 1
        host = f"[{trunk.host}]" if ":" in trunk.host else trunk.host
        request = Request("REGISTER", URI("sip", host))
        us = URI("sip", host, trunk.username or "voxpipe")
        request.headers.set("Max-Forwards", "70")
        request.from_address = Address(us, "", Parameters(tag=self._tag))
        request.to_address = Address(us)
        request.call_id = self._call_id
        request.cseq = CSeq(self._number, "REGISTER")
        request.contact = [self._contact]
        request.expires = expires
        request.content_length = 0
        return request

    def _answered(self, response: Response | None, now: float) -> None:
        if response is not None and response.code < 200:
            return
        if response is not None and response.code < 300:
            granted = self._granted(response)
            if granted > 0:
                if not self.holds:
                    self._tell(True, f"registered for {granted} s")
                self.holds, self._wait, self._was_brief = True, FIRST_WAIT, False
                self.holds_until = now + granted
                # A quarter is left for a trunk that does not answer at once.
                self.due = now + granted * 0.75
                return
        if response is not None and response.code == 423 and not self._was_brief:
            least = _number(response, "Min-Expires")
            if least is not None and self._expires < least <= MAX_EXPIRES:
                self._expires, self._was_brief, self.due = least, True, now
                return
        self._failed(response, now)

    def _failed(self, response: Response | None, now: float) -> None:
        self._was_brief = False
        wait = self._wait * self._random.uniform(0.5, 1.0)
        self._wait = min(2 * self._wait, LONGEST_WAIT)
        if response is not None and (after := _number(response, "Retry-After")):
            wait = max(wait, min(after, LONGEST_WAIT))
        self.due = now + wait
        if self.holds and now >= self.holds_until:
            self.holds = False
        what = "no answer" if response is None else f"it answers {response.code}"
        if response is not None and response.code in (401, 403, 407):
            what += ", so look at the trunk's username and password"
        self._tell(False, f"not registered: {what}; tried again in {wait:.0f} s")

    def _granted(self, response: Response) -> int:
        for each in response.contact:
            if (each.uri.host, each.uri.port) == (
                self._contact.uri.host,
                self._contact.uri.port,
            ):
                value = each.parameters.get("expires") or ""
                if value.isascii() and value.isdigit() and len(value) < 10:
                    return min(int(value), MAX_EXPIRES)
        said = _number(response, "Expires")
        return self._expires if said is None else min(said, MAX_EXPIRES)


def _number(response: Response, name: str) -> int | None:
    value = (response.headers.get(name) or "").partition(";")[0].split(" ")[0]
    is_number = value.isascii() and value.isdigit() and len(value) < 10
    return int(value) if is_number else None
