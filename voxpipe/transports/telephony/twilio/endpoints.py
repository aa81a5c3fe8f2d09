"""The HTTP and WebSocket endpoints that Twilio asks, as an ASGI app.

Twilio tells the webhook (``/twilio/answer``) of a call, and gets TwiML that has it
stream to ``/twilio/…``, with a ticket. Nothing is done for a stream, and no app called,
before it has brought its ticket back.

No signature has a time in it, and who has overheard that of a webhook could send it
again after a restart, to get a ticket. So each stream has a URL of its own, made of its
ticket, and Twilio signs that: the signature of another stream does not open it.

The same URL takes what Twilio tells when a call is over (the number's "Call status
changes"): the place of a caller who has hung up while it rang is free at once.

A webhook that is answered with an error makes Twilio ask the number's fallback URL, if
it has one: give it another server's, and calls that are too many here go there.
Source: https://www.twilio.com/docs/usage/security/availability-reliability
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection

from voxpipe.pipeline import TransportError
from voxpipe.transports.asgi import Receive, Scope, Send
from voxpipe.transports.telephony.asgi import (
    AsgiSocket,
    refuse_upgrade,
    respond,
    split_path,
)
from voxpipe.transports.telephony.carrier.fields import NAME as SID
from voxpipe.transports.telephony.forms import BadRequest, read_form
from voxpipe.transports.telephony.refusals import Refusals
from voxpipe.transports.telephony.switchboard import CallNotTaken, Switchboard
from voxpipe.transports.telephony.tickets import Replayed

from .answer import HANG_UP, TICKET, connect_stream, mark_of
from .call import TwilioCall
from .guard import Guard
from .placing import PLACED, heed

STREAM, WEBHOOK = "/twilio", "/twilio/answer"
# Values of CallStatus; https://www.twilio.com/docs/voice/api/call-resource
PROGRESS = "call-progress-events"  # in every status callback, and nothing else
OVER = {"completed", "busy", "failed", "no-answer", "canceled"}
_STREAM = re.compile(rf"{STREAM}(?:/([0-9a-f]+))?")
SPARE = 16  # streams, beyond the limit of calls, that may say nothing for 5 s


class TwilioEndpoints:
    """Answers Twilio: ``/twilio/answer``, ``/twilio``, ``/healthz`` and ``/readyz``.

    Mount it wherever you like in an ASGI app, or let a server run it by itself.
    Without ``public_url`` and ``auth_token`` the checks are off, and only this machine
    may call: what a tunnel or a proxy passes on, or names another host, is refused.

    Args:
        switchboard: takes the calls.
        public_url: under which this server (its root, not these endpoints) is reached
            from outside, such as ``https://calls.example.com``.
        auth_token: of the Twilio account; it signs.
        insecure: have the checks off and let anybody call who reaches it, at your cost.
        origins: web pages that may open a stream, such as ``https://example.com``;
            Twilio itself is none.

    Attributes:
        switchboard: as it was given.
        checks: whether signatures and tickets are asked for.

    Raises:
        ConfigurationError: a URL without a token, or the other way round, or one that
            Twilio could not use.
    """

    def __init__(
        self,
        switchboard: Switchboard,
        *,
        public_url: str | None = None,
        auth_token: str | None = None,
        insecure: bool = False,
        origins: Collection[str] = (),
    ) -> None:
        if not hasattr(switchboard, "promise"):
            kind = type(switchboard).__name__
            raise ValueError(f"switchboard is a Switchboard(answer), not {kind}")
        self.switchboard = switchboard
        self._guard = Guard(public_url, auth_token, insecure=insecure, origins=origins)
        self.checks = self._guard.checks
        self._refusals = Refusals()
        self._greeting: set[AsgiSocket] = set()  # have not said which call they are

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, as ASGI 3 has it."""
        if scope["type"] == "http":
            await self._refusals.answer(self._request, scope, receive, send)
        elif scope["type"] == "websocket":
            await self._stream(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            else:
                # By now servers have closed their connections: there is nothing to
                # wait for. Who wants to drain does it before: `Switchboard.drain`.
                await self.switchboard.drain(0)
                await send({"type": "lifespan.shutdown.complete"})
                return

    # --- HTTP

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        _, path = split_path(scope)
        path = path.rstrip("/")
        if path == WEBHOOK or PLACED.fullmatch(path):
            await self._answer(scope, receive, send, PLACED.fullmatch(path))
        elif path == "/healthz":
            _check_method(scope, "GET", "HEAD")
            await respond(send, 200, "alive\n")
        elif path == "/readyz":
            _check_method(scope, "GET", "HEAD")
            await self._tell_state(send)
        elif _STREAM.fullmatch(path):
            raise BadRequest(426, "expected an upgrade to a WebSocket")
        else:
            raise BadRequest(404, f"expected one of {WEBHOOK}, /healthz and /readyz")

    async def _tell_state(self, send: Send) -> None:
        state: str = self.switchboard.state
        if state == "ready" and self.switchboard.has_stuck:
            state = "stuck"
        # No figures: anybody may ask, and how much is going on is nobody's business.
        status, text = 200 if state == "ready" else 503, json.dumps({"state": state})
        await respond(send, status, text, kind="application/json")

    async def _answer(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        order: re.Match[str] | None,
    ) -> None:
        _check_method(scope, "POST", "GET")
        stranger = self._guard.why_stranger(scope)
        if stranger is not None:
            raise BadRequest(403, stranger)
        if self._guard.is_page(scope):
            raise BadRequest(403, _PAGE)
        form = await read_form(scope, receive)
        if not self._guard.is_twilio(scope, form if scope["method"] == "POST" else ()):
            raise BadRequest(403, _UNSIGNED)
        try:
            url = self._guard.stream_url(scope, STREAM)
        except ValueError as error:
            raise BadRequest(400, str(error)) from None
        fields = dict(form)
        call_id = fields.get("CallSid", "")
        if SID.fullmatch(call_id) is None:
            raise BadRequest(400, "expected the CallSid of a call")
        placed = order and self.switchboard.orders.find(order[1])
        if order is not None and not heed(placed, order[2], fields):
            # Whoever picks up must not hear that an application has failed.
            await respond(send, 200, HANG_UP, kind="text/xml")
            return
        is_over = fields.get("CallStatus") in OVER
        if is_over:
            self.switchboard.tickets.cancel(call_id)
        # "initiated", "ringing", "answered": news of a call, and no question. An answer
        # would void the ticket of the one before, which the stream is to bring.
        if is_over or fields.get("CallbackSource") == PROGRESS:
            await respond(send, 200, "<Response/>", kind="text/xml")
            return
        try:
            ticket = self.switchboard.promise(
                call_id,
                caller=fields.get("From", ""),
                called=fields.get("To", ""),
                placed=placed,
            )
        except Replayed:
            raise BadRequest(403, _ANSWERED) from None
        except CallNotTaken as refused:
            raise BadRequest(503, str(refused)) from None
        if self.checks:
            url = f"{url}/{mark_of(ticket)}"
        await respond(send, 200, connect_stream(url, ticket), kind="text/xml")

    # --- WebSocket

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        refused = self._why_not(scope)
        if refused is not None:
            status, why = refused
            self._refusals.note(why)
            await refuse_upgrade(scope, send, status, f"{why}\n")
            return
        socket = AsgiSocket(scope, receive, send)
        await socket.accept()
        self._greeting.add(socket)
        try:
            if self._may_come():
                async with TwilioCall.accept(socket) as call:
                    self._greeting.discard(socket)
                    await self._take(call, socket, scope)
            else:
                await self._turn_away(socket, self.switchboard.state)
        except TransportError as error:
            self._refusals.note("expected a call", str(error))
        finally:
            self._greeting.discard(socket)

    def _why_not(self, scope: Scope) -> tuple[int, str] | None:
        _, path = split_path(scope)
        if _STREAM.fullmatch(path.rstrip("/")) is None:
            return 404, f"expected streams at {STREAM}"
        stranger = self._guard.why_stranger(scope)
        if stranger is not None:
            return 403, stranger
        if self._guard.is_page(scope):
            return 403, _PAGE
        if not self._guard.is_twilio(scope):
            return 403, _UNSIGNED
        if len(self._greeting) >= self.switchboard.limit + SPARE:
            return 503, "too many streams have not said yet which call they are"
        return None

    def _may_come(self) -> bool:
        """Whether any call could be taken: it can have a ticket, or there is room."""
        board = self.switchboard
        return board.state == "ready" or len(board.tickets) > 0

    async def _take(self, call: TwilioCall, socket: AsgiSocket, scope: Scope) -> None:
        parameters = dict(call.parameters)
        token = parameters.pop(TICKET, None)
        call.parameters = parameters
        try:
            if self.checks or token is not None:
                ticket = None
                if not self.checks or _mark(scope) == mark_of(token or ""):
                    ticket = self.switchboard.redeem(token or "", call.id)
                placed = ticket and ticket.placed
                if ticket is None or (placed and not placed.connect(call)):
                    await self._close(socket, 1008, "expected the ticket of this call")
                    return
                call.caller, call.called = ticket.caller, ticket.called
            else:
                self.switchboard.admit()
            await self.switchboard.run(call)
        except CallNotTaken as error:
            await self._turn_away(socket, error.why)

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
_UNSIGNED = (
    "expected Twilio's signature of this URL: is auth_token that of the account, and "
    "public_url the one in its console?"
)


def _mark(scope: Scope) -> str | None:
    found = _STREAM.fullmatch(split_path(scope)[1].rstrip("/"))
    return found and found[1]


def _check_method(scope: Scope, *allowed: str) -> None:
    if scope["method"] not in allowed:
        raise BadRequest(405, f"expected {' or '.join(allowed)}")
