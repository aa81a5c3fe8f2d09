"""The endpoint that OpenAI tells of SIP calls, as an ASGI app.

A webhook wants an answer at once, and a call takes minutes: it is answered when the
call is known to be new and there is room for it, and the program's function runs on its
own. Deliveries that are repeated are answered, and nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Self

from anyio import AsyncContextManagerMixin, current_time, move_on_after
from anyio.abc import TaskGroup

from voxpipe.pipeline.runtime.call_record import recorded
from voxpipe.pipeline.runtime.exits import exits_as_failures, orders
from voxpipe.pipeline.runtime.expect import expect
from voxpipe.pipeline.runtime.scopes import tasks_until_done
from voxpipe.pipeline.runtime.wakeup import Wakeup
from voxpipe.transports.asgi import Receive, Scope, Send
from voxpipe.transports.telephony import failures
from voxpipe.transports.telephony.asgi import (
    header,
    refuse_upgrade,
    respond,
    split_path,
)
from voxpipe.transports.telephony.attendant import Attendant, name_of
from voxpipe.transports.telephony.forms import BadRequest, read_body
from voxpipe.transports.telephony.refusals import Refusals

from .incoming import IncomingCall, incoming
from .replays import Replays
from .webhook import HEADERS, Secret, Webhook, WebhookRefused, secrets_of, unwrap

SipApp = Callable[[IncomingCall], Awaitable[object]]
"""What is done about a call: accept it, control it, and return when it is over."""

WEBHOOK = "/openai/webhook"

logger = logging.getLogger("voxpipe.calls")


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

    Attributes:
        calls: how many there are.

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
        if limit < 1:
            raise ValueError(f"expected a limit of 1 call or more, got {limit!r}")
        told = "answer is an async function that takes a call"
        expect(callable(answer), answer, told, ValueError)
        secrets_of(secrets)  # now, rather than at the first call
        self._answer = answer
        self._secrets = secrets
        self._limit = limit
        self._farewell = farewell
        self._path = path.rstrip("/")
        self._refusals = Refusals()
        self._replays = Replays()
        self._tasks: TaskGroup | None = None
        self._ended = Wakeup()  # one of the calls has
        self.calls = 0

    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        async with tasks_until_done() as self._tasks:
            try:
                yield self
            finally:
                self._tasks = None
            with move_on_after(self._farewell):
                while self.calls:
                    await self._ended.wait()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, as ASGI 3 has it."""
        if scope["type"] == "http":
            await self._refusals.answer(self._request, scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await refuse_upgrade(scope, send, 404, "expected no WebSocket\n")
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()  # lifespan.startup
        async with self:
            await send({"type": "lifespan.startup.complete"})
            await receive()  # lifespan.shutdown
        await send({"type": "lifespan.shutdown.complete"})

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
        if self._tasks is None:
            raise BadRequest(503, "no call is taken: the endpoint is not open")
        sent_at, now = webhook.sent_at, current_time()
        claims = [
            self._replays.claim(name, sent_at=sent_at, now=now)
            for name in (webhook.id, call.id)
        ]
        if claims[0] == "seen" or claims[1] == "seen":
            return
        if "full" in claims or self.calls >= self._limit:
            self._replays.forget(webhook.id)
            self._replays.forget(call.id)
            raise BadRequest(503, "no call is taken: there are too many")
        self.calls += 1
        self._tasks.start_soon(self._run, call)

    # --- calls

    async def _run(self, call: IncomingCall) -> None:
        began, end = current_time(), "cut"
        label = f"call={call.id[-8:]}"
        with recorded(label) as record:
            try:
                end = await self._answered(call)
            finally:
                self.calls -= 1
                self._ended.set()
                seconds = current_time() - began
                logger.info("%s end=%s seconds=%.1f%s", label, end, seconds, record)

    async def _answered(self, call: IncomingCall) -> str:
        attendant = Attendant(f"call={call.id[-8:]} {name_of(self._answer)}")
        try:
            with exits_as_failures(orders()):
                await attendant.run(partial(self._answer, call))
        except Exception as error:  # noqa: BLE001  # whatever it is, the others go on
            if failures.is_transport(error):
                logger.warning("call=%s %s", call.id[-8:], failures.in_short(error))
                return "lost"
            logger.error("call=%s failed: %s", call.id[-8:], failures.in_full(error))
            return "failed"
        return "over"
