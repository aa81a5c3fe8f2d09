"""Audio that carrier and model write alike goes through as it came: as base64."""

from __future__ import annotations

import binascii
from base64 import b64encode

import pytest

from voxpipe.pipeline import AudioFormat, AudioFrame, Pipeline, Turn, audioframe
from voxpipe.pipeline.testing import Probe, Source, run_virtual
from voxpipe.transports.telephony import Call
from voxpipe.transports.telephony.carrier.call import JUDGE_EVERY
from voxpipe.transports.telephony.testing import Speech, answered

from .table import WIRES

TEXT = [name for name in WIRES if not name.startswith(("vonage", "genesys"))]
"""Those that stream base64; the others stream bytes, and the model takes base64."""

SECONDS = 2.0


class Counted:
    """What frames use of binascii, and for what."""

    def __init__(self) -> None:
        self.decoded: list[str] = []
        self.encoded = 0

    def a2b_base64(self, text: str) -> bytes:
        self.decoded.append(text)
        return binascii.a2b_base64(text)

    def b2a_base64(self, data: bytes, *, newline: bool) -> bytes:
        self.encoded += 1
        return binascii.b2a_base64(data, newline=newline)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    counted = Counted()
    monkeypatch.setattr(audioframe, "binascii", counted)
    return counted


def replied(format: AudioFormat, seconds: float, piece: float) -> list[AudioFrame]:
    """A reply as a model sends it: in base64."""
    turn, text = Turn(), b64encode(b"\1" * format.bytes_in(piece)).decode()
    return [
        AudioFrame.from_base64(text, format, start=number * piece, turn=turn)
        for number in range(round(seconds / piece))
    ]


@pytest.mark.parametrize("name", TEXT)
def test_what_a_caller_says_is_decoded_by_who_listens_to_it_only(
    name: str, counted: Counted
) -> None:
    words = WIRES[name]()
    heard = Probe()

    async def app(call: Call) -> None:
        await Pipeline(call.heard >> heard.input).run()

    async def scene() -> None:
        async with answered(app, carrier=words) as caller:
            await caller.say(Speech.silence(SECONDS, words.format))

    run_virtual(scene)
    assert len(heard.frames) >= SECONDS / 0.02
    # Now and then somebody looks whether the caller speaks.
    assert 0 < len(counted.decoded) <= SECONDS / JUDGE_EVERY + 2
    assert counted.encoded == 0


@pytest.mark.parametrize("name", TEXT)
def test_what_a_model_says_in_pieces_that_the_carrier_takes_is_never_decoded(
    name: str, counted: Counted
) -> None:
    words = WIRES[name]()

    async def app(call: Call) -> None:
        says = replied(call.format, SECONDS, 0.2)
        await Pipeline(Source(says).output >> call.speaks).run()

    async def scene() -> None:
        async with answered(app, carrier=words) as caller:
            await caller.wait_closed()
        measured = caller.measured
        assert measured.media_bytes == words.format.bytes_in(SECONDS)
        assert measured.violation_count == 0

    run_virtual(scene)
    assert replied(words.format, 0.2, 0.2)[0].base64 not in counted.decoded
    assert counted.encoded == 0
