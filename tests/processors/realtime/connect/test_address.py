"""Where a session is, and what opens it."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from voxpipe.processors.realtime import ConfigurationError, Service
from voxpipe.processors.realtime.connect import Address
from voxpipe.processors.realtime.connect.host import host_of

KEY = "sk-canary-0123456789"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


def at(base_url: str | None = None, api_key: str | SecretStr | None = KEY) -> Address:
    host = host_of(Service(api_key=api_key, base_url=base_url))
    return host.websocket(model="gpt-realtime-2.1")


def test_openai_is_where_the_model_is_unless_somebody_says_otherwise() -> None:
    assert at().url == "wss://api.openai.com/v1/realtime?model=gpt-realtime-2.1"
    assert at().key.get_secret_value() == KEY
    assert str(at()) == "api.openai.com"


def test_the_environment_is_read_as_the_official_client_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\n")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://eu.api.openai.com/v1/")
    address = at(api_key=None)
    assert address.url.startswith("wss://eu.api.openai.com/v1/realtime?")
    assert address.key.get_secret_value() == KEY
    mine = at("http://127.0.0.1:8080/v1", SecretStr("sk-mine"))
    assert mine.url.startswith("ws://127.0.0.1:8080/v1/realtime?")
    assert mine.key.get_secret_value() == "sk-mine"


def test_without_a_key_it_says_where_to_put_one() -> None:
    for empty in (None, "", "  ", SecretStr("")):
        with pytest.raises(ConfigurationError, match="set OPENAI_API_KEY"):
            at(api_key=empty)


@pytest.mark.parametrize("key", [f"{KEY}\r\nHost: x", f"“{KEY}”", f"Bearer {KEY}"])
def test_a_key_that_no_header_can_hold_is_refused_unseen(key: str) -> None:
    with pytest.raises(ConfigurationError, match="copy it again") as caught:
        at(api_key=key)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1234/v1",
        "http://localhost/v1",
        "ws://[::1]:80/v1",
        "http://127.9.9.9/v1",
    ],
)
def test_plain_connections_stay_on_the_machine(url: str) -> None:
    assert at(url).url.startswith("ws://")


@pytest.mark.parametrize(
    "url",
    [
        "http://api.openai.com/v1",
        "ws://10.0.0.1/v1",
        "http://localhost.example.com/v1",
        "http://127.0.0.1.example.com/v1",
        "http://0.0.0.0/v1",
    ],
)
def test_plain_connections_to_elsewhere_are_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="in the clear"):
        at(url)


@pytest.mark.parametrize(
    "url", ["api.openai.com", "ftp://x/v1", "https://", "https://x:port/", "https://[x"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="must look like https://host/v1"):
        at(url)


def test_a_key_in_the_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(
        ConfigurationError, match=r"pass the key in Service\(api_key="
    ) as caught:
        at(f"https://me:{KEY}@example.com/v1")
    assert KEY not in str(caught.value)


def test_keys_are_not_shown() -> None:
    address = at(f"https://example.com/v1?api-key={KEY}")
    assert address.url.count(KEY) == 1  # some hosts want it so
    assert KEY not in repr(address) + str(address)


def test_a_query_stays_and_the_model_is_quoted() -> None:
    host = host_of(Service(api_key=KEY, base_url="https://x/v1?version=1"))
    address = host.websocket(model="a b&c")
    assert address.url == "wss://x/v1/realtime?version=1&model=a+b%26c"
