from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import AudioFrame, TransportError
from voxpipe.transports.telephony.carrier import (
    Digit,
    Marked,
    Started,
    Stopped,
    Unknown,
    WireError,
)
from voxpipe.transports.telephony.carrier.codec import Parsed
from voxpipe.transports.telephony.twilio.codec import TwilioCodec

from .carrier import (
    CALL,
    CONNECTED,
    FORMAT,
    STOP,
    STREAM,
    digit,
    message,
    speech,
    start,
)

SECRET = "4929-1234"


def streaming() -> TwilioCodec:
    """One whose stream has begun."""
    codec = TwilioCodec()
    codec.parse(start())
    return codec


def parse(message: str | bytes) -> Parsed:
    """What it says to a codec to which that can be said."""
    is_first = (
        b'"start"' in message if isinstance(message, bytes) else '"start"' in message
    )
    return (TwilioCodec() if is_first else streaming()).parse(message)


def test_every_message_of_twilios_is_understood() -> None:
    assert TwilioCodec().parse(CONNECTED) is None
    assert parse(start()) == Started(
        call_id=CALL, format=FORMAT, parameters={"table": "4", "Name": "Zoë"}
    )
    assert parse(digit("#")) == Digit("#")
    assert parse(message("mark", mark={"name": "12"})) == Marked("12")
    assert parse(STOP) == Stopped()


def test_audio_keeps_the_text_that_it_came_as() -> None:
    text = speech(7)
    assert parse(text) == (json.loads(text)["media"]["payload"], 145)


def outcome(message: str) -> object:
    try:
        return parse(message)
    except WireError as error:
        return str(error)


@given(
    before=st.sampled_from(["", f'"streamSid":"{STREAM}",', '"streamSid":"MZ1",']),
    after=st.sampled_from(["", f',"streamSid":"{STREAM}"', ',"streamSid":null']),
    track=st.sampled_from(["inbound", "outbound", "", "\u00e9"]),
    timestamp=st.from_regex(r"\d{0,14}", fullmatch=True),
    payload=st.from_regex(r"[A-Za-z0-9+/]{0,8}={0,3}", fullmatch=True),
)
def test_the_usual_way_to_write_audio_is_read_as_every_other(
    before: str, after: str, track: str, timestamp: str, payload: str
) -> None:
    usual = (
        f'{{"event":"media","sequenceNumber":"3",{before}"media":{{"track":"{track}",'
        f'"chunk":"2","timestamp":"{timestamp}","payload":"{payload}"}}{after}}}'
    )
    said = outcome(usual)
    # Of a message's length an error may tell, and the white space is a part of it.
    assert said == outcome(f" {usual}")


def test_bytes_are_taken_as_text_is() -> None:
    assert parse(start().encode()) == parse(start())
    assert parse(speech(1).encode()) == parse(speech(1))


def test_white_space_and_order_do_not_matter() -> None:
    value = json.loads(speech(3))
    turned = dict(reversed(value.items()))
    assert parse(f"\n {json.dumps(turned, indent=2)}\r\n") == parse(speech(3))


def test_unknown_kinds_and_fields_are_no_errors() -> None:
    assert parse('{"event":"weather","rain":true}') == Unknown()
    more = json.loads(STOP) | {"why": [1, {"deep": None}], "n": float("nan")}
    assert parse(json.dumps(more)) == Stopped()


@pytest.mark.parametrize(
    "timestamp", ["", "-5", "1.5", "9" * 14, -5, None, True, [], "\ud800", "١٢x"]
)
def test_a_timestamp_that_is_none_takes_no_audio_away(timestamp: Any) -> None:
    event = parse(speech(1, timestamp=timestamp))
    assert isinstance(event, tuple)
    assert event[1] is None


def test_events_cannot_be_changed() -> None:
    event = parse(digit("1"))
    with pytest.raises(FrozenInstanceError):
        event.digit = "x"  # type: ignore[union-attr,misc]  # pyright: ignore[reportOptionalMemberAccess, reportAttributeAccessIssue]


MALFORMED: list[tuple[str | bytes, str]] = [
    ("", "expected one JSON object, got 0 characters that are not"),
    (SECRET, "expected one JSON object, got 9 characters that are not"),
    (f'["{SECRET}"]', "expected one JSON object"),
    ("null", "expected one JSON object"),
    ('{"event":"stop"', "expected one JSON object"),
    ('{"event":"x"} {"event":"x"}', "expected one JSON object"),
    (b'{"event":"\xff"}', "expected one JSON object"),
    ("[" * 60_000, "expected one JSON object"),
    ('{"event":' + "[" * 60_000, "expected one JSON object"),
    ('{"event":' + "9" * 5_000 + "}", "expected one JSON object"),
    (" " * 65_537, "expected a message of at most 65536 characters, got 65537"),
    ("{}", "expected event to be a text, got none"),
    ('{"event":7}', "expected event to be a text, got a number"),
    ('{"event":NaN}', "expected event to be a text, got a number"),
    ('{"event":{}}', "expected event to be a text, got an object"),
    (message("media"), "expected media to be an object, got none"),
    (message("media", media=SECRET), "got 9 characters"),
    (message("media", media={}), "expected media.payload to be base64, got none"),
    (message("media", media={"payload": 1}), "to be base64, got a number"),
    ('{"event":"stop"}', "expected streamSid to be a text, got none"),
    ('{"event":"stop","streamSid":[]}', "expected streamSid to be a text, got a list"),
    ('{"event":"stop","streamSid":"\\ud800"}', "expected streamSid to be a text"),
    (message("mark"), "expected mark to be an object, got none"),
    (message("mark", mark={"name": True}), "mark.name to be a text, got a boolean"),
    (message("dtmf", dtmf=[]), "expected dtmf to be an object, got a list"),
    (digit("12"), "expected dtmf.digit to be one of 0-9*#A-D, got 2 characters"),
    (digit("a"), "expected dtmf.digit to be one of 0-9*#A-D, got 1 characters"),
    (message("start"), "expected start to be an object, got none"),
    (start(streamSid='x"y'), "expected start.streamSid to be letters and digits"),
    (start(streamSid="MZ5"), "expected streamSid and start.streamSid to be the same"),
    (start(callSid=""), "expected start.callSid to be letters and digits"),
    (start(callSid="C" * 129), "got 129 characters"),
    (start(mediaFormat=None), "expected start.mediaFormat to be an object, got none"),
    (
        start(mediaFormat={"encoding": "x", "sampleRate": "8000", "channels": 1}),
        "sampleRate to be a whole number below a million, got 4 characters",
    ),
    (
        start(mediaFormat={"encoding": "x", "sampleRate": 8000, "channels": True}),
        "channels to be a whole number below a million, got a boolean",
    ),
    (
        start(mediaFormat={"encoding": "x", "sampleRate": 10**4_000, "channels": 1}),
        "sampleRate to be a whole number below a million, got a number",
    ),
    (start(customParameters=[]), "start.customParameters to be an object, got a list"),
    (start(customParameters={"a": 1}), "customParameters to be texts, got a number"),
    (start(customParameters={"a": "\udc00"}), "customParameters to be texts"),
    (start(customParameters={"\udc00": SECRET}), "customParameters to be texts"),
    (
        start(customParameters={str(n): "" for n in range(65)}),
        "expected at most 64 start.customParameters, got 65",
    ),
    (start(customParameters={"a": "x" * 4_097}), "of at most 4096 characters each"),
    (start(customParameters={"x" * 4_097: "a"}), "of at most 4096 characters each"),
]


@pytest.mark.parametrize(("text", "complaint"), MALFORMED)
def test_what_is_malformed_is_told_without_its_content(
    text: str | bytes, complaint: str
) -> None:
    with pytest.raises(WireError) as caught:
        parse(text)
    assert complaint in str(caught.value)
    assert SECRET not in str(caught.value)
    # Nor may a log of the whole chain have it.
    assert caught.value.__context__ is caught.value.__cause__ is None
    assert isinstance(caught.value, TransportError)


def test_what_is_allowed_at_most_is_taken() -> None:
    most = {str(n): "x" for n in range(63)} | {"y" * 4_096: "z" * 4_096}
    event = parse(start(customParameters=most))
    assert isinstance(event, Started)
    assert event.parameters == most
    assert parse(STOP + " " * (65_536 - len(STOP))) == Stopped()


def test_parameters_may_be_missing() -> None:
    event = parse(start(customParameters=None))
    assert isinstance(event, Started)
    assert event.parameters == {}


def test_no_repr_shows_what_was_said_typed_or_passed_on() -> None:
    shown = [
        repr(parse(start(customParameters={"token": SECRET}))),
        repr(parse(digit("7"))),
    ]
    assert shown == [f"Started(call_id='{CALL}', format={FORMAT!r})", "Digit()"]


def test_a_stream_begins_once_and_what_is_of_another_is_refused() -> None:
    codec = streaming()
    for again in (CONNECTED, start()):
        with pytest.raises(WireError, match="got the start of another"):
            codec.parse(again)
    for stranger in (speech(1), digit("1"), STOP):
        with pytest.raises(WireError, match="of this stream, got one of another"):
            codec.parse(stranger.replace(STREAM, "MZ1"))


@given(st.binary(max_size=400))
def test_our_messages_are_json_that_says_what_was_meant(data: bytes) -> None:
    frame = AudioFrame(data=data, format=FORMAT)
    audio, mark = map(json.loads, streaming().audio(frame, "17"))
    assert audio == {
        "event": "media",
        "streamSid": STREAM,
        "media": {"payload": b64encode(data).decode()},
    }
    assert mark == {"event": "mark", "streamSid": STREAM, "mark": {"name": "17"}}
    assert len(streaming().audio(frame, None)) == 1
    (clear,) = map(json.loads, streaming().clear())
    assert clear == {"event": "clear", "streamSid": STREAM}
