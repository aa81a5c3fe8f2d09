"""TwiML: whatever is passed on, it stays one well-formed order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voxpipe.transports.telephony.testing.webhook import stream_of
from voxpipe.transports.telephony.twilio import connect_stream
from voxpipe.transports.telephony.twilio.answer import TICKET

texts = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cn")), max_size=20
)


def test_the_answer_connects_the_call_to_a_stream() -> None:
    assert connect_stream("wss://calls.example.com/twilio", "a_b-c") == (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<Response><Connect><Stream url="wss://calls.example.com/twilio">'
        '<Parameter name="voxpipe-ticket" value="a_b-c" />'
        "</Stream></Connect></Response>"
    )


def test_without_the_checks_a_stream_needs_no_ticket() -> None:
    stream = stream_of(200, connect_stream("wss://a.example/twilio").encode())
    assert stream.parameters == {}


@given(st.dictionaries(texts, texts))
def test_parameters_arrive_as_they_were_given(parameters: dict[str, str]) -> None:
    twiml = connect_stream("wss://a.example/twilio", "ticket", parameters)
    stream = stream_of(200, twiml.encode())
    assert stream.url == "wss://a.example/twilio"
    assert stream.parameters == {**parameters, TICKET: "ticket"}


def test_no_parameter_takes_the_place_of_the_ticket() -> None:
    twiml = connect_stream("wss://a.example/twilio", "ticket", {TICKET: "mine"})
    assert stream_of(200, twiml.encode()).parameters == {TICKET: "ticket"}
