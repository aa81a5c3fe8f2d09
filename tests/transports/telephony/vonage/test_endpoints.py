"""What Vonage asks, how it is known by its JWT, and what a stream must bring."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from anyio import EndOfStream
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import ConfigurationError
from voxpipe.transports.telephony import Call, Switchboard
from voxpipe.transports.telephony.carrier.endpoints import CarrierEndpoints
from voxpipe.transports.telephony.vonage import Vonage
from voxpipe.transports.telephony.vonage.signature import has_signed

from ..asgi_driver import Response, request, upgraded

PUBLIC = "https://calls.example.com"
SECRET = "the-signature-secret-of-the-account"
CALL = "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"
ASKED = {"uuid": CALL, "from": "15550100", "to": "15550199"}
InTime = Callable[[Callable[[], Any]], Any]


def encoded(value: bytes | dict[str, Any]) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(
    payload: bytes, *, secret: str = SECRET, alg: str = "HS256", **claims: Any
) -> str:
    said: dict[str, Any] = {
        "iat": int(datetime.now(UTC).timestamp()),
        "iss": "Vonage",
        "jti": "c5ba8f24-1a14-4c10-bfdf-3fbe8ce511b5",
        "payload_hash": hashlib.sha256(payload).hexdigest(),
        "api_key": "a1b2c3d",
    }
    signed = f"{encoded({'alg': alg, 'typ': 'JWT'})}.{encoded(said | claims)}"
    digest = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"Bearer {signed}.{encoded(digest)}"


def endpoints(calls: list[Call], **more: Any) -> CarrierEndpoints:
    async def app(call: Call) -> None:
        calls.append(call)

    board = Switchboard(app, **more)
    return CarrierEndpoints(board, [Vonage(SECRET)], public_url=PUBLIC)


async def ring(
    app: CarrierEndpoints, value: dict[str, Any] | None = None, **more: Any
) -> Response:
    body = json.dumps(value or ASKED).encode()
    headers = {
        "Content-Type": "application/json",
        "Authorization": token(body, **more),
    }
    return await request(app, "POST", "/vonage/answer", body, headers)


async def stream(app: CarrierEndpoints, path: str, headers: dict[str, str]) -> int:
    """How a stream with these headers of its NCCO is refused, or closed."""
    async with upgraded(app, path) as line:
        if not await line.opened():
            return line.response.status
        value = {"event": "websocket:connected", "content-type": "audio/l16;rate=24000"}
        await line.send(json.dumps(value | headers))
        with suppress(EndOfStream):
            await line.receive()
        return line.close_code or 0


def told(response: Response) -> tuple[str, dict[str, str]]:
    """The path and the headers of a stream."""
    assert response.status == 200, response.text
    ((endpoint,),) = [each["endpoint"] for each in json.loads(response.body)]
    assert endpoint["type"] == "websocket"
    assert endpoint["content-type"] == "audio/l16;rate=24000"
    assert endpoint["uri"].startswith("wss://calls.example.com/vonage/")
    return endpoint["uri"].removeprefix("wss://calls.example.com"), endpoint["headers"]


def test_a_call_that_is_signed_streams_at_24_khz_and_is_answered_once(
    in_time: InTime,
) -> None:
    calls: list[Call] = []
    app = endpoints(calls)

    async def twice() -> list[int]:
        path, headers = told(await ring(app))
        return [await stream(app, path, headers), await stream(app, path, headers)]

    assert in_time(twice) == [1000, 403]
    (call,) = calls
    assert (call.id, call.caller, call.called) == (CALL, "15550100", "15550199")
    assert call.parameters == {}
    assert call.format.rate == 24_000


def test_it_may_also_ask_by_get(in_time: InTime) -> None:
    payload = json.dumps(ASKED, separators=(",", ":")).encode()
    query = "&".join(f"{name}={text}" for name, text in ASKED.items())
    headers = {"Authorization": token(payload)}
    response = in_time(
        lambda: request(endpoints([]), "GET", f"/vonage/answer?{query}", None, headers)
    )
    told(response)


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": "another"},
        {"alg": "none"},
        {"alg": "RS256"},
        {"payload_hash": "0" * 64},
        {"payload_hash": None},
        {"iat": 1_600_000_000},
        {"iat": 9e99},
        {"iat": None},
        {"iat": True},
    ],
)
def test_what_is_not_signed_is_told_nothing(
    in_time: InTime, changes: dict[str, Any]
) -> None:
    app = endpoints([])
    assert in_time(lambda: ring(app, **changes)).status == 403
    assert len(app.switchboard.tickets) == 0


def test_without_a_token_nothing_is_told(in_time: InTime) -> None:
    response = in_time(lambda: request(endpoints([]), "GET", "/vonage/answer?uuid=1"))
    assert response.status == 403


@given(st.text(max_size=100))
def test_any_header_is_signed_or_not(text: str) -> None:
    assert not has_signed(SECRET, text, "0", 0.0)
    assert not has_signed(SECRET, f"Bearer {text}", "0", 0.0)


def test_a_stream_without_the_ticket_of_its_call_reaches_nobody(
    in_time: InTime,
) -> None:
    calls: list[Call] = []
    app = endpoints(calls)

    async def strangers() -> list[int]:
        path, headers = told(await ring(app))
        wrong = {name: text[::-1] for name, text in headers.items()}
        return [
            await stream(app, "/vonage", headers),
            await stream(app, path, {}),
            await stream(app, path, wrong),
        ]

    assert in_time(strangers) == [403, 1008, 1008]
    assert calls == []


def test_events_are_noted_and_the_end_of_a_call_frees_its_place(
    in_time: InTime,
) -> None:
    app = endpoints([], limit=1)

    async def events() -> list[object]:
        told(await ring(app))
        answered = await ring(app, ASKED | {"status": "answered"})
        full = app.switchboard.state
        over = await ring(app, ASKED | {"status": "completed"})
        return [answered.text, full, over.text, app.switchboard.state]

    assert in_time(events) == ["[]", "full", "[]", "ready"]


@pytest.mark.parametrize("value", [{"from": "1"}, {"uuid": 'a"b'}, {"uuid": 7}])
def test_a_request_without_a_call_is_refused(
    in_time: InTime, value: dict[str, Any]
) -> None:
    assert in_time(lambda: ring(endpoints([]), value)).status == 400


def test_another_rate_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="8000, 16000 or 24000"):
        Vonage(rate=44_100)
