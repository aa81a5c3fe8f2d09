"""Who may call: what is configured must be safe, and reachable."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from voxpipe.pipeline import ConfigurationError
from voxpipe.transports.telephony.carrier.guard import Guard
from voxpipe.transports.telephony.twilio import Twilio

from ..asgi_driver import scope_of

TOKEN = "a secret token"


def guard(
    public_url: str | None = None,
    auth_token: str | None = None,
    *,
    insecure: bool = False,
    origins: Collection[str] = (),
) -> Guard:
    return Guard(public_url, [Twilio(auth_token)], insecure=insecure, origins=origins)


def test_without_url_and_token_nothing_is_checked() -> None:
    assert not guard().checks


def test_with_both_everything_is() -> None:
    assert guard("https://calls.example.com", TOKEN).checks


@pytest.mark.parametrize("token", [None, ""])
def test_a_public_url_without_a_token_is_refused_with_the_cure(
    token: str | None,
) -> None:
    with pytest.raises(ConfigurationError, match="TWILIO_AUTH_TOKEN"):
        guard("https://calls.example.com", token)


def test_a_token_without_a_public_url_is_refused_with_the_cure() -> None:
    with pytest.raises(ConfigurationError, match="public_url=") as caught:
        guard(None, TOKEN)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("token", [None, TOKEN])
def test_only_a_literal_insecure_has_the_checks_off(token: str | None) -> None:
    assert not guard("https://calls.example.com", token, insecure=True).checks
    assert not guard(None, token, insecure=True).checks


@pytest.mark.parametrize(
    "url",
    [
        "http://calls.example.com",
        "wss://calls.example.com",
        "calls.example.com",
        "https://",
        "https:///twilio",
        "https://me:secret@calls.example.com",
        "https://calls.example.com?key=secret",
        "https://calls.example.com/#secret",
        "https://calls.example.com:99999",
        "https://calls.example.com:port",
        "https://calls example.com",
        "https://calls.example.com\nHost: evil",
        "",
    ],
)
def test_a_public_url_that_no_carrier_can_use_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be used") as caught:
        guard(url, TOKEN)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:80"])
def test_on_the_own_machine_http_will_do(host: str) -> None:
    url = guard(f"http://{host}/", TOKEN).stream_url(
        scope_of("http", "/twilio/answer"), "/twilio"
    )
    assert url == f"ws://{host}/twilio"


@pytest.mark.parametrize(
    ("public", "root", "path", "expected"),
    [
        ("https://a.example", "", "/twilio", "https://a.example/twilio"),
        ("https://a.example/", "", "/twilio", "https://a.example/twilio"),
        ("HTTPS://a.example", "", "/twilio", "https://a.example/twilio"),
        ("https://a.example:8443", "", "/x?y=%20", "https://a.example:8443/x?y=%20"),
        ("https://a.example/in", "", "/twilio", "https://a.example/in/twilio"),
        ("https://a.example", "/ö", "/ö/twilio", "https://a.example/%C3%B6/twilio"),
    ],
)
def test_the_url_is_the_configured_one_and_not_the_requests(
    public: str, root: str, path: str, expected: str
) -> None:
    here = guard(public, TOKEN)
    named = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    assert here.url(scope_of("http", path, named, root_path=root)) == expected
    streams = here.url(scope_of("websocket", path, named, root_path=root))
    assert streams == expected.replace("https", "wss")


@pytest.mark.parametrize(("scheme", "expected"), [("http", "ws"), ("https", "wss")])
def test_without_a_public_url_the_host_header_says_where(
    scheme: str, expected: str
) -> None:
    scope = scope_of("http", "/", {"Host": "[::1]:8080"}, scheme=scheme)
    assert guard().stream_url(scope, "/twilio") == f"{expected}://[::1]:8080/twilio"


@pytest.mark.parametrize(
    "host", ["", "a b", 'a"b', "a/b", "a:b", "a:123456", "<a>", "é"]
)
def test_a_host_header_that_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="Host header"):
        guard().stream_url(scope_of("http", "/", {"Host": host}), "/twilio")


@pytest.mark.parametrize(
    ("origin", "is_page"),
    [
        ("https://example.com", False),
        ("https://example.com:443", True),
        ("https://example.com.evil.example", True),
        ("https://evil-example.com", True),
        ("http://example.com", True),
        ("https://example.com/", True),
        ("null", True),
        ("", True),
    ],
)
def test_only_pages_of_allowed_origins_may_open_a_stream(
    origin: str, is_page: bool
) -> None:
    here = guard(origins=["https://example.com"])
    assert here.is_page(scope_of("websocket", "/", {"Origin": origin})) is is_page
    both = [("Origin", "https://example.com"), ("Origin", "https://evil.example")]
    assert here.is_page(scope_of("websocket", "/", both))
    assert not here.is_page(scope_of("websocket", "/"))
    assert guard().is_page(scope_of("websocket", "/", {"Origin": origin}))
