"""Twilio's signature, held against the example of Twilio's own documentation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.transports.telephony.testing.webhook import signature as carriers
from voxpipe.transports.telephony.twilio.signature import is_signed, sign

# https://www.twilio.com/docs/usage/security#explore-the-algorithm-yourself
TOKEN = "12345"
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
FIELDS = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}
SIGNATURE = "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_twilios_own_example_is_signed() -> None:
    assert sign(TOKEN, URL, FIELDS.items()) == SIGNATURE
    assert is_signed(TOKEN, URL, FIELDS.items(), SIGNATURE)


def test_the_order_of_the_fields_does_not_matter() -> None:
    assert is_signed(TOKEN, URL, reversed(list(FIELDS.items())), SIGNATURE)


@pytest.mark.parametrize("at", range(len(SIGNATURE)))
def test_no_changed_signature_is_believed(at: int) -> None:
    other = "A" if SIGNATURE[at] != "A" else "B"
    wrong = SIGNATURE[:at] + other + SIGNATURE[at + 1 :]
    assert not is_signed(TOKEN, URL, FIELDS.items(), wrong)


@pytest.mark.parametrize(
    "wrong", ["", SIGNATURE[:-1], SIGNATURE + "=", "é", " " + SIGNATURE]
)
def test_nothing_like_a_signature_is_believed(wrong: str) -> None:
    assert not is_signed(TOKEN, URL, FIELDS.items(), wrong)


@pytest.mark.parametrize("name", FIELDS)
def test_no_field_can_be_changed_left_out_or_added(name: str) -> None:
    changed = FIELDS | {name: FIELDS[name] + "0"}
    missing = {key: value for key, value in FIELDS.items() if key != name}
    for fields in (changed, missing, FIELDS | {"More": "1"}):
        assert not is_signed(TOKEN, URL, fields.items(), SIGNATURE)


@pytest.mark.parametrize(
    "url",
    [
        URL.replace("https", "http"),
        URL.replace("mycompany", "yourcompany"),
        URL.replace("foo=1", "foo=2"),
        URL.replace("/myapp", "/MyApp"),
        URL + "&x=1",
        URL.replace("mycompany.com", "mycompany.com:8443"),
    ],
)
def test_no_other_url_is_signed(url: str) -> None:
    signed = carriers(TOKEN, url, FIELDS)
    assert not is_signed(TOKEN, URL, FIELDS.items(), signed)


def test_another_account_signs_otherwise() -> None:
    assert not is_signed("12346", URL, FIELDS.items(), SIGNATURE)


@pytest.mark.parametrize(
    ("configured", "signed"),
    [
        ("https://a.example/x", "https://a.example:443/x"),
        ("https://a.example:443/x", "https://a.example/x"),
        ("https://a.example:8443/x", "https://a.example:8443/x"),
        ("https://a.example:8443/x?y=1", "https://a.example/x?y=1"),
        ("http://127.0.0.1/x", "http://127.0.0.1:80/x"),
        ("wss://a.example/twilio", "wss://a.example:443/twilio"),
        ("wss://a.example/twilio", "wss://a.example/twilio/"),
        ("wss://a.example/twilio/", "wss://a.example/twilio"),
        ("ws://[::1]:8080/twilio", "ws://[::1]:8080/twilio"),
    ],
)
def test_twilio_may_spell_the_url_with_the_port_or_without(
    configured: str, signed: str
) -> None:
    assert is_signed(TOKEN, configured, (), carriers(TOKEN, signed, {}))


def test_a_field_that_comes_twice_is_signed_as_twilio_does() -> None:
    # As Twilio's own libraries: each value once, in order.
    twice = [("Key", "b"), ("Key", "a"), ("Key", "b")]
    assert sign(TOKEN, URL, twice) == sign(TOKEN, URL + "KeyaKeyb")


texts = st.text(st.characters(codec="utf-8"), max_size=9)


@given(st.text(min_size=1, max_size=40), st.dictionaries(texts, texts))
def test_what_the_fake_carrier_signs_is_believed(
    token: str, fields: dict[str, str]
) -> None:
    token = token.encode(errors="ignore").decode() or "x"
    assert is_signed(token, URL, fields.items(), carriers(token, URL, fields))
    assert not is_signed(token + "x", URL, fields.items(), carriers(token, URL, fields))
