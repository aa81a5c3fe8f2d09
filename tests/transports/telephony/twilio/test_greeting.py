from __future__ import annotations

import pytest
from anyio import current_time

from voxpipe.pipeline import TransportError
from voxpipe.pipeline.testing import run_virtual
from voxpipe.transports.telephony.twilio import TwilioCall

from .carrier import CALL, CONNECTED, STOP, Carrier, message, speech, start


def refusal_of(*messages: str | bytes, ends: bool = False) -> tuple[str, list[int]]:
    carrier = Carrier()
    carrier.post(*messages)
    if ends:
        carrier.leave()

    async def answer() -> str:
        began = current_time()
        with pytest.raises(TransportError) as caught:
            async with TwilioCall.accept(carrier):
                pytest.fail("it was accepted")
        assert current_time() - began <= 5.0 + 1e-6
        return str(caught.value)

    return run_virtual(answer), carrier.closed


LINEAR = {"encoding": "audio/l16", "sampleRate": 16_000, "channels": 2}
WIDE = {"encoding": "audio/x-mulaw", "sampleRate": 16_000, "channels": 1}
STEREO = {"encoding": "audio/x-mulaw", "sampleRate": 8_000, "channels": 2}
REFUSED: list[tuple[list[str | bytes], str]] = [
    ([], "expected Twilio's start message within 5 s, and none came"),
    ([CONNECTED], "expected Twilio's start message within 5 s, and none came"),
    ([CONNECTED, speech(0)], "expected Twilio's start message, got others"),
    ([STOP], "expected Twilio's start message, and it has closed the stream again"),
    ([message("x")] * 100, "expected Twilio's start message, got others"),
    (["hello"], "expected one JSON object, got 5 characters that are not"),
    ([CONNECTED, start(callSid=7)], "expected start.callSid to be a text"),
    ([start(mediaFormat=WIDE)], "expected audio/x-mulaw, 8000 Hz, mono"),
    ([start(mediaFormat=STEREO)], "expected audio/x-mulaw, 8000 Hz, mono"),
    (
        [CONNECTED, start(mediaFormat=LINEAR)],
        "expected audio/x-mulaw, 8000 Hz, mono, as Twilio streams; got 'audio/l16', "
        "16000 Hz, 2 channels: is this another carrier?",
    ),
]


@pytest.mark.parametrize(("messages", "complaint"), REFUSED)
def test_what_is_no_call_of_twilios_is_refused_and_closed(
    messages: list[str | bytes], complaint: str
) -> None:
    told, closed = refusal_of(*messages)
    assert told.startswith(complaint)
    assert closed == [1002]


def test_a_connection_that_ends_before_its_start_is_refused() -> None:
    told, _ = refusal_of(CONNECTED, ends=True)
    assert told == "expected Twilio's start message, and the connection has ended"


def test_a_call_may_begin_without_being_connected_and_with_what_is_unknown() -> None:
    async def answer() -> str:
        carrier = Carrier()
        carrier.post(message("x"), start())
        async with TwilioCall.accept(carrier) as call:
            return call.id

    assert run_virtual(answer) == CALL
