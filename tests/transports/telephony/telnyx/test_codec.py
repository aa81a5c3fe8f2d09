"""Telnyx' messages: what they say, and how it is told what to do."""

from __future__ import annotations

import json
from random import Random

import pytest

from voxpipe.pipeline import AudioFormat, AudioFrame, TransportError
from voxpipe.transports.telephony.carrier import (
    Digit,
    Marked,
    Started,
    Stopped,
    Unknown,
    WireError,
)
from voxpipe.transports.telephony.carrier.codec import Parsed
from voxpipe.transports.telephony.carrier.events import Complaint
from voxpipe.transports.telephony.telnyx.codec import TelnyxCodec
from voxpipe.transports.telephony.testing import TelnyxWords

PCM_16K = AudioFormat("pcm16", 16_000)


def begun(words: TelnyxWords) -> TelnyxCodec:
    codec = TelnyxCodec()
    for message in words.opening({}):
        codec.parse(message)
    return codec


def audio_in(parsed: Parsed) -> list[str | bytes]:
    """The payloads, in order."""
    if isinstance(parsed, tuple):
        return [parsed[0]]
    if not isinstance(parsed, list):
        return []
    return [each[0] for each in parsed if isinstance(each, tuple)]


# As Telnyx' documentation has it, with its whitespace.
DOCUMENTED = """{
  "event": "start",
  "sequence_number": "1",
  "start": {
    "user_id": "3e6f995f-85f7-4705-9741-53b116d28237",
    "call_control_id": "v2:T02llQxIyaRkhfRKxgAP8nY511EhFLizdvdUKJiSw8d6A9BborherQ",
    "client_state": "aGF2ZSBhIG5pY2UgZGF5ID1d",
    "media_format": {"encoding": "%s", "sample_rate": %d, "channels": %d}
  },
  "stream_id": "32de0dea-53cb-4b21-89a4-9e1819c043bc"
}"""


@pytest.mark.parametrize(
    ("encoding", "rate", "format"),
    [
        ("PCMU", 8_000, AudioFormat("ulaw", 8_000)),
        ("audio/x-mulaw", 8_000, AudioFormat("ulaw", 8_000)),
        ("PCMA", 8_000, AudioFormat("alaw", 8_000)),
        ("L16", 8_000, AudioFormat("pcm16", 8_000)),
        ("L16", 16_000, PCM_16K),
        ("L16", 24_000, AudioFormat("pcm16", 24_000)),
    ],
)
def test_a_stream_says_what_it_is(
    encoding: str, rate: int, format: AudioFormat
) -> None:
    event = TelnyxCodec().parse(DOCUMENTED % (encoding, rate, 1))
    assert isinstance(event, Started)
    assert event.call_id.startswith("v2:T02ll")
    assert event.format == format


@pytest.mark.parametrize(
    ("encoding", "rate", "channels"),
    [("PCMU", 16_000, 1), ("OPUS", 48_000, 1), ("L16", 44_100, 1), ("PCMU", 8_000, 2)],
)
def test_what_cannot_be_answered_is_refused_with_what_came(
    encoding: str, rate: int, channels: int
) -> None:
    with pytest.raises(TransportError, match=f"got '{encoding}', {rate} Hz") as caught:
        TelnyxCodec().parse(DOCUMENTED % (encoding, rate, channels))
    assert not isinstance(caught.value, WireError)


def test_audio_comes_in_the_order_in_which_it_was_said() -> None:
    words = TelnyxWords()
    codec = begun(words)
    spoken = [words.media(f"AAA{n % 10}", n + 1) for n in range(200)]
    dice, heard = Random(5), list[str | bytes]()
    for at in range(1, len(spoken) - 4, 4):  # within the bound of three
        part = spoken[at : at + 3]
        dice.shuffle(part)
        spoken[at : at + 3] = part
    for message in spoken:
        heard += audio_in(codec.parse(message))
        if dice.random() < 0.2:
            assert codec.parse(message) == []  # it came twice
    assert heard == [f"AAA{n % 10}" for n in range(200)]


def test_a_chunk_that_never_comes_is_told_of_and_the_rest_goes_on() -> None:
    words = TelnyxWords()
    codec = begun(words)
    assert audio_in(codec.parse(words.media("AAAA", 1))) == ["AAAA"]
    for chunk in (3, 4, 5):
        assert codec.parse(words.media("AAAA", chunk)) == []
    parsed = codec.parse(words.media("BBBB", 6))
    assert isinstance(parsed, list)
    assert isinstance(parsed[0], Complaint)
    assert "1 chunks" in parsed[0].why
    assert audio_in(parsed) == ["AAAA"] * 3 + ["BBBB"]


def test_audio_that_is_written_otherwise_is_the_same() -> None:
    words = TelnyxWords()
    usual, spaced = begun(words), TelnyxCodec()
    stream = json.loads(words.media("", 1))["stream_id"]
    spaced.parse(
        json.dumps(json.loads(DOCUMENTED % ("PCMU", 8000, 1)) | {"stream_id": stream})
    )
    message = words.media("AAAA", 1)
    assert spaced.parse(json.dumps(json.loads(message), indent=1)) == usual.parse(
        message
    )


def test_keys_marks_and_the_end() -> None:
    words = TelnyxWords()
    codec = begun(words)
    assert codec.parse(words.dtmf("#")) == Digit("#")
    assert codec.parse(words.mark("7")) == Marked("7")
    assert codec.parse('{"event":"future"}') == Unknown()
    assert codec.parse(words.stop()[0]) == Stopped()


def test_an_error_is_told_by_its_number_and_not_in_its_words() -> None:
    event = begun(TelnyxWords()).parse(
        '{"event":"error","payload":{"code":100003,"title":"malformed_frame",'
        '"detail":"secret"},"stream_id":"1"}'
    )
    assert isinstance(event, Complaint)
    assert "100003" in event.why
    assert "secret" not in event.why


def test_a_message_of_another_stream_is_refused() -> None:
    with pytest.raises(WireError, match="another"):
        begun(TelnyxWords()).parse(TelnyxWords().media("AAAA", 1))


def test_orders_are_written_as_telnyx_reads_them() -> None:
    words = TelnyxWords()
    codec = begun(words)
    frame = AudioFrame(data=b"\x01" * 160, format=words.format)
    audio, mark = codec.audio(frame, "9")
    assert json.loads(audio) == {"event": "media", "media": {"payload": frame.base64}}
    assert json.loads(mark) == {"event": "mark", "mark": {"name": "9"}}
    assert [json.loads(each) for each in codec.clear()] == [{"event": "clear"}]
