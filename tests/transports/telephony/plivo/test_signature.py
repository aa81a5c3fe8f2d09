"""Plivo's signature, V3: of this URL, with this form and nonce."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from voxpipe.transports.telephony.plivo.signature import is_signed, sign

TOKEN, NONCE = "a secret token", "05429567804466091622"
URL = "https://calls.example.com/plivo/answer"
FIELDS = {"To": "+15550199", "CallUUID": "1", "From": "+15550100"}


def mac(text: str) -> str:
    digest = hmac.new(TOKEN.encode(), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


@pytest.mark.parametrize(
    ("url", "fields", "text"),
    [
        (URL, {}, f"{URL}.{NONCE}"),
        (URL, FIELDS, f"{URL}?CallUUID1From+15550100To+15550199.{NONCE}"),
        (URL + "?b=2&a=1", {}, f"{URL}?a=1&b=2.{NONCE}"),
        (URL + "?b=2&a=1", {"z": "3"}, f"{URL}?a=1&b=2.z3.{NONCE}"),
        (
            "wss://calls.example.com/plivo/ab",
            {},
            f"wss://calls.example.com/plivo/ab.{NONCE}",
        ),
    ],
)
def test_it_is_made_as_plivo_s_own_library_makes_it(
    url: str, fields: dict[str, str], text: str
) -> None:
    assert sign(TOKEN, url, fields.items(), NONCE) == mac(text)


def test_one_of_two_signatures_will_do() -> None:
    good = sign(TOKEN, URL, FIELDS.items(), NONCE)
    for given in (good, f"AAAA,{good}", f"{good}, AAAA"):
        assert is_signed(TOKEN, URL, FIELDS.items(), given, NONCE)


def test_anything_else_is_refused() -> None:
    good = sign(TOKEN, URL, FIELDS.items(), NONCE)
    assert not is_signed(TOKEN + "x", URL, FIELDS.items(), good, NONCE)
    assert not is_signed(TOKEN, URL + "/", FIELDS.items(), good, NONCE)
    assert not is_signed(TOKEN, URL, (), good, NONCE)
    assert not is_signed(TOKEN, URL, FIELDS.items(), good, NONCE + "1")
    for given in ("", ",", "é", "AAAA," * 100 + good):
        assert not is_signed(TOKEN, URL, FIELDS.items(), given, NONCE)
