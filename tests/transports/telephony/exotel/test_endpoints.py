"""What Exotel asks, how it is known by a password, and what a stream must bring."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from anyio import EndOfStream

from voxpipe.pipeline import ConfigurationError
from voxpipe.transports.telephony import Call, Switchboard
from voxpipe.transports.telephony.carrier.endpoints import CarrierEndpoints
from voxpipe.transports.telephony.exotel import Exotel

from ..asgi_driver import Response, request, upgraded
from .test_codec import CALL, CONNECTED, start

PUBLIC = "https://calls.example.com"
USER, PASSWORD = "exotel", "nobody-else-knows-it"
InTime = Callable[[Callable[[], Any]], Any]


def endpoints(calls: list[Call], **more: Any) -> CarrierEndpoints:
    async def app(call: Call) -> None:
        calls.append(call)

    exotel = Exotel(USER, PASSWORD, **more)
    return CarrierEndpoints(Switchboard(app), [exotel], public_url=PUBLIC)


def basic(user: str = USER, password: str = PASSWORD, scheme: str = "Basic") -> str:
    return f"{scheme} " + base64.b64encode(f"{user}:{password}".encode()).decode()


async def ring(
    app: CarrierEndpoints, authorization: str | None = None, call: str = CALL
) -> Response:
    query = f"CallSid={call}&CallFrom=%2B15550100&CallTo=%2B15550199"
    headers = {"Authorization": basic() if authorization is None else authorization}
    return await request(app, "GET", f"/exotel/answer?{query}", None, headers)


async def stream(app: CarrierEndpoints, url: str) -> int:
    """How a stream to this URL, which passes its query on, is refused, or closed."""
    parts = urlsplit(url)
    named = {k: v for k, v in parse_qsl(parts.query) if k != "sample-rate"}
    async with upgraded(app, f"{parts.path}?{parts.query}") as line:
        if not await line.opened():
            return line.response.status
        await line.send(CONNECTED)
        await line.send(start(custom_parameters=named))
        with suppress(EndOfStream):
            await line.receive()
        return line.close_code or 0


def test_a_call_is_told_a_url_and_is_answered_once(in_time: InTime) -> None:
    calls: list[Call] = []
    app = endpoints(calls, rate=16_000)

    async def twice() -> tuple[str, list[int]]:
        url: str = json.loads((await ring(app)).body)["url"]
        return url, [await stream(app, url), await stream(app, url)]

    told: tuple[str, list[int]] = in_time(twice)
    url, codes = told
    assert url.startswith("wss://calls.example.com/exotel/")
    assert "sample-rate=16000" in url
    assert len(urlsplit(url).query) < 256  # all that Exotel passes on
    assert codes == [1000, 403]
    (call,) = calls
    assert (call.id, call.caller, call.parameters) == (CALL, "+15550100", {})


@pytest.mark.parametrize(
    "authorization",
    ["", "Basic", basic("x"), basic(password=""), basic(scheme="Bearer"), "Basic é"],
)
def test_who_does_not_know_the_password_is_told_nothing(
    in_time: InTime, authorization: str
) -> None:
    app = endpoints([])
    assert in_time(lambda: ring(app, authorization)).status == 403
    assert len(app.switchboard.tickets) == 0


def test_a_stream_without_the_ticket_of_its_call_reaches_nobody(
    in_time: InTime,
) -> None:
    calls: list[Call] = []
    app = endpoints(calls)

    async def strangers() -> list[int]:
        url: str = json.loads((await ring(app)).body)["url"]
        return [
            await stream(app, f"{PUBLIC}/exotel"),
            await stream(app, url.partition("?")[0]),
            await stream(app, f"{PUBLIC}/exotel?{urlsplit(url).query}"),
        ]

    assert in_time(strangers) == [403, 1008, 403]
    assert calls == []


def test_a_request_without_a_call_is_refused(in_time: InTime) -> None:
    assert in_time(lambda: ring(endpoints([]), None, "a%22b")).status == 400


def test_credentials_are_known_when_both_are_there() -> None:
    assert Exotel(USER, PASSWORD).is_known
    assert not Exotel(USER).is_known
    assert not Exotel(None, PASSWORD).is_known
    with pytest.raises(ConfigurationError, match="8000, 16000 or 24000"):
        Exotel(rate=11_025)
