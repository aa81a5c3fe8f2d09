"""What a webhook says of a call."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.transports.telephony.sip import Webhook, WebhookRefused, sign, unwrap
from voxpipe.transports.telephony.sip.incoming import incoming


def webhook(type: str = "realtime.call.incoming", **data: Any) -> Webhook:
    return Webhook(id="wh_1", type=type, sent_at=0, data=data)


def headers(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def test_a_call_says_who_calls_whom_and_keeps_every_header() -> None:
    given = headers(
        ("From", '"Ada" <sip:+4930123@carrier.example>;tag=1'),
        ("To", "<sips:proj_1@sip.api.openai.com;transport=tls>"),
        ("X-Queue", "a"),
        ("x-queue", "b"),
    )
    call = incoming(
        webhook(call_id="rtc_1", sip_headers=given, sip_media_security="srtp")
    )
    assert call is not None
    assert (call.id, call.caller, call.called) == ("rtc_1", "+4930123", "proj_1")
    assert call.header("X-QUEUE") == "a"
    assert len(call.headers) == 4
    assert call.media_security == "srtp"
    assert "4930123" not in repr(call)


@pytest.mark.parametrize(
    ("address", "user"),
    [
        ("tel:+49-30-1", "+49-30-1"),
        ("sip:anonymous@anonymous.invalid", "anonymous"),
        ("sip:example.com", ""),
        ("", ""),
        ("nonsense", ""),
    ],
)
def test_an_address_names_who_is_in_front_of_the_at(address: str, user: str) -> None:
    call = incoming(webhook(call_id="rtc_1", sip_headers=headers(("from", address))))
    assert call is not None
    assert call.caller == user


def test_one_header_is_refused_as_any_other_is() -> None:
    texts: set[str] = set()
    for place in range(5):
        bad = [*headers(*[("From", "x")] * place), {"name": "To"}]
        with pytest.raises(WebhookRefused) as caught:
            incoming(webhook(call_id="rtc_1", sip_headers=bad))
        texts.add(str(caught.value))
    assert len(texts) == 1


def test_a_webhook_about_something_else_is_no_call() -> None:
    assert incoming(webhook("live.transport.incoming", session_id="live_1")) is None
    assert incoming(webhook("response.completed")) is None


def test_fields_that_are_new_or_absent_do_no_harm() -> None:
    call = incoming(webhook(call_id="rtc_1", sip_media_security=None, more=1))
    assert call is not None
    assert call.headers == ()


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"call_id": "../x"},
        {"call_id": 7},
        {"call_id": "rtc_1", "sip_headers": [{"name": "From"}]},
        {"call_id": "rtc_1", "sip_headers": "+4930123"},
    ],
)
def test_a_call_that_cannot_be_read_is_refused_without_quoting_it(data: Any) -> None:
    with pytest.raises(WebhookRefused) as caught:
        incoming(webhook(**data))
    assert "+4930123" not in str(caught.value)
    assert caught.value.__context__ is None


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner)
    ),
    max_leaves=10,
)
fields = st.sampled_from(["type", "data", "call_id", "sip_headers", "name", "value"])
events = st.dictionaries(fields, values | st.dictionaries(fields, values))


@given(
    st.binary(max_size=200) | (values | events).map(lambda v: json.dumps(v).encode())
)
def test_whatever_is_signed_is_a_call_or_not_or_refused(body: bytes) -> None:
    headers = sign(body, "whsec_c2VjcmV0", id="wh_1", sent_at=0)
    try:
        call = incoming(unwrap(body, headers, "whsec_c2VjcmV0", now=0))
    except WebhookRefused:
        return
    assert call is None or call.id
