"""What a refused upgrade says: the service's reason, the cure, and never a key."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import SecretStr

from voxpipe.pipeline import TransportError
from voxpipe.pipeline.testing import no_leaks
from voxpipe.processors.realtime import Service, SessionRefused, open_session
from voxpipe.processors.realtime.connect.host import Address
from voxpipe.processors.realtime.connect.refusal import MAX_WORDS, refused

from ..server import Line, sending_on, serving

KEY = "sk-canary-0123456789"
WHERE = "https://gw.example.com/v1"
HTML = b"<html><body>nginx</body></html>"


def error(code: str | None, message: str, kind: str = "request_forbidden") -> bytes:
    return json.dumps(
        {"error": {"code": code, "type": kind, "message": message, "param": None}}
    ).encode()


def told(
    status: int, body: bytes = b"", base: str = WHERE, **headers: str
) -> SessionRefused:
    url = f"{base.replace('http', 'ws', 1)}/realtime?model=gpt-realtime-2.1"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return refused(Address(url, SecretStr(KEY)), status, named, body)


@pytest.mark.parametrize(
    ("status", "body", "code", "words"),
    [
        (
            403,
            error(
                "unsupported_country_region_territory",
                "Country, region, or territory not supported",
            ),
            "unsupported_country_region_territory",
            "(Country, region, or territory not supported): ask from a country",
        ),
        (
            429,
            error("insufficient_quota", "You exceeded your current quota."),
            "insufficient_quota",
            "(You exceeded your current quota): the account has no credit",
        ),
        (
            401,
            error("invalid_api_key", f"Incorrect API key provided: {KEY}."),
            "invalid_api_key",
            "(Incorrect API key provided: …): check the API key",
        ),
        (
            404,
            error("DeploymentNotFound", "The API deployment does not exist."),
            "DeploymentNotFound",
            "the name of a deployment",
        ),
        (400, error(None, "No.", "invalid_request"), "invalid_request", "(No)"),
        (401, b'{"statusCode": 401, "message": "Access denied"}', "", "Access denied"),
        (422, b'{"detail": "no budget"}', "", "HTTP 422: no budget"),
        (402, b'{"error": "no budget"}', "", "HTTP 402: no budget"),
        (502, HTML, "", "HTTP 502"),
    ],
)
def test_the_services_code_and_message_are_told_with_a_cure(
    status: int, body: bytes, code: str, words: str
) -> None:
    raised = told(status, body)
    assert (raised.code, raised.status) == (code, status)
    assert words in str(raised)
    assert KEY not in str(raised)
    assert "nginx" not in str(raised)


def test_the_wait_is_kept() -> None:
    raised = told(429, error("rate_limit_exceeded", "Slow down."), retry_after="20")
    assert raised.retry_after == 20
    assert str(raised).endswith("it may be asked again in 20 s")


def test_what_somebody_says_in_plain_text_is_told() -> None:
    body = b"upstream connect error\r\nreset before headers"
    raised = told(503, body, content_type="text/plain; charset=utf-8")
    assert "HTTP 503: upstream connect error reset before headers: " in str(raised)
    assert "upstream" not in str(told(503, body))


@pytest.mark.parametrize(
    ("base", "words"),
    [
        ("https://gw.example.com", "no /v1 at its end: https://gw.example.com/v1"),
        ("http://127.0.0.1:8081", "no /v1 at its end: http://127.0.0.1:8081/v1"),
        ("https://gw.example.com/v1", "no realtime API at this base URL, or no such"),
    ],
)
def test_a_missing_end_of_the_base_url_is_told(base: str, words: str) -> None:
    assert words in str(told(404, HTML, base))


@pytest.mark.parametrize(
    "message",
    [
        f"Incorrect API key provided: {KEY}",
        "Incorrect API key provided: sk-cana*********6789.",
        "Incorrect API key provided: canar****6789.",
        "Bad token eyJhbGciOiJub25lIn0.eyJhdWQiOiJ4In0.c2ln",
        f"Bearer {KEY[:-1]}",
        "secret-of-the-query is no key",
        "\ud800" + "long " * 1_000,
    ],
)
def test_a_message_is_bounded_and_holds_no_key(message: str) -> None:
    url = "wss://gw/v1/realtime?api-key=secret-of-the-query&model=gpt-realtime-2.1"
    raised = refused(Address(url, SecretStr(KEY)), 401, {}, error("no", message))
    for part in ("canar", "6789", "eyJ", "secret-of-the-query"):
        assert part not in str(raised)
    assert len(str(raised)) < MAX_WORDS + 200
    assert str(raised).isprintable()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("no", "GET /v1/realtime?api-key=ab%2Fcd%3Dxyz12 is not allowed"),
        ("no", "GET /v1/realtime?api-key=ab%2fcd%3dXYZ12 is not allowed"),
        ("no", "the key gwsecret%2Fkey%2B12 is not known"),
        ("no", "the key GWSECRET/KEY+12 is not known"),
        ("sk-proj-abcdef", "no"),
    ],
)
def test_no_key_is_shown_in_whatever_way_it_is_quoted(code: str, message: str) -> None:
    url = "wss://gw/v1/realtime?api-key=ab%2Fcd%3Dxyz12&model=m"
    raised = refused(
        Address(url, SecretStr("gwsecret/key+12")), 403, {}, error(code, message)
    )
    shown = f"{raised} {raised.code}".lower()
    for part in ("xyz12", "gwsecret", "abcdef"):
        assert part not in shown


def test_another_host_is_named_and_not_followed() -> None:
    url = f"https://elsewhere.example.com/v1/realtime?key={KEY}"
    raised = told(307, location=url)
    assert "give elsewhere.example.com's base URL" in str(raised)
    assert KEY not in str(raised)


async def test_a_redirect_takes_no_key_elsewhere() -> None:
    """Not even one that is in a header which nobody else knows to strip."""
    async with no_leaks(), sending_on(307) as (url, asked):
        raised = await opening(url)
    assert not asked
    assert raised.status == 307


@pytest.mark.parametrize("status", ["403 Forbidden", "429 Busy", "404 Not Found"])
async def test_the_reason_arrives_over_the_wire(status: str) -> None:
    body = error("unsupported_country_region_territory", "Country not supported")
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nRetry-After: 7\r\n"
        f"Retry-After: 7\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )

    async def talk(line: Line) -> None:
        await line.stream.receive()
        await line.stream.send(head.encode() + body)

    async with no_leaks(), serving(talk) as url:
        raised = await opening(url)
    assert raised.code == "unsupported_country_region_territory"
    assert raised.status == int(status[:3])
    assert raised.retry_after == 7
    assert "Country not supported" in str(raised)
    assert KEY not in str(raised)


async def opening(url: str, **where: Any) -> SessionRefused:
    """Open a session that is refused; the error."""
    with pytest.raises(TransportError) as caught:
        async with open_session(service=Service(base_url=url, api_key=KEY, **where)):
            pass
    assert isinstance(caught.value, SessionRefused)
    return caught.value
