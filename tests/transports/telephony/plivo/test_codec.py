"""Plivo's messages: what they say, and how it is told what to do."""

from __future__ import annotations

import json

import pytest

from voxpipe.pipeline import AudioFormat, AudioFrame, TransportError
from voxpipe.transports.telephony.carrier import (
    Digit,
    Marked,
    Started,
    Unknown,
    WireError,
)
from voxpipe.transports.telephony.plivo.codec import PlivoCodec
from voxpipe.transports.telephony.testing import PlivoWords

PCM_16K = AudioFormat("pcm16", 16_000)

# As Plivo's documentation has it.
DOCUMENTED = """{
  "event": "start",
  "sequenceNumber": 1,
  "start": {
    "callId": "12345678-1234-1234-1234-123456789abc",
    "streamId": "87654321-4321-4321-4321-cba987654321",
    "accountId": "MAXXXXXXXXXXXXXXXXXX",
    "tracks": ["inbound"],
    "mediaFormat": {"encoding": "%s", "sampleRate": %d}
  },
  "extra_headers": "%s"
}"""


def begun(words: PlivoWords) -> PlivoCodec:
    codec = PlivoCodec()
    (start,) = words.opening({})
    assert isinstance(codec.parse(start), Started)
    return codec


@pytest.mark.parametrize(
    ("encoding", "rate", "format"),
    [
        ("audio/x-mulaw", 8_000, AudioFormat("ulaw", 8_000)),
        ("audio/x-l16", 8_000, AudioFormat("pcm16", 8_000)),
        ("audio/x-l16", 16_000, PCM_16K),
    ],
)
def test_a_stream_says_what_it_is(
    encoding: str, rate: int, format: AudioFormat
) -> None:
    event = PlivoCodec().parse(DOCUMENTED % (encoding, rate, "userId=1;name=a%20b"))
    assert isinstance(event, Started)
    assert event.call_id == "12345678-1234-1234-1234-123456789abc"
    assert event.format == format
    assert event.parameters == {"userId": "1", "name": "a b"}


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("", {}),
        ("test1=12,test2=123", {"test1": "12", "test2": "123"}),
        ("{X-PH-test1: 12, X-PH-test2: 34}", {"test1": "12", "test2": "34"}),
        ("{}", {}),
        ("=;;=,", {}),
    ],
)
def test_extra_headers_are_read_however_they_are_written(
    text: str, parameters: dict[str, str]
) -> None:
    event = PlivoCodec().parse(DOCUMENTED % ("audio/x-mulaw", 8_000, text))
    assert isinstance(event, Started)
    assert event.parameters == parameters


def test_what_cannot_be_answered_is_refused_with_what_came() -> None:
    with pytest.raises(TransportError, match="got 'audio/x-mulaw', 16000 Hz"):
        PlivoCodec().parse(DOCUMENTED % ("audio/x-mulaw", 16_000, ""))


def test_audio_that_is_written_otherwise_is_the_same() -> None:
    words = PlivoWords()
    codec = begun(words)
    message = words.media("AAAA", 3)
    assert isinstance(message, str)
    assert codec.parse(message) == ("AAAA", 1_705_312_200_040)
    assert codec.parse(json.dumps(json.loads(message), indent=1)) == codec.parse(
        message
    )


def test_keys_and_checkpoints() -> None:
    words = PlivoWords()
    codec = begun(words)
    assert codec.parse(words.dtmf("#")) == Digit("#")
    assert codec.parse(words.mark("7")) == Marked("7")
    assert codec.parse(words.cleared()[0]) is None
    assert codec.parse('{"event":"future"}') == Unknown()


def test_a_message_of_another_stream_is_refused() -> None:
    other = PlivoWords()
    other.opening({})
    with pytest.raises(WireError, match="another"):
        begun(PlivoWords()).parse(other.media("AAAA", 1))


def test_orders_are_written_as_plivo_reads_them() -> None:
    words = PlivoWords(PCM_16K)
    codec = begun(words)
    frame = AudioFrame(data=b"\x01" * 640, format=PCM_16K)
    audio, mark = (json.loads(each) for each in codec.audio(frame, "9"))
    stream = audio.pop("streamId")
    assert audio == {
        "event": "playAudio",
        "media": {
            "contentType": "audio/x-l16",
            "sampleRate": 16_000,
            "payload": frame.base64,
        },
    }
    assert mark == {"event": "checkpoint", "streamId": stream, "name": "9"}
    assert [json.loads(each) for each in codec.clear()] == [
        {"event": "clearAudio", "streamId": stream}
    ]
