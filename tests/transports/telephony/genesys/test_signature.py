from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.transports.telephony.genesys.signature import Claim, claim_of

# The example of Genesys' documentation ("Example 1"); its own server is tested by it.
SECRET = base64.b64decode("TXlTdXBlclNlY3JldEtleVRlbGxOby0xITJAMyM0JDU=")
TARGET, AUTHORITY = "/api/v1/voicebiometrics/ws", "audiohook.example.com"
CREATED = 1_641_013_200
INPUT = (
    'sig1=("@request-target" "@authority" "audiohook-organization-id" '
    '"audiohook-session-id" "audiohook-correlation-id" "x-api-key");'
    'keyid="SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh";nonce="VGhpc0lzQVVuaXF1ZU5vbmNl";'
    'alg="hmac-sha256";created=1641013200;expires=3282026430'
)
HEADERS = {
    "audiohook-organization-id": "d7934305-0972-4844-938e-9060eef73d05",
    "audiohook-session-id": "30b0e395-84d3-4570-ac13-9a62d8f514c0",
    "audiohook-correlation-id": "e160e428-53e2-487c-977d-96989bf5c99d",
    "x-api-key": "SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh",
    "signature": "sig1=:NZBwyBHRRyRoeLqy1IzOa9VYBuI8TgMFt2GRDkDuJh4=:",
    "signature-input": INPUT,
}


def claim(
    headers: dict[str, str] | None = None,
    *,
    target: str = TARGET,
    authority: str = AUTHORITY,
    after: float = 5.0,
) -> Claim | None:
    return claim_of({**HEADERS, **(headers or {})}, target, authority, CREATED + after)


def test_the_example_of_genesys_is_signed() -> None:
    found = claim()
    assert found is not None
    assert (found.nonce, found.created) == ("VGhpc0lzQVVuaXF1ZU5vbmNl", CREATED)
    assert found.is_signed(SECRET)
    assert not found.is_signed(SECRET + b"x")
    assert "VGhp" not in repr(found)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("audiohook-organization-id", "another"),
        ("audiohook-session-id", "another"),
        ("audiohook-correlation-id", "another"),
        ("signature", "sig1=:NZBwyBHRRyRoeLqy1IzOa9VYBuI8TgMFt2GRDkDuJg4=:"),
        ("signature-input", INPUT.replace("VGhpc0lzQVVuaXF1ZU5vbmNl", "x" * 24)),
        ("signature-input", INPUT.replace("1641013200", "1641013201")),
        ("signature-input", INPUT.replace("3282026430", "3282026431")),
    ],
)
def test_what_was_changed_is_not_signed(name: str, text: str) -> None:
    found = claim({name: text})
    assert found is not None
    assert not found.is_signed(SECRET)


def test_the_url_is_signed_too() -> None:
    for found in (claim(target="/genesys"), claim(authority="example.com")):
        assert found is not None
        assert not found.is_signed(SECRET)


@pytest.mark.parametrize("after", [-3.5, 10.5, 60.0, -600.0])
def test_what_is_not_of_these_ten_seconds_is_refused(after: float) -> None:
    assert claim(after=after) is None
    assert claim(after=10.0) is not None
    assert claim(after=-3.0) is not None


@pytest.mark.parametrize(
    "changed",
    [
        "",
        "sig1",
        'sig1=("x-api-key");created=1641013200;nonce="' + "n" * 22 + '"',
        INPUT.replace(' "x-api-key"', ""),
        INPUT.replace('"x-api-key"', '"x-api-key" "x-api-key"'),
        INPUT.replace('"x-api-key"', '"x-api-key" "x-other"'),
        INPUT.replace("sig1=", "sig2="),
        INPUT.replace("hmac-sha256", "rsa-v1_5-sha256"),
        INPUT.replace("hmac-sha256", "none"),
        INPUT.replace("VGhpc0lzQVVuaXF1ZU5vbmNl", "short"),
        INPUT.replace(";created=1641013200", ""),
        INPUT.replace("expires=3282026430", "expires=1641013204"),
        INPUT.replace('keyid="SGV', 'keyid="XGV'),
        INPUT + ";created=1641013200",
        INPUT + ';colour="red"',
        INPUT + ", " + INPUT.replace("sig1", "sig2"),
    ],
)
def test_a_signature_that_says_too_little_or_too_much_is_none(changed: str) -> None:
    assert claim({"signature-input": changed}) is None


@pytest.mark.parametrize(
    "text", ["", "sig1", "sig1=", "sig1=:é:", "sig1=:A:", "x=:AA==:"]
)
def test_a_signature_that_is_no_bytes_is_none(text: str) -> None:
    assert claim({"signature": text}) is None


@given(st.text(max_size=200), st.text(max_size=50))
def test_any_headers_are_a_claim_or_none(text: str, other: str) -> None:
    for value in (text, INPUT + text, f"sig1=({text});{other}"):
        found = claim({"signature-input": value, "signature": other or text})
        assert found is None or not found.is_signed(SECRET)
