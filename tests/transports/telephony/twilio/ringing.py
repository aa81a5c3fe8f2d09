"""Twilio's side of endpoints under test: rings, connects, and is refused."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from anyio import current_time

from voxpipe.transports.telephony import App, Call, Switchboard
from voxpipe.transports.telephony.testing import Caller, Leg, Sids
from voxpipe.transports.telephony.testing.webhook import (
    Stream,
    form,
    signature,
    stream_of,
)
from voxpipe.transports.telephony.tickets import mark_of
from voxpipe.transports.telephony.twilio import TwilioEndpoints
from voxpipe.transports.telephony.twilio.answer import TICKET

from ..asgi_driver import (
    Asgi,
    Response,
    request,
    upgraded,
)
from ..testing.agents import parrot

PUBLIC = "https://calls.example.com"
TOKEN = "0123456789abcdef-the-auth-token"
CALLER, CALLED = "+15550100123", "+15550199456"
HOME = {"Host": "localhost:8080"}
POSTED = {"Content-Type": "application/x-www-form-urlencoded"}
Run = Callable[[Callable[[], Awaitable[Any]]], Any]


class Apps:
    """Counts how often the app was called."""

    def __init__(self, app: App = parrot) -> None:
        self.calls: list[Call] = []
        self._app = app

    async def __call__(self, call: Call) -> None:
        self.calls.append(call)
        await self._app(call)


def endpoints(
    app: App = parrot, *, board: Switchboard | None = None, auth_token: str = TOKEN
) -> TwilioEndpoints:
    """As in production."""
    return TwilioEndpoints(
        board or Switchboard(app), public_url=PUBLIC, auth_token=auth_token
    )


def unchecked(app: App, **more: Any) -> TwilioEndpoints:
    """As behind somebody else's gateway: anybody may call."""
    return TwilioEndpoints(Switchboard(app, **more), insecure=True)


def at_home(app: App) -> TwilioEndpoints:
    """As on the own machine."""
    return TwilioEndpoints(Switchboard(app))


def signed(url: str, fields: dict[str, str] | None = None) -> dict[str, str]:
    return {"X-Twilio-Signature": signature(TOKEN, url, fields or {})}


async def ring(
    app: Asgi,
    sids: Sids,
    *,
    root: str = "",
    path: str = "/twilio/answer",
    status: str = "ringing",
    **more: Any,
) -> Response:
    """Twilio asks the webhook, or tells it of the end."""
    fields = form(sids, CALLER, CALLED, status=status)
    headers = signed(PUBLIC + root + path, fields) | {
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"
    }
    return await request(app, "POST", root + path, fields, headers, **more)


async def rung(app: Asgi, sids: Sids, *, root: str = "") -> Stream:
    """The same, when the answer is yes."""
    response = await ring(app, sids, root=root)
    assert response.status == 200, response.text
    assert response.headers["content-type"].startswith("text/xml")
    return stream_of(response.status, response.body)


def upgrading(app: Asgi, ticket: str = "", *, root: str = "", **more: Any) -> Any:
    """Twilio opens the stream, at the URL that it was given with a ticket."""
    path = f"{root}/twilio/{mark_of(ticket)}" if ticket else f"{root}/twilio"
    return upgraded(app, path, signed(f"wss://calls.example.com{path}"), **more)


@asynccontextmanager
async def called(
    app: Asgi, *, root: str = "", parameters: dict[str, str] | None = None, **more: Any
) -> AsyncGenerator[Caller]:
    """A whole call, as Twilio places it; at the end the caller hangs up."""
    sids = Sids.new()
    stream = await rung(app, sids, root=root)
    ticket = stream.parameters[TICKET]
    async with upgrading(app, ticket, root=root, **more) as upgrade:
        assert await upgrade.opened(), upgrade.response
        named = {**stream.parameters, **(parameters or {})}
        leg = Leg(current_time(), parameters=named, sids=sids)
        async with Caller(leg, upgrade) as caller:
            yield caller


async def refused(
    app: Asgi, sids: Sids, parameters: dict[str, str], **more: Any
) -> int:
    """The close code that a stream gets."""
    async with upgrading(app, parameters.get(TICKET, "")) as upgrade:
        assert await upgrade.opened(), upgrade.response
        leg = Leg(current_time(), parameters=parameters, sids=sids)
        async with Caller(leg, upgrade) as caller:
            await caller.wait_closed()
        assert caller.measured.messages == 0
        code: int = caller.close_code or 0
    return code
