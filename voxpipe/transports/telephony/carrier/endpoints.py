"""The HTTP and WebSocket endpoints that carriers ask, as one ASGI app for all of them.

A carrier tells its webhook (``/twilio/answer``) of a call, and is told to stream to
``/twilio/…``, with a ticket. Nothing is done for a stream, and no app called, before it
has brought its ticket back. What is a carrier's own of that is in its `Carrier`.

Who has overheard the signature of a webhook could send it again after a restart, to get
a ticket. Where it has a time in it, that must not be before the start. And each stream
has a URL of its own, made of its ticket, and those who sign the upgrade sign that: the
signature of another stream does not open it.

The same URL takes what a carrier tells when a call is over (Twilio's "Call status
changes"): the place of a caller who has hung up while it rang is free at once.

A webhook that is answered with an error makes a carrier ask the number's fallback URL,
if it has one: give it another server's, and calls that are too many here go there.
Source: https://www.twilio.com/docs/usage/security/availability-reliability
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence

from voxpipe.pipeline import TransportError
from voxpipe.transports.asgi import Receive, Scope, Send
from voxpipe.transports.telephony.asgi import (
    AsgiSocket,
    refuse_upgrade,
    respond,
    split_path,
)
from voxpipe.transports.telephony.forms import BadRequest
from voxpipe.transports.telephony.lifespan import lifespan
from voxpipe.transports.telephony.placed import PlacedCall
from voxpipe.transports.telephony.switchboard import CallNotTaken, Switchboard
from voxpipe.transports.telephony.tickets import Replayed, mark_of

from .call import CarrierCall
from .carrier import Answer, Asked, Carrier
from .guard import Guard
from .request import Request, read_request

ANSWER = "/answer"
"""Behind a carrier's path: its webhook."""

SPARE = 16  # streams, beyond the limit of calls, that may say nothing for 5 s

_MARK = re.compile(r"(?:/([0-9a-f]+))?")
_ORDER = re.compile(r"/placed/([\w-]{20,64})(/\w+)?", re.ASCII)
"""What a carrier tells of a call that was placed from here, and may stream."""


class CarrierEndpoints:
    """Answers carriers at their paths, and whoever asks for ``/healthz``, ``/readyz``.

    Mount it wherever you like in an ASGI app, or let a server run it by itself. Without
    ``public_url`` the checks are off, and only this machine may call: what a tunnel or
    a proxy passes on, or names another host, is refused. With it, a carrier that was
    given no credentials gets nothing but the cure.

    Args:
        switchboard: takes the calls.
        carriers: that may call, each with the credentials by which it is known.
        public_url: under which this server (its root, not these endpoints) is reached
            from outside, such as ``https://calls.example.com``.
        insecure: have the checks off and let anybody call who reaches it, at your cost.
        origins: web pages that may open a stream, such as ``https://example.com``;
            carriers are none.
        beside: other paths at this server, told to whoever asks for one that is not
            there.

    Attributes:
        switchboard: as it was given.
        carriers: by their paths.
        checks: whether signatures and tickets are asked for.

    Raises:
        ConfigurationError: a URL without any credentials, or the other way round, or a
            URL that no carrier could use.
    """

    def __init__(
        self,
        switchboard: Switchboard,
        carriers: Sequence[Carrier],
        *,
        public_url: str | None = None,
        insecure: bool = False,
        origins: Collection[str] = (),
        beside: Sequence[str] = (),
    ) -> None:
        if not hasattr(switchboard, "promise"):
            kind = type(switchboard).__name__
            raise ValueError(f"switchboard is a Switchboard(answer), not {kind}")
        self.switchboard = switchboard
        self.carriers = {each.path: each for each in carriers}
        asked = [each.path + ANSWER for each in carriers if each.has_webhook]
        self._known = [*beside, *asked]
        self._guard = Guard(public_url, carriers, insecure=insecure, origins=origins)
        self.checks = self._guard.checks
        self._refusals = switchboard.refusals
        self._greeting: set[AsgiSocket] = set()  # have not said which call they are

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, as ASGI 3 has it."""
        if scope["type"] == "http":
            await self._refusals.answer(self._request, scope, receive, send)
        elif scope["type"] == "websocket":
            await self._stream(scope, receive, send)
        elif scope["type"] == "lifespan":
            await lifespan(receive, send, self.switchboard)

    def _of(self, path: str) -> tuple[Carrier | None, str]:
        """Whose path this is, and what follows in it."""
        head, slash, rest = path[1:].partition("/")
        return self.carriers.get(f"/{head}"), slash + rest

    # --- HTTP

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        _, path = split_path(scope)
        path = path.rstrip("/")
        carrier, rest = self._of(path)
        order = _ORDER.fullmatch(rest)
        if carrier is not None and carrier.has_webhook and (order or rest == ANSWER):
            await self._answer(carrier, order, scope, receive, send)
        elif path == "/healthz":
            _check_method(scope, "GET", "HEAD")
            await respond(send, 200, "alive\n")
        elif path == "/readyz":
            _check_method(scope, "GET", "HEAD")
            await self._tell_state(send)
        elif carrier is not None and _MARK.fullmatch(rest):
            raise BadRequest(426, "expected an upgrade to a WebSocket")
        else:
            known = ", ".join(self._known)
            raise BadRequest(404, f"expected one of {known}, /healthz and /readyz")

    async def _tell_state(self, send: Send) -> None:
        state: str = self.switchboard.state
        if state == "ready" and self.switchboard.has_stuck:
            state = "stuck"
        # No figures: anybody may ask, and how much is going on is nobody's business.
        status, text = 200 if state == "ready" else 503, json.dumps({"state": state})
        await respond(send, status, text, kind="application/json")

    async def _answer(
        self,
        carrier: Carrier,
        order: re.Match[str] | None,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        _check_method(scope, "POST", "GET")
        why = self._why_unwanted(carrier, scope)
        if why is not None:
            raise BadRequest(403, why)
        request = await read_request(scope, receive, self._url(scope))
        if self.checks and not carrier.has_asked(request):
            raise BadRequest(403, carrier.unsigned)
        try:
            url = self._guard.stream_url(scope, carrier.path)
        except ValueError as error:
            raise BadRequest(400, str(error)) from None
        placed = order and self.switchboard.orders.find(order[1])
        if order is not None and not carrier.heed(placed, order[2], request):
            # Whoever picks up must not hear that an application has failed.
            answer = carrier.parting()
        else:
            answer = self._told(carrier, carrier.asked(request), placed, url)
        await respond(send, 200, answer.text, kind=answer.kind)

    def _told(
        self, carrier: Carrier, asked: Asked, placed: PlacedCall | None, url: str
    ) -> Answer:
        if asked.is_over:
            self.switchboard.tickets.cancel(asked.call_id)
        # Of news an answer would void the ticket of the one before, which the stream is
        # to bring.
        if asked.is_over or asked.is_news:
            return carrier.noted()
        ticket = self._promise(asked, placed)
        if self.checks:
            url = f"{url}/{mark_of(ticket)}"
        return carrier.answer_to(asked, url, ticket)

    def _promise(self, asked: Asked, placed: PlacedCall | None) -> str:
        try:
            return self.switchboard.promise(
                asked.call_id, caller=asked.caller, called=asked.called, placed=placed
            )
        except Replayed:
            raise BadRequest(403, _ANSWERED) from None
        except CallNotTaken as refused:
            raise BadRequest(503, str(refused)) from None

    def _url(self, scope: Scope) -> str:
        """What the carrier has signed, where that is looked at."""
        return self._guard.url(scope) if self.checks else ""

    def _why_unwanted(self, carrier: Carrier, scope: Scope) -> str | None:
        """Why nobody need be asked who they are: not by this carrier, or from there."""
        closed = self._guard.why_closed(carrier) or self._guard.why_stranger(scope)
        return closed or (_PAGE if self._guard.is_page(scope) else None)

    # --- WebSocket

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        carrier, rest = self._of(split_path(scope)[1].rstrip("/"))
        where = _MARK.fullmatch(rest)
        if carrier is not None and carrier.streams_orders:
            where = where or _ORDER.fullmatch(rest)
        if carrier is None or where is None:
            paths = " and ".join(self.carriers)
            await self._refuse(scope, send, 404, f"expected streams at {paths}")
            return
        order = where[1] if where.re is _ORDER else None
        refused = self._why_not(carrier, scope, where)
        if refused is not None:
            await self._refuse(scope, send, *refused)
            return
        socket = AsgiSocket(scope, receive, send)
        await socket.accept()
        self._greeting.add(socket)
        try:
            if self._may_come(carrier, order):
                async with carrier.call.accept(socket) as call:
                    self._greeting.discard(socket)
                    if self.checks and not carrier.is_of(call, Request(scope, "")):
                        await self._close(socket, 1008, carrier.unsigned)
                    elif order is not None:
                        await self._take_ordered(order, call, socket)
                    else:
                        await self._take(carrier, call, socket, where[1])
            else:
                await self._turn_away(socket, self.switchboard.state)
        except TransportError as error:
            self._refusals.note("expected a call", str(error))
        finally:
            self._greeting.discard(socket)

    async def _refuse(self, scope: Scope, send: Send, status: int, why: str) -> None:
        self._refusals.note(why)
        await refuse_upgrade(scope, send, status, f"{why}\n")

    def _why_not(
        self, carrier: Carrier, scope: Scope, where: re.Match[str]
    ) -> tuple[int, str] | None:
        why = self._why_unwanted(carrier, scope)
        if why is not None:
            return 403, why
        if self.checks and not carrier.has_opened(Request(scope, self._url(scope))):
            return 403, carrier.unsigned
        if self.checks and not (carrier.signs_streams or self._awaits(where)):
            return 403, "expected a stream at the URL that a webhook was answered with"
        if len(self._greeting) >= self.switchboard.limit + SPARE:
            return 503, "too many streams have not said yet which call they are"
        return None

    def _awaits(self, where: re.Match[str]) -> bool:
        """Whether a stream is to come there: who knows that is not anybody."""
        board = self.switchboard
        if where.re is _ORDER:
            return board.orders.find(where[1]) is not None
        return board.tickets.awaits(where[1])

    def _may_come(self, carrier: Carrier, order: str | None) -> bool:
        """Whether any call could be taken: it can have a ticket, or there is room."""
        board = self.switchboard
        if order is not None and board.orders.find(order) is not None:
            return True
        has_ticket = carrier.has_webhook and len(board.tickets) > 0
        return board.state == "ready" or has_ticket

    async def _take(
        self, carrier: Carrier, call: CarrierCall, socket: AsgiSocket, mark: str | None
    ) -> None:
        parameters = dict(call.parameters)
        token = carrier.take_ticket(parameters)
        call.parameters = parameters
        try:
            if not carrier.has_webhook:
                self._admit_once(call)
            elif not self.checks and token is None:
                self.switchboard.admit()
            elif not self._redeem(call, token or "", mark):
                await self._close(socket, 1008, "expected the ticket of this call")
                return
            await self.switchboard.run(call)
        except Replayed:
            await self._close(socket, 1008, "expected a call that did not come yet")
        except CallNotTaken as error:
            await self._turn_away(socket, error.why)

    async def _take_ordered(
        self, order: str, call: CarrierCall, socket: AsgiSocket
    ) -> None:
        placed = self.switchboard.orders.find(order)
        if placed is None or not placed.connect(call):
            await self._close(socket, 1008, "expected the call of this order")
            return
        try:
            await self.switchboard.run(call)
        except CallNotTaken as error:
            await self._turn_away(socket, error.why)

    def _admit_once(self, call: CarrierCall) -> None:
        """Take a call that no webhook has told of, whose stream was signed."""
        tickets = self.switchboard.tickets
        if self.checks:
            tickets.see(call.id)
        self.switchboard.admit()
        if self.checks:
            tickets.cancel(call.id)  # who has overheard its signature comes too late

    def _redeem(self, call: CarrierCall, token: str, mark: str | None) -> bool:
        if self.checks and mark != mark_of(token):
            return False
        ticket = self.switchboard.redeem(token, call.id)
        if ticket is None or (ticket.placed and not ticket.placed.connect(call)):
            return False
        # Not all carriers tell the webhook; the stream of some does.
        call.caller = ticket.caller or call.caller
        call.called = ticket.called or call.called
        return True

    async def _turn_away(self, socket: AsgiSocket, why: str) -> None:
        await self._close(socket, 1013, f"no call is taken: {why}")

    async def _close(self, socket: AsgiSocket, code: int, why: str) -> None:
        self._refusals.note(why)
        await socket.close(code, why)


_ANSWERED = (
    "expected a call that was not answered yet: a Redirect back to the agent is "
    "refused; Dial its number instead"
)
_PAGE = "expected no Origin: calls are not for web pages"


def _check_method(scope: Scope, *allowed: str) -> None:
    if scope["method"] not in allowed:
        raise BadRequest(405, f"expected {' or '.join(allowed)}")
