"""An interruption in whole conversations: what is heard, told and remembered."""

from __future__ import annotations

from typing import Any

import pytest
from anyio import sleep

from voxpipe.pipeline.testing import Probe
from voxpipe.processors.realtime import ServerVad
from voxpipe.processors.vad import Vad
from voxpipe.simulator import Line, Script

from .call import QUICK, Call, call
from .talk import GREETS, LONG, run_virtual

pytestmark = pytest.mark.usefixtures("either_loop")


@pytest.mark.parametrize("delta_ms", [20, 250])
@pytest.mark.parametrize("turn_detection", ["server", "local"])
def test_an_interruption_works_with_250_ms_deltas_and_full_queues(
    delta_ms: int, turn_detection: Any
) -> None:
    async def plot(conversation: Call) -> None:
        conversation.model.say(LONG)
        await sleep(2.0)
        await conversation.speak(1.0)
        await sleep(6.0)
        conversation.phone.hang_up()

    async def conversation() -> None:
        lines = Script(
            replies=(Line(heard="Stop!", say="Sorry."),),
            timing=QUICK.model_copy(update={"delta_ms": delta_ms, "speed": 50}),
        )
        vad = Vad() if turn_detection == "local" else None
        async with call(lines, turn_detection=turn_detection, vad=vad) as phone_call:
            await phone_call.hold(plot)
        (cut,) = phone_call.interruptions
        (item,) = cut.items
        assert item.generated > 4  # all of it was there
        assert 1.8 < item.played < 2.2
        # What was played of it is what the model was told, to the millisecond.
        heard = 0.0
        for frame in phone_call.probes["played"].frames:
            if frame.start < heard - 1e-6:
                break  # the next reply
            heard = frame.start + frame.duration
        assert heard == pytest.approx(item.played, abs=1e-3)
        assert [text for who, text in phone_call.said if who == "agent"][1:] == [
            "Sorry."
        ]
        assert phone_call.faults == []  # the truncation was accepted

    run_virtual(conversation)


@pytest.mark.parametrize("output", ["audio", "text"])
def test_each_reply_is_handed_out_as_it_begins_and_its_words_know_it(
    output: Any,
) -> None:
    begun = Probe()

    async def plot(conversation: Call) -> None:
        model = conversation.model
        assert model.turn is None
        first = model.say("Good evening to you all.")
        aside = model.aside("Is it late?")
        await first.outcome()
        assert model.turn is (first.turn if output == "audio" else None)
        await first.turn.over()
        second = model.say("And good night.")
        await second.turn.over()
        await aside.outcome()
        assert model.turn is None
        turns = [frame.of_turn for frame in begun.frames]
        assert turns == [first.turn, second.turn]
        for turn in turns:
            assert turn.timings.requested <= turn.timings.created
            assert turn.timings.created <= turn.timings.first_delta
        conversation.phone.hang_up()

    async def conversation() -> None:
        async with call(
            GREETS,
            output=output,
            routes=lambda call: [call.model.turns >> begun.input],
        ) as phone_call:
            await phone_call.hold(plot)
        told = phone_call.probes["transcripts"].frames
        spoken = {each.of_turn: each.text for each in told if each.final}
        assert [spoken[frame.of_turn] for frame in begun.frames] == [
            "Good evening to you all.",
            "And good night.",
        ]

    run_virtual(conversation)


def test_the_words_of_a_cut_reply_arrive_and_name_it() -> None:
    async def plot(conversation: Call) -> None:
        reply = conversation.model.say(LONG)
        await sleep(2.0)
        reply.turn.cut()
        await sleep(0.5)
        last = conversation.probes["transcripts"].frames[-1]
        assert last.final
        assert last.of_turn is reply.turn
        conversation.phone.hang_up()

    async def conversation() -> None:
        async with call(GREETS) as phone_call:
            await phone_call.hold(plot)

    run_virtual(conversation)


def test_a_reply_is_held_and_goes_on() -> None:
    async def plot(conversation: Call) -> None:
        reply = conversation.model.say("Good evening to you all.")
        await sleep(1.0)
        reply.turn.hold()
        await sleep(1.0)
        reply.turn.resume()
        assert await reply.turn.over() == "played"
        conversation.phone.hang_up()

    async def conversation() -> None:
        turn_detection = ServerVad(interrupts=False)
        async with call(GREETS, turn_detection=turn_detection) as phone_call:
            await phone_call.hold(plot)
        assert phone_call.interruptions == []
        (reply,) = [u for u in phone_call.usage if u.kind == "reply"]
        assert phone_call.played == pytest.approx(
            reply.tokens["audio_out"] / 20, abs=0.1
        )

    run_virtual(conversation)


def test_the_model_forgets_what_was_not_heard() -> None:
    async def plot(conversation: Call) -> None:
        model = conversation.model
        model.say(LONG)
        await sleep(2.0)
        model.interrupt()
        await sleep(0.5)
        model.ask(instructions='Say exactly: "Yes."')
        await sleep(2.0)
        conversation.phone.hang_up()

    async def conversation() -> None:
        async with call(GREETS) as phone_call:
            await phone_call.hold(plot)
        first, second = (u for u in phone_call.usage if u.kind == "reply")
        # What it said came back as input: no more audio than was heard, 20 in a second.
        (item,) = phone_call.interruptions[0].items
        given = second.tokens["audio_in"] + second.tokens["cached_audio_in"]
        assert given <= item.played * 20 + 1
        assert first.tokens["audio_out"] > item.played * 20 + 20

    run_virtual(conversation)
