"""Who may call: nobody unchecked from elsewhere, unless somebody says so literally."""

from __future__ import annotations

import pytest

from voxpipe.console.access import Access, AccessError, access
from voxpipe.pipeline import ConfigurationError

URL, TOKEN = "https://calls.example.com", "0123456789abcdef"
ENVIRONMENT = {"TWILIO_AUTH_TOKEN": TOKEN}


def environment_of(token: str | None) -> dict[str, str]:
    return {} if token is None else {"TWILIO_AUTH_TOKEN": token}


def known(gate: Access) -> list[str]:
    return [each.name for each in gate.carriers if each.is_known]


def test_with_a_public_url_and_a_token_everybody_is_checked() -> None:
    for host in ("127.0.0.1", "0.0.0.0"):
        gate = access(host, public_url=URL, environment=ENVIRONMENT, insecure=False)
        assert (gate.public_url, known(gate), gate.insecure) == (URL, ["Twilio"], False)
        assert gate.line.startswith("on:")
        assert TOKEN not in repr(gate)


@pytest.mark.parametrize("token", [None, "", TOKEN])
def test_on_loopback_nobody_is_checked_and_the_line_says_so(token: str | None) -> None:
    gate = access(
        "127.0.0.1", public_url=None, environment=environment_of(token), insecure=False
    )
    assert known(gate) == []
    assert gate.line.startswith("off: only this machine")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", ""])
@pytest.mark.parametrize("token", [None, TOKEN])
def test_off_loopback_there_is_no_start_without_an_authenticator(
    host: str, token: str | None
) -> None:
    with pytest.raises(AccessError, match="--public-url https://… and TWILIO_AUTH"):
        access(host, public_url=None, environment=environment_of(token), insecure=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1"])
@pytest.mark.parametrize("token", [None, ""])
def test_a_public_url_wants_a_token(host: str, token: str | None) -> None:
    with pytest.raises(AccessError, match="--public-url without TWILIO_AUTH_TOKEN"):
        access(host, public_url=URL, environment=environment_of(token), insecure=False)


@pytest.mark.parametrize(
    ("host", "url"), [("0.0.0.0", None), ("127.0.0.1", URL), ("0.0.0.0", URL)]
)
def test_literally_insecure_starts_and_says_what_that_means(
    host: str, url: str | None
) -> None:
    gate = access(host, public_url=url, environment=ENVIRONMENT, insecure=True)
    assert gate.insecure
    assert known(gate) == []
    assert "ANYBODY" in gate.line


def test_insecure_on_loopback_alone_harms_nobody() -> None:
    gate = access("127.0.0.1", public_url=None, environment={}, insecure=True)
    assert "ANYBODY" not in gate.line


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"GENESYS_API_KEY": "key"}, "GENESYS_API_KEY and GENESYS_CLIENT_SECRET, for"),
        ({"TELNYX_PUBLIC_KEY": "none"}, "TELNYX_PUBLIC_KEY, for Telnyx: public_key is"),
    ],
)
def test_credentials_that_are_none_are_named_where_they_are_needed(
    environment: dict[str, str], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        access("127.0.0.1", public_url=URL, environment=environment, insecure=False)
    for insecure in (False, True):  # where nobody is checked, nobody needs them
        gate = access(
            "127.0.0.1", public_url=None, environment=environment, insecure=insecure
        )
        assert known(gate) == []


def test_a_blank_around_a_credential_is_none_of_it() -> None:
    environment = {"TWILIO_AUTH_TOKEN": f"{TOKEN}\n", "PLIVO_AUTH_TOKEN": "  "}
    gate = access("127.0.0.1", public_url=URL, environment=environment, insecure=False)
    assert known(gate) == ["Twilio"]
