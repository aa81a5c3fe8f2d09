"""One call, from its first answer to its BYE: what is asked within its dialog.

As all of this room it has no socket and no clock.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from sipmessage import Address, Request, Response

from . import sdp
from .ask import Ask, Asker
from .dialog import Dialog
from .errors import NoCommonCodec, SdpError
from .messages import Peer, response, tag, with_body
from .refresh import Refresher
from .sdp import Codec, Description, Media, Offer
from .session_timer import MIN_INTERVAL, session_expires
from .transactions import Answered, Server, unheeded

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE"

OverBy = Literal["caller", "agent", "lost"]


@dataclass(frozen=True, slots=True)
class Incoming:
    """A call has come: to be refused, or answered."""

    leg: Leg


@dataclass(frozen=True, slots=True)
class Talk:
    """Where the voice goes, for the first time or from now on."""

    leg: Leg
    media: Media


@dataclass(frozen=True, slots=True)
class Over:
    """A call has ended; ``caller`` is the other side, whoever has called whom."""

    leg: Leg
    by: OverBy


LegEvent = Incoming | Talk | Over


class Core(Asker, Protocol):
    """What a call needs of its user agent."""

    contact: Address
    media_host: str
    codecs: Sequence[Codec]

    def may_call(self, host: str) -> bool:
        """Whether an address may, without a password."""
        ...

    def respond(self, server: Server, answer: Response, now: float) -> None:
        """Send an answer."""
        ...

    def confirmed(self, server: Server, now: float) -> None:
        """The ACK of an INVITE has come."""
        ...

    def send_once(self, request: Request, peer: Peer) -> None:
        """Send what nothing answers: an ACK."""
        ...

    def tell(self, event: LegEvent) -> None:
        """Pass it on to whoever has the sockets."""
        ...

    def report(self, what: str) -> None:
        """Say once in a while what the other side does wrong."""
        ...


class Leg:
    """One call.

    Args:
        core: what it needs.
        dialog: its dialog.
        caller: who calls, a number or a name; ``called`` likewise.
        server: the INVITE, of a call that has come.
        offer: what came with it.

    Attributes:
        id: the Call-ID, without its host.
        media: what is agreed on, if it is.
        state: how far it is.
    """

    def __init__(
        self,
        core: Core,
        dialog: Dialog,
        *,
        caller: str,
        called: str,
        server: Server | None = None,
        offer: Offer | None = None,
    ) -> None:
        self.id = dialog.call_id.partition("@")[0]
        self.caller = caller
        self.called = called
        self.dialog = dialog
        self.media: Media | None = None
        self.state: Literal["ringing", "answered", "ended"] = "ringing"
        self.description: Description | None = None
        self._core = core
        self._server = server  # an INVITE that is not answered, or not confirmed
        self._offer = offer
        self._awaits_answer = False  # our offer is to be answered by the ACK
        self._bye_wanted = False
        self._refresher = Refresher(self, self._ask, core.report)

    @property
    def due(self) -> float:
        """When `fire` is wanted."""
        return self._refresher.timer.due if self.state == "answered" else math.inf

    @property
    def is_over(self) -> bool:
        """It has ended."""
        return self.state == "ended"

    @property
    def lingers(self) -> bool:
        """It is over, and has still to say so."""
        return self._bye_wanted and self._server is not None

    def is_of(self, invite: Request) -> bool:
        """Whether this INVITE, which is not confirmed yet, is this call's."""
        return self._server is not None and self._server.request is invite

    # --- a call that has come

    def ring(self, now: float) -> None:
        """Say that it rings."""
        self._answer(self._open(), 180, now)

    def answer(self, port: int, now: float) -> None:
        """Take the call; its voice is heard at ``port``.

        Raises:
            NoCommonCodec: it speaks nothing that we do; it has been refused.
        """
        server = self._open()
        self.description = Description(self._core.media_host, port, self._core.codecs)
        self._note_allowed(server.request)
        media = None
        if self._offer is None:
            body = self.description.offer()
            self._awaits_answer = True
        else:
            try:
                body, media = self.description.answer(self._offer)
            except NoCommonCodec:
                self.refuse(488, now)
                raise
        self.state = "answered"
        self._accept(server, body, now)
        if media is not None:
            self._talk(media)

    def refuse(self, code: int, now: float, *, retry_after: int = 0) -> None:
        """Do not take the call."""
        headers = {"Retry-After": str(retry_after)} if retry_after else {}
        self._answer(self._open(), code, now, headers)
        self._over("agent")

    def cancel(self, now: float) -> None:
        """The caller does not wait any longer."""
        if self.state == "ringing" and self._server is not None:
            self._answer(self._server, 487, now)
            self._over("caller")

    def _open(self) -> Server:
        assert self._server is not None
        return self._server

    # --- either side

    def taken(self, answer: Response, description: Description, now: float) -> None:
        """The call that we have placed was answered, and ``media`` is agreed on."""
        self.state, self.description = "answered", description
        self._note_allowed(answer)
        self._refresher.timer.agree(answer, now)

    def _note_allowed(self, message: Request | Response) -> None:
        allowed = message.headers.get("Allow") or ""
        self._refresher.can_update = "UPDATE" in allowed.upper()

    def hang_up(self, now: float) -> None:
        """End the call."""
        if self.state == "ringing" and self._server is not None:
            self.refuse(480, now)
        elif self.state == "answered" and self._server is not None:
            self._bye_wanted = True  # not before its ACK (15)
            self._over("agent")
        elif self.state == "answered":
            self._bye(now)
            self._over("agent")

    def _bye(self, now: float) -> None:
        self._ask(self.dialog.request("BYE"), now, unheeded)

    def _ask(self, request: Request, now: float, answered: Answered) -> Ask:
        dialog = self.dialog
        peer = dialog.next_hop(self._core.may_call)
        return Ask(self._core, request, peer, now, answered, dialog=dialog)

    def lose(self, now: float) -> None:
        """It is over as far as we can tell: nobody answers any more."""
        if self.state == "answered":
            self._bye(now)
            self._over("lost")

    def _over(self, by: OverBy) -> None:
        if self.state != "ended":
            self.state = "ended"
            self._core.tell(Over(self, by))

    def _talk(self, media: Media) -> None:
        if media != self.media:
            self.media = media
            self._core.tell(Talk(self, media))

    # --- what is asked

    def confirm(self, ack: Request, now: float) -> None:
        """An ACK has come."""
        server = self._server
        if server is None or ack.cseq.sequence != server.request.cseq.sequence:
            return
        self._server = None
        self._core.confirmed(server, now)
        if self._bye_wanted:
            self._bye(now)
            return
        if self._awaits_answer:
            self._awaits_answer = False
            self.heed_answer(ack.body, now)

    def unconfirmed(self, server: Server, now: float) -> None:
        """An ACK has never come."""
        if server is self._server:
            self._server = None
            if self.state == "answered":
                self.lose(now)
            elif self._bye_wanted:
                self._bye(now)

    def handle(self, server: Server, now: float) -> None:
        """Answer a request within the dialog."""
        request = server.request
        if not self.dialog.takes(request, server.peer):
            self._answer(server, 500, now)
        elif request.method == "BYE":
            self._answer(server, 200, now)
            if self._server is not None and self.state == "ringing":
                self._answer(self._server, 487, now)
            self._over("caller")
        elif self.state != "answered":
            self._answer(server, 481 if self.state == "ended" else 500, now)
        elif request.method in ("INVITE", "UPDATE"):
            self._update(server, now)
        elif request.method == "OPTIONS":
            self._answer(server, 200, now)
        else:
            self._answer(server, 405, now)

    def _update(self, server: Server, now: float) -> None:
        request = server.request
        is_invite = request.method == "INVITE"
        asked = session_expires(request)
        if self._server is not None or self._awaits_answer:
            self._answer(server, 500, now, {"Retry-After": "1"})  # 14.2
        elif self._refresher.is_busy and (is_invite or request.body):
            self._answer(server, 491, now)
        elif asked is not None and asked[0] < MIN_INTERVAL:
            self._answer(server, 422, now, {"Min-SE": str(MIN_INTERVAL)})
        elif not request.body and not is_invite:
            self._accept(server, b"", now)
        elif not request.body:
            self._server, self._awaits_answer = server, True
            self._accept(server, self.offer(), now)
        else:
            self._renegotiate(server, now)

    def _renegotiate(self, server: Server, now: float) -> None:
        assert self.description is not None
        try:
            body, media = self.description.answer(sdp.parse(server.request.body))
        except SdpError as error:  # the call goes on as it was
            self._core.report(str(error))
            self._answer(server, 488, now)
            return
        if server.request.method == "INVITE":
            self._server = server
        self._accept(server, body, now)
        self._talk(media)

    def _accept(self, server: Server, body: bytes, now: float) -> None:
        answer = response(server.request, 200, to_tag=tag(self.dialog.local))
        answer.contact = [self._core.contact]
        answer.headers.set("Allow", ALLOW)
        answer.headers.set("Supported", "timer")
        self._refresher.timer.answer(server.request, answer, now)
        if body:
            with_body(answer, body)
        self._core.respond(server, answer, now)

    def _answer(
        self,
        server: Server,
        code: int,
        now: float,
        headers: dict[str, str] | None = None,
    ) -> None:
        answer = response(server.request, code, to_tag=tag(self.dialog.local))
        if code == 180:
            answer.contact = [self._core.contact]
        if code in (200, 405):
            answer.headers.set("Allow", ALLOW)
        for name, value in (headers or {}).items():
            answer.headers.set(name, value)
        self._core.respond(server, answer, now)
        if server is self._server and code >= 300:
            self._server = None

    # --- for the refresher

    @property
    def is_open(self) -> bool:
        """An INVITE is not confirmed yet."""
        return self._server is not None

    def fire(self, now: float) -> None:
        """Refresh the session, or end a call that nobody has refreshed."""
        if self.state == "answered":
            self._refresher.fire(now)

    def request(self, method: str) -> Request:
        """A request within the dialog that says where we are."""
        request = self.dialog.request(method)
        request.contact = [self._core.contact]
        return request

    def offer(self) -> bytes:
        """What we have, once more."""
        assert self.description is not None
        return self.description.offer(self.media.codec if self.media else None)

    def heed_answer(self, body: bytes, now: float) -> None:
        """Take the answer to an offer of ours; a call without a voice is ended."""
        assert self.description is not None
        try:
            self._talk(self.description.accept(sdp.parse(body)))
        except SdpError as error:
            self._core.report(str(error))
            self.hang_up(now)

    def acknowledge(self, number: int) -> None:
        """Send the ACK to a 200."""
        ack = self.dialog.request("ACK", number)
        self._core.send_once(ack, self.dialog.next_hop(self._core.may_call))
