from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.transports.telephony.testing import (
    BadLine,
    GenesysWords,
    Leg,
    Sids,
    Speech,
)
from voxpipe.transports.telephony.testing.leg import MAX_DELAY
from voxpipe.transports.telephony.twilio.codec import TwilioCodec

SIDS = Sids("AC" + "a" * 32, "CA" + "b" * 32, "MZ" + "c" * 32)
LOUD, SILENT = b"\x80", b"\xff"
SECOND = 8_000


def leg(**options: Any) -> Leg:
    return Leg(0.0, sids=SIDS, **options)


def media(audio: bytes, stream: str = SIDS.stream) -> str:
    payload = base64.b64encode(audio).decode()
    return json.dumps(
        {"event": "media", "streamSid": stream, "media": {"payload": payload}}
    )


def mark(name: str) -> str:
    return json.dumps(
        {"event": "mark", "streamSid": SIDS.stream, "mark": {"name": name}}
    )


CLEAR = json.dumps({"event": "clear", "streamSid": SIDS.stream})


def tick(leg: Leg) -> list[Any]:
    """One frame later, on time."""
    return [json.loads(each) for each in leg.tick(leg.next_at)]


# --- what leaves


def test_a_stream_opens_with_the_messages_that_twilio_documents() -> None:
    connected, start = map(json.loads, leg(parameters={"who": 'Ada "A"'}).opening())
    assert connected == {"event": "connected", "protocol": "Call", "version": "1.0.0"}
    assert start == {
        "event": "start",
        "sequenceNumber": "1",
        "start": {
            "accountSid": SIDS.account,
            "streamSid": SIDS.stream,
            "callSid": SIDS.call,
            "tracks": ["inbound"],
            "mediaFormat": {
                "encoding": "audio/x-mulaw",
                "sampleRate": 8000,
                "channels": 1,
            },
            "customParameters": {"who": 'Ada "A"'},
        },
        "streamSid": SIDS.stream,
    }


def test_a_silent_line_sends_silence_every_20_ms() -> None:
    line = leg()
    line.opening()
    (first,), (second,) = tick(line), tick(line)
    assert first == {
        "event": "media",
        "sequenceNumber": "2",
        "media": {
            "track": "inbound",
            "chunk": "1",
            "timestamp": "0",
            "payload": base64.b64encode(SILENT * 160).decode(),
        },
        "streamSid": SIDS.stream,
    }
    assert second["sequenceNumber"] == "3"
    assert (second["media"]["chunk"], second["media"]["timestamp"]) == ("2", "20")
    assert line.next_at == pytest.approx(0.06)


def test_what_is_said_is_sent_and_then_there_is_silence_again() -> None:
    line, speech = leg(), Speech.of(LOUD * 320)
    line.say(speech)
    sent = [tick(line)[-1]["media"]["payload"] for _ in range(3)]
    assert sent[:2] == list(speech.frames)
    assert base64.b64decode(sent[2]) == SILENT * 160
    assert not line.speaking
    assert line.measured.utterances == 1


def test_keys_are_sent_as_twilio_sends_them() -> None:
    line = leg()
    line.press("4#")
    four, hash_key, audio = tick(line)
    assert four == {
        "event": "dtmf",
        "streamSid": SIDS.stream,
        "sequenceNumber": "1",
        "dtmf": {"track": "inbound_track", "digit": "4"},
    }
    assert hash_key["dtmf"]["digit"] == "#"
    assert audio["event"] == "media"


@pytest.mark.parametrize("keys", ["E", "1,2", "12x", "d"])
def test_a_key_that_no_telephone_has_is_refused_and_none_is_pressed(keys: str) -> None:
    line = leg()
    with pytest.raises(ValueError, match=r"keys are 0-9, \*, # and A to D"):
        line.press(keys)
    assert len(tick(line)) == 1


def test_a_call_ends_with_stop_and_nothing_follows() -> None:
    line = leg()
    line.hang_up()
    assert tick(line) == [
        {
            "event": "stop",
            "sequenceNumber": "1",
            "stop": {"accountSid": SIDS.account, "callSid": SIDS.call},
            "streamSid": SIDS.stream,
        }
    ]
    assert line.stopped
    assert tick(line) == []


def test_all_that_leaves_is_numbered_in_the_order_of_leaving() -> None:
    line = leg()
    line.receive(mark("1"), 0.0)
    line.press("1")
    line.hang_up()
    messages = [json.loads(line.opening()[1]), *tick(line)]
    assert [each["sequenceNumber"] for each in messages] == ["1", "2", "3", "4"]
    assert [each["event"] for each in messages] == ["start", "mark", "dtmf", "stop"]


def test_rubbish_can_be_put_in_between() -> None:
    line = leg()
    line.put("{")
    rubbish, _ = line.tick(line.next_at)
    assert rubbish == "{"


def test_all_that_leaves_is_what_the_agents_side_expects() -> None:
    line = leg(parameters={"who": "Ada"})
    line.receive(mark("one"), 0.0)
    line.press("5")
    messages = [*line.opening(), *line.tick(line.next_at)]
    line.hang_up()
    parse = TwilioCodec().parse
    events = [parse(each) for each in (*messages, *line.tick(line.next_at))]
    kinds = [type(each).__name__ for each in events]
    assert kinds == ["NoneType", "Started", "Marked", "Digit", "tuple", "Stopped"]


def test_frames_that_are_late_are_made_up_for_and_very_late_ones_never_sent() -> None:
    line = leg()
    line.say(Speech.of(LOUD * 4 * SECOND))
    line.tick(3.0)
    assert line.measured.late == pytest.approx(2.98)
    assert line.measured.skipped == 99
    sent = 1
    while line.next_at <= 3.0:
        line.tick(3.0)
        sent += 1
    assert sent == round(MAX_DELAY * 50) + 1
    assert line.measured.frames + line.measured.skipped == 150


# --- what comes


def test_a_mark_comes_back_when_what_was_before_it_has_been_played() -> None:
    line = leg()
    line.receive(media(LOUD * 320), 0.0)  # 40 ms
    line.receive(mark("end"), 0.0)
    assert [each["event"] for each in tick(line)] == ["media"]
    returned, _ = tick(line)
    assert returned == {
        "event": "mark",
        "sequenceNumber": "2",
        "streamSid": SIDS.stream,
        "mark": {"name": "end"},
    }
    assert (line.measured.marks, line.measured.marks_returned) == (1, 1)
    assert list(line.measured.mark_after) == [pytest.approx(0.04)]


def test_clear_silences_at_once_and_marks_come_back_with_the_next_frame() -> None:
    line = leg()
    line.receive(media(LOUD * SECOND), 0.0)
    line.receive(mark("one"), 0.0)
    line.receive(mark("two"), 0.0)
    line.receive(CLEAR, 0.01)
    assert line.playback.waiting(0.01) == 0.0
    assert [each["event"] for each in tick(line)] == ["mark", "mark", "media"]
    assert line.measured.clears == 1


def test_marks_get_lost_and_late_on_a_bad_line() -> None:
    line = leg(line=BadLine(lose_marks=0.5, delay_marks=0.05, seed=1))
    for index in range(100):
        line.receive(mark(str(index)), 0.0)
    returned = [len(tick(line)) - 1 for _ in range(5)]
    assert returned[:2] == [0, 0]
    assert 30 < returned[2] < 70
    assert returned[3:] == [0, 0]
    assert line.measured.marks == 100
    assert line.measured.marks_returned == returned[2]


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (b"{}", "binary message"),
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", "no JSON"),
        ("{}", "unknown event"),
        ('{"event": ["media"]}', "unknown event"),
        ('{"event": "stop", "streamSid": "x"}', "unknown event"),
        (media(LOUD, stream="MZ1"), "wrong stream"),
        ('{"event": "clear"}', "wrong stream"),
        (media(b""), "bad payload"),
        (media(LOUD).replace('"gA=="', '"gA="'), "bad payload"),
        (media(LOUD).replace('"gA=="', '"gA==gA=="'), "bad payload"),
        (media(LOUD).replace('"gA=="', '"gÄ=="'), "bad payload"),
        (media(LOUD).replace('"gA=="', "17"), "bad payload"),
        (media(LOUD).replace('{"payload": "gA=="}', "null"), "bad payload"),
        (mark(""), "bad mark"),
        (mark("m").replace('{"name": "m"}', "[]"), "bad mark"),
        (media(bytes(601 * SECOND)), "buffer full"),
    ],
)
def test_what_twilio_would_not_take_is_noted_and_has_no_effect(
    message: str | bytes, kind: str
) -> None:
    line = leg()
    line.receive(message, 0.0)
    measured = line.measured
    assert [each.kind for each in measured.violations] == [kind]
    assert (measured.violation_count, measured.messages) == (1, 1)
    assert (measured.media, measured.marks, measured.clears) == (0, 0, 0)
    assert line.playback.waiting(0.0) == 0.0


def test_what_was_said_is_not_in_a_violation() -> None:
    line = leg()
    line.receive(media(LOUD).replace('"gA=="', '"my secret"'), 0.0)
    assert "secret" not in repr(line.measured.violations)


def test_violations_are_counted_without_end_and_kept_to_a_hundred() -> None:
    line = leg()
    for _ in range(1_000):
        line.receive("{", 0.0)
    assert line.measured.violation_count == 1_000
    assert len(line.measured.violations) == 100


def test_the_end_of_the_connection_is_the_end_of_what_is_heard() -> None:
    line = leg()
    line.receive(media(LOUD * SECOND), 0.0)
    line.end(0.25)
    assert line.measured.unheard == pytest.approx(0.75)
    assert line.stopped


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["event", "media", "mark", "name", "payload", "streamSid"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
ORDERS = st.fixed_dictionaries(
    {},
    optional={
        "event": st.sampled_from(["media", "mark", "clear", "start"]) | JSON,
        "streamSid": st.just(SIDS.stream) | JSON,
        "media": st.fixed_dictionaries({"payload": st.sampled_from(["gA==", "/"])})
        | JSON,
        "mark": st.fixed_dictionaries({"name": st.text(max_size=4)}) | JSON,
    },
)


@given(st.lists(ORDERS.map(json.dumps) | st.text(max_size=8) | st.binary(max_size=8)))
def test_no_message_is_too_strange(messages: list[str | bytes]) -> None:
    line = leg()
    for index, message in enumerate(messages):
        line.receive(message, index * 0.001)
    measured = line.measured
    assert measured.messages == len(messages)
    good = measured.media + measured.marks + measured.clears
    assert good + measured.violation_count == len(messages)
    for message in line.tick(line.next_at):
        json.loads(message)


def test_genesys_complains_of_more_messages_than_it_takes() -> None:
    leg = Leg(0.0, GenesysWords())
    leg.opening()
    for _ in range(25):
        leg.receive(b"\0" * 160, 1.0)
    assert leg.measured.violation_count == 0
    leg.receive(b"\0" * 160, 1.1)
    assert [each.kind for each in leg.measured.violations] == ["too often"]
    assert '"code": 429' in str(leg.tick(1.1))
    leg.receive(b"\0" * 160, 1.3)
    assert leg.measured.violation_count == 1
