"""A call by Exotel, as its pipeline sees it."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import pytest
from anyio import sleep
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import AudioFormat, Turn
from voxpipe.transports.telephony.exotel import ExotelCall

from ..carrier.wire import Talk, Wire, said
from .test_codec import CONNECTED, message, start

OPENING: list[str | bytes] = [CONNECTED, start()]
FORMAT = AudioFormat("pcm16", 8_000)


class Exotel(Wire):
    """It plays by its own clock, and counts its gaps; the first sound ends none.

    Attributes:
        sounds: from when to when each piece of audio sounds.
    """

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []
        self.data = b""

    async def send(self, message: str | bytes, /) -> None:
        await super().send(message)
        order = json.loads(message)
        if order["event"] == "media":
            data = b64decode(order["media"]["payload"])
            self.sizes.append(len(data))
            self.data += data


def gaps(talk: Talk, rate: int) -> list[float]:
    """Seconds of silence between one piece and the next."""
    free_at, found = None, list[float]()
    for at, sent in talk.sent():
        order = json.loads(sent)
        if order["event"] != "media":
            continue
        seconds = len(b64decode(order["media"]["payload"])) / 2 / rate
        if free_at is not None and at > free_at + 1e-6:
            found.append(at - free_at)
        free_at = max(at, free_at or 0.0) + seconds
    return found


@given(
    seconds=st.floats(0.05, 4.0),
    frame=st.sampled_from([0.02, 0.1, 0.25, 0.3]),
    rate=st.sampled_from([8_000, 16_000, 24_000]),
)
def test_a_reply_has_no_gap_and_its_end_is_not_kept_back(
    seconds: float, frame: float, rate: int
) -> None:
    turn, exotel = Turn(), Exotel()
    format = AudioFormat("pcm16", rate)
    form = {"encoding": "base64", "sample_rate": str(rate)}
    says = said(turn, seconds, format, frame)
    talk = Talk(ExotelCall, [CONNECTED, start(media_format=form)], says, None, exotel)
    assert gaps(talk, rate) == []
    for size in exotel.sizes:
        assert size % 320 == 0
        assert 3_200 <= size <= 100_000
    whole = b"".join(each.data for each in says[:-1])
    assert exotel.data[: len(whole)] == whole
    assert not exotel.data[len(whole) :].strip(b"\0")
    assert turn.state == "played"
    assert talk.call.ended == "agent"


def test_the_end_of_a_reply_is_sent_in_time_while_the_call_goes_on() -> None:
    talk = Talk(ExotelCall, OPENING, [*said(Turn(), 1.05, FORMAT), 5.0])
    times = [at for at, each in talk.sent() if '"media"' in str(each)]
    assert max(times) <= 1.0


def test_marks_make_what_was_heard_a_measurement() -> None:
    turn, wire = Turn(), Wire()

    def echo(order: str | bytes) -> None:
        value = json.loads(order)
        if value["event"] == "mark":
            wire.post(message("mark", mark=value["mark"]))

    wire.obeys = echo
    Talk(ExotelCall, OPENING, said(turn, 2.0, FORMAT), None, wire)
    assert (turn.state, turn.basis) == ("played", "measured")


def test_nothing_of_a_cut_reply_is_sent_behind_the_clear_not_even_its_rest() -> None:
    turn = Turn()

    async def interrupt(call: Any, wire: Wire) -> None:
        await sleep(0.9)
        turn.cut()

    talk = Talk(ExotelCall, OPENING, [*said(turn, 5.0, FORMAT), 2.0], interrupt)
    events = [(at, json.loads(each)["event"]) for at, each in talk.sent()]
    assert events[-1][0] == pytest.approx(0.9)
    assert events[-1][1] == "clear"
    assert turn.played == pytest.approx(0.9)


def test_after_a_hold_what_was_not_heard_is_said_again_with_its_rest() -> None:
    turn, exotel = Turn(), Exotel()

    async def cough(call: Any, wire: Wire) -> None:
        await sleep(0.3)
        turn.hold()
        exotel.data = b""
        await sleep(1.0)
        turn.resume()

    says = said(turn, 0.55, FORMAT, 0.25)
    Talk(ExotelCall, OPENING, says, cough, exotel)
    whole = b"".join(each.data for each in says[:-1])
    assert exotel.data.rstrip(b"\0") == whole[FORMAT.bytes_in(0.3) :]
    assert turn.state == "played"


def test_keys_arrive_and_a_stop_ends_the_call() -> None:
    async def press(call: Any, wire: Wire) -> None:
        wire.post(message("dtmf", dtmf={"digit": "4"}))
        await sleep(1.0)
        wire.post(message("stop", stop={}))

    talk = Talk(ExotelCall, OPENING, [60.0], press)
    assert [each.digit for each in talk.pressed.frames] == ["4"]
    assert talk.call.ended == "caller"
    assert (talk.call.caller, talk.call.called) == ("+15550100", "+15550199")
