from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import AudioFormat, AudioFrame, TransportError
from voxpipe.transports.telephony.carrier import (
    Digit,
    Marked,
    Started,
    Stopped,
    Unknown,
    WireError,
)
from voxpipe.transports.telephony.exotel.codec import ExotelCodec

STREAM = "5" * 32
CALL = "7" * 32
FORMAT = AudioFormat("pcm16", 8_000)
SECRET = "4929-1234"
CONNECTED = '{"event":"connected"}'


def message(event: str, **parts: Any) -> str:
    value: dict[str, Any] = {"event": event, "sequence_number": 3, "stream_sid": STREAM}
    return json.dumps(value | parts, separators=(",", ":"))


def start(**changes: Any) -> str:
    body = {
        "stream_sid": STREAM,
        "call_sid": CALL,
        "account_sid": "me",
        "from": "+15550100",
        "to": "+15550199",
        "custom_parameters": {"table": "4"},
        "media_format": {
            "encoding": "base64",
            "sample_rate": "8000",
            "bit_rate": "128kbps",
        },
    }
    return message("start", start=body | changes)


def speech(number: int, **changes: Any) -> str:
    payload = b64encode(bytes([number % 256]) * 320).decode()
    body = {"chunk": number + 1, "timestamp": str(number * 20), "payload": payload}
    return message("media", media=body | changes)


STOP = message("stop", stop={"call_sid": CALL, "account_sid": "me", "reason": "x"})


def streaming() -> ExotelCodec:
    codec = ExotelCodec()
    codec.parse(start())
    return codec


def test_every_message_of_exotels_is_understood() -> None:
    assert ExotelCodec().parse(CONNECTED) is None
    assert ExotelCodec().parse(start()) == Started(
        call_id=CALL,
        format=FORMAT,
        caller="+15550100",
        called="+15550199",
        parameters={"table": "4"},
    )
    codec = streaming()
    text = speech(7)
    assert codec.parse(text) == (json.loads(text)["media"]["payload"], 140)
    assert codec.parse(message("dtmf", dtmf={"duration": "9", "digit": "#"})) == (
        Digit("#")
    )
    assert codec.parse(message("mark", mark={"name": "12"})) == Marked("12")
    assert codec.parse(message("weather")) == Unknown()
    assert codec.parse(STOP) == Stopped()


@given(
    number=st.sampled_from(["3", '"3"']),
    stream=st.sampled_from([STREAM, "other"]),
    timestamp=st.from_regex(r"\d{0,14}", fullmatch=True),
    payload=st.from_regex(r"[A-Za-z0-9+/]{0,8}={0,3}", fullmatch=True),
)
def test_the_usual_way_to_write_audio_is_read_as_every_other(
    number: str, stream: str, timestamp: str, payload: str
) -> None:
    def outcome(text: str) -> object:
        try:
            return streaming().parse(text)
        except WireError as error:
            return str(error)

    usual = (
        f'{{"event":"media","sequence_number":{number},"stream_sid":"{stream}",'
        f'"media":{{"chunk":{number},"timestamp":"{timestamp}","payload":"{payload}"}}}}'
    )
    assert outcome(usual) == outcome(f" {usual}")


@pytest.mark.parametrize("rate", [8_000, "16000", "24000"])
@pytest.mark.parametrize("encoding", ["base64", "raw/slin", "linear16", None])
def test_raw_audio_is_known_by_all_its_names(encoding: str | None, rate: Any) -> None:
    form = {"encoding": encoding, "sample_rate": rate}
    if encoding is None:
        del form["encoding"]
    event = ExotelCodec().parse(start(media_format=form))
    assert isinstance(event, Started)
    assert event.format == AudioFormat("pcm16", int(rate))


def test_a_stream_may_be_named_beside_its_start_only() -> None:
    value = json.loads(start())
    del value["start"]["stream_sid"]
    codec = ExotelCodec()
    assert isinstance(codec.parse(json.dumps(value)), Started)
    assert json.loads(codec.clear()[0])["stream_sid"] == STREAM


MALFORMED: list[tuple[str, str]] = [
    (SECRET, "expected one JSON object, got 9 characters that are not"),
    ("{}", "expected event to be a text, got none"),
    (message("media"), "expected media to be an object, got none"),
    (speech(1, payload=1), "expected media.payload to be base64, got a number"),
    (message("dtmf", dtmf={"digit": "12"}), "one of 0-9*#A-D, got 2 characters"),
    (message("mark", mark={}), "expected mark.name to be a text, got none"),
    (STOP.replace(STREAM, "other"), "of this stream, got one of another"),
    (start(), "got the start of another"),
    (CONNECTED, "got the start of another"),
]


@pytest.mark.parametrize(("text", "complaint"), MALFORMED)
def test_what_is_malformed_is_told_without_its_content(
    text: str, complaint: str
) -> None:
    with pytest.raises(WireError) as caught:
        streaming().parse(text)
    assert complaint in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"call_sid": 'x"y'}, "expected start.call_sid to be letters and digits"),
        ({"stream_sid": "other"}, "stream_sid and start.stream_sid to be the same"),
        ({"from": 7}, "expected start.from to be a text, got a number"),
        ({"media_format": None}, "start.media_format to be an object, got none"),
        ({"media_format": {}}, "sample_rate to be a whole number below a million"),
        ({"media_format": {"sample_rate": "11025"}}, "got '', 11025 Hz: see ?sample-"),
        (
            {"media_format": {"encoding": "audio/x-mulaw", "sample_rate": 8_000}},
            "got 'audio/x-mulaw', 8000 Hz",
        ),
    ],
)
def test_a_stream_that_cannot_be_answered_is_refused(
    changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(TransportError) as caught:
        ExotelCodec().parse(start(**changes))
    assert complaint in str(caught.value)


def test_our_messages_are_json_that_says_what_was_meant() -> None:
    frame = AudioFrame(data=bytes(range(200)) * 16, format=FORMAT)
    audio, mark = map(json.loads, streaming().audio(frame, "17"))
    payload = b64encode(frame.data).decode()
    assert audio == {
        "event": "media",
        "stream_sid": STREAM,
        "media": {"payload": payload},
    }
    assert mark == {"event": "mark", "stream_sid": STREAM, "mark": {"name": "17"}}
    (clear,) = map(json.loads, streaming().clear())
    assert clear == {"event": "clear", "stream_sid": STREAM}


def test_no_repr_shows_who_calls() -> None:
    assert "555" not in repr(ExotelCodec().parse(start()))
