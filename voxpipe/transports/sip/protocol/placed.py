"""A call that is placed, until somebody takes it or nobody will."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from sipmessage import Request, Response

from voxpipe.transports.telephony.not_reached import NotReached

from . import sdp
from .ask import Ask
from .dialog import Dialog
from .errors import SdpError, refused, unheard
from .leg import Core, Leg
from .messages import Peer, build, tag, with_body
from .sdp import Description, Media
from .transactions import GIVE_UP, Client


@dataclass(frozen=True, slots=True)
class Taken:
    """Somebody has taken the call."""

    placed: Placed
    leg: Leg
    media: Media


@dataclass(frozen=True, slots=True)
class NotTaken:
    """Nobody will."""

    placed: Placed
    error: NotReached


class PlacingCore(Core, Protocol):
    """What it needs of its user agent, besides."""

    def send_cancel(self, request: Request, peer: Peer, now: float) -> None:
        """Send a CANCEL, which has the Via of its INVITE."""
        ...

    def abandon(self, client: Client) -> None:
        """Wait for no answer any more."""
        ...

    def settled(self, outcome: Taken | NotTaken) -> None:
        """Pass on how it has ended."""
        ...


class Placed:
    """One call.

    Args:
        core: what it needs.
        request: the INVITE, without Via and body.
        peer: where it goes.
        description: of our side.
        now: as ever.
        ring_for: seconds until it is given up.

    Attributes:
        due: when `fire` is wanted.
        is_over: it was taken, or not.
    """

    def __init__(
        self,
        core: PlacingCore,
        request: Request,
        peer: Peer,
        description: Description,
        now: float,
        *,
        ring_for: float,
    ) -> None:
        self.is_over = False
        self.due = now + ring_for
        self._core = core
        self._peer = peer
        self._description = description
        self._early = b""  # a description that came before the answer, and may be all
        self._leg: Leg | None = None
        self._rings = False
        self._cancelled = False
        self._called = request.to_address.uri.user or ""
        self._caller = request.from_address.uri.user or ""
        with_body(request, description.offer())
        self._ask = Ask(core, request, peer, now, self._answered)

    def cancel(self, now: float) -> None:
        """Do not wait any longer."""
        if self.is_over or self._cancelled:
            return
        self._cancelled = True
        self.due = now + GIVE_UP
        if self._rings:  # else once it is known to have arrived (9.1)
            self._send_cancel(now)

    def _send_cancel(self, now: float) -> None:
        invite = self._ask.client.request
        cancel = build("CANCEL", invite, invite.cseq.sequence)
        self._core.send_cancel(cancel, self._peer, now)

    def fire(self, now: float) -> None:
        """Give up in time."""
        if now < self.due:
            return
        if self._cancelled:
            self._core.abandon(self._ask.client)
            self._settle(NotTaken(self, refused(408)))
        else:
            self.cancel(now)
            if not self._rings:  # who answers yet is hung up on, as one who is too late
                self._settle(NotTaken(self, refused(408)))

    def _settle(self, outcome: Taken | NotTaken) -> None:
        if not self.is_over:
            self.is_over, self.due = True, math.inf
            self._core.settled(outcome)

    def _answered(self, answer: Response | None, now: float) -> None:
        if answer is None:
            status = 503 if self._peer.transport == "TCP" else 408
            self._settle(NotTaken(self, unheard(status)))
        elif answer.code < 200:
            self._rings = True
            self._early = answer.body or self._early
            if self._cancelled and self._ask.client.state == "proceeding":
                self._send_cancel(now)
        elif answer.code < 300:
            self._taken(answer, now)
        else:
            code = 408 if self._cancelled and answer.code == 487 else answer.code
            self._settle(NotTaken(self, refused(code)))

    def _taken(self, answer: Response, now: float) -> None:
        invite = self._ask.client.request
        number = invite.cseq.sequence
        if self._leg is not None and tag(answer.to_address) == tag(
            self._leg.dialog.remote
        ):
            self._leg.acknowledge(number)  # the first one was lost
            return
        dialog = Dialog.of_response(invite, answer, self._peer)
        leg = Leg(self._core, dialog, caller=self._caller, called=self._called)
        leg.taken(answer, self._description, now)
        leg.acknowledge(number)
        if self._leg is not None or self._cancelled:  # one of two phones, or too late
            leg.hang_up(now)
            self._settle(NotTaken(self, refused(408)))
            return
        self._leg = leg
        try:
            body = answer.body or self._early
            media = self._description.accept(sdp.parse(body))
        except SdpError as error:
            self._core.report(str(error))
            leg.hang_up(now)
            self._settle(NotTaken(self, refused(488)))
            return
        leg.media = media
        self._settle(Taken(self, leg, media))
