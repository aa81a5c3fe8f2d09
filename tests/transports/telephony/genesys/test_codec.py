from __future__ import annotations

import json
from typing import Any

import pytest

from voxpipe.pipeline import AudioFormat, AudioFrame, TransportError
from voxpipe.transports.telephony.carrier import (
    Audio,
    Digit,
    Event,
    Started,
    Stopped,
    Unknown,
    WireError,
)
from voxpipe.transports.telephony.carrier.events import (
    Complaint,
    Paused,
    Played,
    Resumed,
    Slowed,
    Sounding,
    Wanted,
)
from voxpipe.transports.telephony.genesys.codec import NOBODY, GenesysCodec

from .hook import (
    CONVERSATION,
    L16,
    ORGANIZATION,
    PCMU,
    SESSION,
    STEREO,
    message,
    opening,
)

SECRET = "4929-1234"
ULAW = AudioFormat("ulaw", 8_000)


def opened(media: list[Any] | None = None) -> GenesysCodec:
    codec = GenesysCodec()
    event = codec.parse(opening(media=media or [PCMU]))
    assert isinstance(event, Wanted)
    event.answer()
    return codec


def answer_to(event: Audio | Event | None) -> dict[str, Any]:
    assert isinstance(event, Wanted)
    answer: dict[str, Any] = json.loads(event.answer())
    return answer


def test_an_open_is_answered_with_the_media_that_pass_undecoded_and_begins() -> None:
    codec = GenesysCodec()
    event = codec.parse(opening())
    assert answer_to(event) == {
        "version": "2",
        "id": SESSION,
        "type": "opened",
        "seq": 1,
        "clientseq": 1,
        "parameters": {"media": [PCMU]},
    }
    assert isinstance(event, Wanted)
    assert event.then == Started(
        call_id=CONVERSATION,
        format=ULAW,
        caller="+15550100",
        called="+15550199",
        parameters={"table": "4"},
    )
    assert codec.organization == ORGANIZATION


def test_l16_is_taken_where_there_is_nothing_better() -> None:
    event = GenesysCodec().parse(opening(media=[STEREO, L16]))
    assert isinstance(event, Wanted)
    assert isinstance(event.then, Started)
    assert event.then.format == AudioFormat("pcm16", 8_000)
    assert answer_to(event)["parameters"] == {"media": [L16]}


def test_a_probe_is_opened_and_is_no_call() -> None:
    codec = GenesysCodec()
    event = codec.parse(opening(conversationId=NOBODY))
    assert isinstance(event, Wanted)
    assert event.then is None
    assert answer_to(event)["parameters"] == {"media": []}
    assert answer_to(codec.parse(message("ping")))["type"] == "pong"


@pytest.mark.parametrize(
    ("kind", "parameters", "event"),
    [
        ("paused", {}, Paused()),
        ("resumed", {"start": "PT1S", "discarded": "PT2.5S"}, Resumed()),
        ("dtmf", {"digit": "#"}, Digit("#")),
        ("playback_started", {}, Sounding()),
        ("playback_completed", {}, Played()),
        ("weather", {}, Unknown()),
        (
            "error",
            {"code": 429, "message": SECRET, "retryAfter": "PT3S"},
            Complaint("expected to be understood, got error 429", Slowed(3.0)),
        ),
    ],
)
def test_every_message_of_genesys_is_understood(
    kind: str, parameters: dict[str, Any], event: Event
) -> None:
    assert opened().parse(message(kind, **parameters)) == event


def test_what_wants_an_answer_gets_it_numbered_when_it_is_sent() -> None:
    codec = opened()
    ping, update = codec.parse(message("ping")), codec.parse(message("update", 3))
    assert [(answer_to(e)["type"], answer_to(e)["seq"]) for e in (update, ping)] == [
        ("updated", 3),
        ("pong", 5),
    ]
    closing = codec.parse(message("close", 4, reason="end"))
    assert isinstance(closing, Wanted)
    assert closing.then == Stopped()
    assert answer_to(closing)["clientseq"] == 4


def test_audio_has_a_place_and_what_was_discarded_leaves_a_gap() -> None:
    codec = opened()
    assert codec.parse(b"a" * 160) == (b"a" * 160, 0)
    assert codec.parse(b"b" * 1_600) == (b"b" * 1_600, 20)
    lost = message("discarded", start="PT0.22S", discarded="PT1.5S")
    assert codec.parse(lost) == Unknown()
    assert codec.parse(b"c") == (b"c", 1_720)


def test_a_position_that_is_ahead_of_what_came_tells_of_a_gap() -> None:
    codec = opened()
    codec.parse(message("ping").replace("PT0S", "PT0.04S"))  # half a frame, and more
    assert codec.parse(b"a") == (b"a", 0)
    codec.parse(message("ping", 3).replace("PT0S", "PT12.345678S"))
    assert codec.parse(b"a") == (b"a", 12_345)


def test_messages_that_are_missing_are_told_and_the_next_is_understood() -> None:
    codec = opened()
    assert codec.parse(message("dtmf", 5, digit="1")) == Complaint(
        "expected every message, 3 are missing", Digit("1")
    )
    assert codec.parse(message("dtmf", 6, digit="2")) == Digit("2")


MALFORMED: list[tuple[str | bytes, str]] = [
    (SECRET, "expected one JSON object, got 9 characters that are not"),
    ("{}", "expected type to be a text, got none"),
    (b"\0" * 65_537, "expected a message of at most 65536 bytes, got 65537"),
    (opening(), "expected seq to rise, got a message again"),
    (message("open", 2, organizationId="x"), "got the start of another"),
    (message("ping", 1), "expected seq to rise, got a message again"),
    (message("ping", 0), "seq to be a whole number below a million"),
    (message("ping", 2, 2), "expected serverseq to be of a message of ours"),
    (message("ping", 2, -1), "expected serverseq to be of a message of ours"),
    (message("ping").replace('"2"', '"3"'), "expected version to be '2'"),
    (message("ping").replace(SESSION, "other"), "of this session, got one of another"),
    (message("ping").replace("PT0S", "PT1M"), "position to be seconds such as PT1.5S"),
    (message("dtmf"), "expected parameters.digit to be a text, got none"),
    (message("discarded", start="PT1S"), "expected discarded to be a text, got none"),
    (message("error", code="429"), "parameters.code to be a whole number"),
]


@pytest.mark.parametrize(("text", "complaint"), MALFORMED)
def test_what_is_malformed_is_told_without_its_content(
    text: str | bytes, complaint: str
) -> None:
    codec = opened()
    with pytest.raises(WireError) as caught:
        codec.parse(text)
    assert complaint in str(caught.value)
    assert SECRET not in str(caught.value)
    assert codec.parse(message("dtmf", digit="1")) == Digit("1")  # its number is free


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b"\0", "expected open before audio"),
        (message("ping", 1), "expected open before all else"),
        (opening(media=None), "expected parameters.media to be a list, got none"),
        (opening(media=[STEREO, 7, {}]), "is it an AudioHook Monitor?"),
        (opening(conversationId='x"y'), "conversationId to be letters and digits"),
        (opening(participant={"ani": 1}), "parameters.ani to be a text, got a number"),
        (opening(inputVariables={"a": 1}), "inputVariables to be texts, got a number"),
    ],
)
def test_a_session_that_cannot_be_answered_is_refused(
    text: str | bytes, complaint: str
) -> None:
    with pytest.raises(TransportError) as caught:
        GenesysCodec().parse(text)
    assert complaint in str(caught.value)


def test_what_we_say_is_numbered_and_sound_is_as_it_is() -> None:
    codec = opened()
    frame = AudioFrame(data=b"x" * 1_600, format=ULAW)
    assert codec.audio(frame, "7") == (frame.data,)
    said = [
        json.loads(each)
        for each in (*codec.clear(), *codec.pause(), *codec.resume(), *codec.goodbye())
    ]
    assert [(each["type"], each["seq"]) for each in said] == [
        ("event", 2),
        ("pause", 3),
        ("resume", 4),
        ("disconnect", 5),
    ]
    assert said[0]["parameters"] == {"entities": [{"type": "barge_in", "data": {}}]}
    assert said[3]["parameters"] == {"reason": "completed"}


def test_no_repr_shows_who_calls() -> None:
    assert "555" not in repr(GenesysCodec().parse(opening()))
