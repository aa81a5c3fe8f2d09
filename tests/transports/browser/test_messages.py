"""The words of page and server: what each statement of the protocol's page says."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.transports.browser import messages
from voxpipe.transports.browser.messages import (
    Hello,
    Interrupted,
    Muted,
    PicturePiece,
    PlayedTo,
    Unusable,
    Written,
    parse,
    parse_hello,
)
from voxpipe.transports.telephony.carrier import Digit, Stopped, Unknown, WireError

RATE = 24_000
COUNTS = st.integers(0, 2**32 - 1)


def read(kind: str, **fields: Any) -> Any:
    return parse(json.dumps({"type": kind, **fields}), RATE)


# --- from the page


@pytest.mark.parametrize(
    ("message", "event"),
    [
        ({"type": "played", "reply": 3, "ms": 1500.5}, PlayedTo(3, 1.5005)),
        ({"type": "played", "reply": 3, "ms": 20}, PlayedTo(3, 0.02)),
        ({"type": "muted", "muted": True}, Muted(True)),
        ({"type": "interrupt"}, Interrupted()),
        ({"type": "text", "text": "Grüße"}, Written("Grüße")),
        ({"type": "image", "data": "AAAA"}, PicturePiece("AAAA")),
        (
            {"type": "image", "data": "AAAA", "more": True, "text": "?"},
            PicturePiece("AAAA", True, "?"),
        ),
        ({"type": "key", "digit": "#"}, Digit("#")),
        ({"type": "bye"}, Stopped()),
    ],
)
def test_a_message_is_what_its_row_says(message: Any, event: Any) -> None:
    assert parse(json.dumps(message), RATE) == event
    assert parse(json.dumps(message | {"newer": [1]}), RATE) == event


def test_an_unknown_kind_is_passed_over() -> None:
    assert read("wave", hand="left") == Unknown()


def test_a_text_of_white_space_is_none() -> None:
    assert read("text", text=" \n") == Unknown()


def test_the_microphone_is_placed_by_the_samples_before_it() -> None:
    samples = b"\x01\x02" * 960
    assert parse(struct.pack("<I", 48_000) + samples, RATE) == (samples, 2_000)
    assert parse(struct.pack("<I", 480) + samples, 8_000) == (samples, 60)


def test_a_text_that_is_too_long_is_told_of_and_the_call_goes_on() -> None:
    found = read("text", text="a" * 16_385)
    assert isinstance(found, Unusable)
    assert "16385" in found.why
    assert read("text", text="a" * 16_384) == Written("a" * 16_384)


def test_what_people_write_is_in_no_repr() -> None:
    assert "secret" not in repr(Written("secret"))
    assert "secret" not in repr(PicturePiece("secret", text="secret"))
    assert "secret" not in repr(Hello("secret", "secret"))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("", "one JSON object"),
        ("[]", "one JSON object"),
        ("{}", "type to be a text"),
        ('{"type": 1}', "type to be a text"),
        ('{"type": "played", "ms": 1}', "reply to be a whole number"),
        ('{"type": "played", "reply": 1.5, "ms": 1}', "reply to be a whole number"),
        ('{"type": "played", "reply": -1, "ms": 1}', "reply to be a whole number"),
        ('{"type": "played", "reply": 4294967296, "ms": 1}', "reply to be a whole"),
        ('{"type": "played", "reply": 1, "ms": "1"}', "ms to be a number"),
        ('{"type": "played", "reply": 1, "ms": NaN}', "ms to be a number"),
        ('{"type": "played", "reply": 1, "ms": -1}', "ms to be a number"),
        ('{"type": "played", "reply": 1, "ms": true}', "ms to be a number"),
        ('{"type": "muted", "muted": 1}', "muted to be a boolean"),
        ('{"type": "text"}', "text to be a text"),
        ('{"type": "text", "text": "\\ud800"}', "text to be a text"),
        ('{"type": "image", "data": 5}', "data to be a text"),
        ('{"type": "key", "digit": "E"}', "digit to be one of"),
        ('{"type": "hello"}', "another hello"),
        (b"", "number of a sample and audio"),
        (b"\x00\x00\x00\x00", "number of a sample and audio"),
        (b"a" * 65_537, "at most 65536 bytes"),
        ("a" * 65_537, "at most 65536 characters"),
    ],
)
def test_what_is_no_message_says_what_was_expected(
    message: str | bytes, expected: str
) -> None:
    with pytest.raises(WireError, match=r"^expected ") as caught:
        parse(message, RATE)
    assert expected in str(caught.value)


def test_a_piece_of_a_picture_is_bounded() -> None:
    with pytest.raises(WireError, match="at most 48000 characters"):
        read("image", data="A" * 48_001)


def test_hello_comes_first() -> None:
    assert parse_hello('{"type": "hello"}') == Hello()
    assert parse_hello('{"type": "hello", "token": "t", "seat": "s"}') == Hello(
        "t", "s"
    )
    for wrong in ('{"type": "text"}', b"\x00" * 8, "x", '{"type":"hello","seat":3}'):
        with pytest.raises(WireError, match=r"^expected "):
            parse_hello(wrong)
    with pytest.raises(WireError, match="4096 plain characters"):
        parse_hello(json.dumps({"type": "hello", "token": "a" * 4_097}))


# --- to the page


@given(reply=COUNTS, before=st.integers(0, 2**40), data=st.binary(max_size=64))
def test_audio_can_be_read_back(reply: int, before: int, data: bytes) -> None:
    told = messages.audio(reply, before, data)
    assert struct.unpack_from("<II", told) == (reply, min(before, 2**32 - 1))
    assert told[8:] == data


def test_what_is_not_known_is_left_out_but_for_a_price() -> None:
    told = messages.message("cost", usd=None, ms=None)
    assert json.loads(told) == {"type": "cost", "usd": None}
