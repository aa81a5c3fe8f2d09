"""The endpoint that OpenAI tells of SIP calls, as an ASGI app.

A webhook wants an answer at once, and a call takes minutes: it is answered when the
call is known to be new and there is room for it, and the program's function runs on its
own. Deliveries that are repeated are answered, and nothing else.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Self

from anyio import AsyncContextManagerMixin, current_time

from voxpipe.transports.asgi import Receive, Scope, Send
from voxpipe.transports.telephony.asgi import (
    header,
    refuse_upgrade,
    respond,
    split_path,
)
from voxpipe.transports.telephony.forms import BadRequest, read_body
from voxpipe.transports.telephony.lifespan import lifespan
from voxpipe.transports.telephony.refusals import Refusals
from voxpipe.transports.telephony.replays import Replays
from voxpipe.transports.telephony.steered import SteeredCalls

from .incoming import IncomingCall, incoming
from .webhook import HEADERS, Secret, Webhook, WebhookRefused, secrets_of, unwrap

SipApp = Callable[[IncomingCall], Awaitable[object]]
"""What is done about a call: accept it, control it, and return when it is over."""

WEBHOOK = "/openai/webhook"


class SipEndpoint(AsyncContextManagerMixin):
    """Runs a function for each SIP call that OpenAI announces, once.

    It is open while it runs as an app by itself (a server's ``lifespan``) or within
    ``async with``, for apps that are mounted; before and after that it refuses calls.
    At the end it waits for the calls, and ends those that are not over by then. What
    goes wrong in one call harms no other: it is logged, as is each call in one line,
    without numbers or what was said.

    Args:
        answer: the function.
        secrets: of the webhook (``whsec_…``), or several while they are changed.
        limit: calls at once; what is more is refused with 503 and announced again.
        farewell: seconds that calls may go on when it ends.
        path: where it is asked.

    Raises:
        SecretError: a secret that is none.
    """

    def __init__(
        self,
        answer: SipApp,
        secrets: Secret | Sequence[Secret],
        *,
        limit: int = 100,
        farewell: float = 10.0,
        path: str = WEBHOOK,
    ) -> None:
        secrets_of(secrets)  # now, rather than at the first call
        self._calls = SteeredCalls(answer, limit=limit, farewell=farewell)
        self._secrets = secrets
        self._path = path.rstrip("/")
        self._refusals = Refusals()
        self._replays = Replays()

    @property
    def calls(self) -> int:
        """How many there are."""
        return self._calls.count

    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        async with self._calls:
            yield self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, as ASGI 3 has it."""
        if scope["type"] == "http":
            await self._refusals.answer(self._request, scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await refuse_upgrade(scope, send, 404, "expected no WebSocket\n")
        elif scope["type"] == "lifespan":
            await lifespan(receive, send, opened=self)

    # --- webhooks

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        _, path = split_path(scope)
        if path.rstrip("/") != self._path:
            raise BadRequest(404, f"expected {self._path}")
        if scope["method"] != "POST":
            raise BadRequest(405, "expected POST")
        body = await read_body(scope, receive)
        headers = {name: header(scope, name.encode()) or "" for name in HEADERS}
        try:
            webhook = unwrap(body, headers, self._secrets)
            call = incoming(webhook)
        except WebhookRefused as error:
            raise BadRequest(400, str(error)) from None
        if call is not None:
            self._take(webhook, call)
        await respond(send, 200, "")

    def _take(self, webhook: Webhook, call: IncomingCall) -> None:
        """Have the call answered, unless that was done."""
        if not self._calls.is_open:
            raise BadRequest(503, "no call is taken: the endpoint is not open")
        sent_at, now = webhook.sent_at, current_time()
        claims = [
            self._replays.claim(name, sent_at=sent_at, now=now)
            for name in (webhook.id, call.id)
        ]
        if claims[0] == "seen" or claims[1] == "seen":
            return
        if "full" in claims or self._calls.is_full:
            self._replays.forget(webhook.id)
            self._replays.forget(call.id)
            raise BadRequest(503, "no call is taken: there are too many")
        self._calls.take(call)
