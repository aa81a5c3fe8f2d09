"""A call by Vonage, as its pipeline sees it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from anyio import sleep

from voxpipe.pipeline import AudioFormat, Turn
from voxpipe.transports.telephony.vonage import VonageCall

from ..carrier.wire import Talk, Wire, said
from .test_codec import connected

RATES = [8_000, 16_000, 24_000]


def audio_of(talk: Talk) -> list[tuple[float, bytes]]:
    return [(at, each) for at, each in talk.sent() if isinstance(each, bytes)]


@pytest.mark.parametrize("rate", RATES)
def test_a_reply_leaves_sample_for_sample_in_messages_of_20_ms(rate: int) -> None:
    turn, format = Turn(), AudioFormat("pcm16", rate)
    says = said(turn, 1.0, format)  # in deltas of 250 ms: twelve messages and a half
    talk = Talk(VonageCall, [connected(rate)], says)
    audio = audio_of(talk)
    assert {len(each) for _, each in audio} == {format.bytes_in(0.02)}
    assert b"".join(each for _, each in audio) == b"".join(f.data for f in says[:-1])
    assert talk.lasted == pytest.approx(1.0)
    assert turn.state == "played"


def test_what_the_caller_says_arrives_as_it_came() -> None:
    pieces = [bytes([n]) * 960 for n in range(50)]

    async def talk(call: Any, wire: Wire) -> None:
        for piece in pieces:
            wire.post(piece)
            await sleep(0.02)

    heard = Talk(VonageCall, [connected(24_000)], [1.5], talk).heard
    assert [frame.data for frame in heard.frames] == pieces
    assert {frame.format for frame in heard.frames} == {AudioFormat("pcm16", 24_000)}


def test_notify_makes_what_was_heard_a_measurement() -> None:
    turn, wire = Turn(), Wire()

    def echo(message: str | bytes) -> None:
        if isinstance(message, str):
            payload = json.loads(message)["payload"]
            wire.post(json.dumps({"event": "websocket:notify", "payload": payload}))

    wire.obeys = echo
    Talk(
        VonageCall,
        [connected()],
        said(turn, 1.0, AudioFormat("pcm16", 16_000)),
        None,
        wire,
    )
    assert (turn.state, turn.basis) == ("played", "measured")


def test_a_cut_clears_and_nothing_of_it_is_sent_again() -> None:
    turn, format = Turn(), AudioFormat("pcm16", 16_000)

    async def interrupt(call: Any, wire: Wire) -> None:
        await sleep(1.0)
        turn.cut()

    talk = Talk(VonageCall, [connected()], [*said(turn, 5.0, format), 2.0], interrupt)
    clears = [at for at, each in talk.sent() if each == '{"action":"clear"}']
    assert clears == pytest.approx([1.0])
    assert max(at for at, _ in audio_of(talk)) < 1.0
    assert talk.wire.sent[-1][1] == '{"action":"clear"}'


def test_keys_arrive_and_the_call_ends_with_its_connection() -> None:
    async def press(call: Any, wire: Wire) -> None:
        for key in "12#":
            wire.post(json.dumps({"event": "websocket:dtmf", "digit": key}))
        await sleep(1.0)
        wire.leave()

    talk = Talk(VonageCall, [connected()], [60.0], press)
    assert [each.digit for each in talk.pressed.frames] == ["1", "2", "#"]
    assert talk.call.ended == "caller"
