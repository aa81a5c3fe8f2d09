from __future__ import annotations

import json
from typing import Any

import pytest

from voxpipe.pipeline import AudioFormat, AudioFrame, TransportError
from voxpipe.transports.telephony.carrier import (
    Digit,
    Marked,
    Started,
    Unknown,
    WireError,
)
from voxpipe.transports.telephony.vonage.codec import CALL_ID, VonageCodec

CALL = "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"
SECRET = "4929-1234"


def connected(rate: int = 16_000, **headers: Any) -> str:
    value = {"event": "websocket:connected", "content-type": f"audio/l16;rate={rate}"}
    return json.dumps({**value, CALL_ID: CALL, **headers})


def streaming(rate: int = 16_000) -> VonageCodec:
    codec = VonageCodec()
    codec.parse(connected(rate))
    return codec


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000])
def test_the_first_message_says_the_rate_and_brings_the_headers(rate: int) -> None:
    assert VonageCodec().parse(connected(rate, table="4")) == Started(
        call_id=CALL, format=AudioFormat("pcm16", rate), parameters={"table": "4"}
    )


def test_a_stream_that_does_not_name_its_event_or_call_has_begun_all_the_same() -> None:
    said = VonageCodec().parse('{"app":"x","content-type":"audio/l16; rate=8000"}')
    assert isinstance(said, Started)
    assert (said.parameters, len(said.call_id)) == ({"app": "x"}, 32)


def test_every_message_of_vonages_is_understood() -> None:
    codec = streaming()
    assert codec.parse(b"\1\2" * 320) == (b"\1\2" * 320, None)
    assert codec.parse('{"event":"websocket:dtmf","digit":"5","duration":260}') == (
        Digit("5")
    )
    told = '{"event":"websocket:notify","payload":{"mark":"12"}}'
    assert codec.parse(told) == Marked("12")
    assert codec.parse('{"event":"websocket:cleared"}') is None
    assert codec.parse('{"event":"websocket:weather"}') == Unknown()


MALFORMED: list[tuple[str | bytes, str]] = [
    (SECRET, "expected one JSON object, got 9 characters that are not"),
    ('{"event":7}', "expected event to be a text, got a number"),
    (b"\0" * 65_537, "expected a message of at most 65536 bytes, got 65537"),
    (connected(), "got the start of another"),
    ('{"event":"websocket:dtmf"}', "expected digit to be a text, got none"),
    ('{"event":"websocket:dtmf","digit":"x"}', "to be one of 0-9*#A-D"),
    ('{"event":"websocket:notify"}', "expected payload to be an object, got none"),
    ('{"event":"websocket:notify","payload":{"mark":1}}', "payload.mark to be a text"),
]


@pytest.mark.parametrize(("message", "complaint"), MALFORMED)
def test_what_is_malformed_is_told_without_its_content(
    message: str | bytes, complaint: str
) -> None:
    with pytest.raises(WireError) as caught:
        streaming().parse(message)
    assert complaint in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        (b"\0\0", "expected websocket:connected before audio"),
        ('{"event":"websocket:connected"}', "expected content-type to be a text"),
        (connected(header=[]), "expected headers to be texts, got a list"),
        (connected().replace(CALL, "x y"), "letters and digits, got 3 characters"),
        (connected(11_025), "expected content-type audio/l16;rate=8000, 16000 or 24"),
        (
            '{"content-type":"audio/l8;rate=8000"}',
            "got 'audio/l8;rate=8000': see content-type in the NCCO",
        ),
    ],
)
def test_a_stream_that_cannot_be_answered_is_refused(
    message: str | bytes, complaint: str
) -> None:
    with pytest.raises(TransportError) as caught:
        VonageCodec().parse(message)
    assert complaint in str(caught.value)


@pytest.mark.parametrize(("rate", "size"), [(8_000, 320), (16_000, 640), (24_000, 960)])
def test_audio_leaves_as_it_is_20_ms_a_message(rate: int, size: int) -> None:
    data = bytes(range(160)) * (size // 32)
    frame = AudioFrame(data=data, format=AudioFormat("pcm16", rate))
    *audio, mark = streaming(rate).audio(frame, "7")
    assert [len(each) for each in audio] == [size] * 5
    assert b"".join(each for each in audio if isinstance(each, bytes)) == data
    assert json.loads(mark) == {"action": "notify", "payload": {"mark": "7"}}
    assert len(streaming(rate).audio(frame, None)) == 5


def test_a_clear_is_an_action() -> None:
    assert streaming().clear() == ('{"action":"clear"}',)
