"""Webhooks of OpenAI, judged by its SDK."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai import InvalidWebhookSignatureError, OpenAI
from pydantic import SecretStr

from voxpipe.transports.telephony.sip import WebhookRefused, sign, unwrap
from voxpipe.transports.telephony.sip.webhook import SecretError

SECRET = "whsec_" + b64encode(b"thirty-two bytes of a secret ...").decode()
OTHER = "whsec_" + b64encode(b"the one before").decode()
NOW = 1_790_000_000
EVENT: dict[str, Any] = {
    "id": "evt_1",
    "object": "event",
    "type": "realtime.call.incoming",
    "created_at": NOW,
    "data": {
        "call_id": "rtc_1",
        "sip_headers": [{"name": "From", "value": "sip:+4930@example.com"}],
    },
}
BODY = json.dumps(EVENT).encode()


def signed(
    body: bytes = BODY, secret: str = SECRET, sent_at: int = NOW
) -> dict[str, str]:
    return sign(body, secret, id="wh_1", sent_at=sent_at)


def test_what_is_signed_is_read() -> None:
    webhook = unwrap(BODY, signed(), SECRET, now=NOW)
    assert (webhook.id, webhook.type) == ("wh_1", "realtime.call.incoming")
    assert webhook.sent_at == NOW
    assert webhook.data == EVENT["data"]
    assert "+4930" not in repr(webhook)


def test_the_sdk_takes_what_we_sign_and_we_take_what_it_takes() -> None:
    now = int(datetime.now(UTC).timestamp())
    headers = signed(sent_at=now)
    sdk = OpenAI(api_key="sk-x", webhook_secret=SECRET)
    event = sdk.webhooks.unwrap(BODY, headers)
    assert event.type == unwrap(BODY, headers, SECRET).type
    with pytest.raises(InvalidWebhookSignatureError):
        sdk.webhooks.unwrap(BODY + b" ", headers)
    with pytest.raises(WebhookRefused):
        unwrap(BODY + b" ", headers, SECRET)


def test_a_secret_may_be_changed_while_calls_come() -> None:
    unwrap(BODY, signed(secret=OTHER), [SECRET, SecretStr(OTHER)], now=NOW)
    both = signed()
    both["webhook-signature"] += " " + signed(secret=OTHER)["webhook-signature"]
    unwrap(BODY, both, OTHER, now=NOW)
    with pytest.raises(WebhookRefused, match="signature"):
        unwrap(BODY, signed(secret=OTHER), SECRET, now=NOW)


def test_a_secret_may_be_plain_text_and_end_in_a_newline() -> None:
    unwrap(BODY, signed(secret="plain"), "plain\n", now=NOW)


@pytest.mark.parametrize("apart", [-300, 0, 300])
def test_five_minutes_either_way_are_tolerated(apart: int) -> None:
    unwrap(BODY, signed(), SECRET, now=NOW + apart)


@pytest.mark.parametrize("apart", [-301, 301, 86_400])
def test_what_is_older_or_newer_is_refused(apart: int) -> None:
    with pytest.raises(WebhookRefused, match="last 300 s"):
        unwrap(BODY, signed(), SECRET, now=NOW + apart)


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp"])
def test_headers_that_lack_are_asked_for(missing: str) -> None:
    headers = {name: value for name, value in signed().items() if name != missing}
    with pytest.raises(WebhookRefused, match=missing):
        unwrap(BODY, headers, SECRET, now=NOW)


def test_headers_are_known_in_any_case() -> None:
    headers = {name.title(): value for name, value in signed().items()}
    assert unwrap(BODY, headers, SECRET, now=NOW).id == "wh_1"


@pytest.mark.parametrize("signature", ["", "v1,", "v1", "v2,abc", "ü", "v1,ü " * 99])
def test_what_is_no_signature_is_refused(signature: str) -> None:
    headers = signed() | {"webhook-signature": signature}
    with pytest.raises(WebhookRefused, match="signature"):
        unwrap(BODY, headers, SECRET, now=NOW)
    del headers["webhook-signature"]
    with pytest.raises(WebhookRefused, match="signature"):
        unwrap(BODY, headers, SECRET, now=NOW)


@pytest.mark.parametrize(
    "body",
    [b"", b"x", b"[]", b"{}", b'{"type": 1, "data": {}}', b'{"type": "a", "data": []}'],
)
def test_what_is_signed_and_no_event_is_refused_without_being_quoted(
    body: bytes,
) -> None:
    with pytest.raises(WebhookRefused, match="type and data") as caught:
        unwrap(body, signed(body), SECRET, now=NOW)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("secrets", [[], "", "  ", "whsec_", "whsec_!!!", ["a", ""]])
def test_a_secret_that_is_none_is_our_own_mistake(secrets: Any) -> None:
    with pytest.raises(SecretError):
        unwrap(BODY, signed(), secrets, now=NOW)


@given(
    st.binary(max_size=64),
    st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "x"]),
        st.text(max_size=20),
    ),
)
def test_nobody_gets_in_without_the_secret(
    body: bytes, headers: dict[str, str]
) -> None:
    with pytest.raises(WebhookRefused):
        unwrap(body, headers, SECRET, now=NOW)
    with pytest.raises(WebhookRefused):
        unwrap(body, signed(b"else") | headers, SECRET, now=NOW)
