"""Whole conversations with a simulated model: what the program orders, and words."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from anyio import EndOfStream, current_time, sleep

from voxpipe.pipeline import Image, Pipeline, Text
from voxpipe.pipeline.testing import Probe, Source
from voxpipe.processors.realtime import Outcome
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.simulator import Line, Script
from voxpipe.transports import MemoryPhone

from .call import QUICK, Call, call, session
from .talk import GREETS, LONG, run_virtual, script

pytestmark = pytest.mark.usefixtures("either_loop")


def test_a_caller_who_writes_is_answered_in_writing() -> None:
    async def conversation() -> None:
        lines = script(Line(say="Good evening to you."), Line(say="We do."))
        async with session(lines, output="text") as model:
            source = Source([Text(text="Good evening"), Text(text="Do you have fish?")])
            writes, transcripts = Probe(), Probe()
            pipeline = Pipeline(
                source.output >> model.reads,
                model.writes >> writes.input,
                model.transcripts >> transcripts.input,
            )
            assert await pipeline.run(deadline=30) == "finished"
        words = "".join(frame.text for frame in writes.frames)
        assert words == "Good evening to you.We do."
        final = [(t.speaker, t.text) for t in transcripts.frames if t.final]
        assert sorted(final) == [
            ("agent", "Good evening to you."),
            ("agent", "We do."),
            ("user", "Do you have fish?"),
            ("user", "Good evening"),
        ]
        assert [(e.role, e.text) for e in model.history] == [
            ("user", "Good evening"),
            ("user", "Do you have fish?"),
            ("agent", "Good evening to you."),
            ("agent", "We do."),
        ]

    run_virtual(conversation)


def test_a_picture_is_shown_and_asked_about() -> None:
    async def conversation() -> None:
        png = Image.of_array(np.zeros((1, 1), np.uint8))
        async with session(script(Line(say="A dot.")), output="text") as model:
            source, faults = Source([png, Text(text="What is this?")]), Probe()
            pipeline = Pipeline(
                source.output >> model.reads, model.faults >> faults.input
            )
            model.add_text("Look at this.")
            await pipeline.run(deadline=30)
        assert [(e.role, e.text) for e in model.history] == [
            ("user", "Look at this."),
            ("user", ""),
            ("user", "What is this?"),
            ("agent", "A dot."),
        ]
        assert faults.frames == []

    run_virtual(conversation)


def test_the_agent_speaks_first() -> None:
    async def plot(conversation: Call) -> None:
        await sleep(5.0)
        conversation.phone.hang_up()

    async def conversation() -> None:
        async with call(GREETS) as phone_call:
            reply = phone_call.model.say('Trattoria "Ada",\ngood evening.')
            await phone_call.hold(plot)
        assert phone_call.said == [("agent", "Trattoria “Ada”, good evening.")]
        assert await reply.outcome() == Outcome(
            "completed", "Trattoria “Ada”, good evening."
        )
        assert reply.turn.state == "played"
        assert phone_call.faults == []

    run_virtual(conversation)


def test_a_program_can_wait_until_its_words_were_heard() -> None:
    async def plot(conversation: Call) -> None:
        reply = conversation.model.say("Goodbye, and thank you.")
        assert (await reply.outcome()).status == "completed"
        made = current_time()
        assert await reply.turn.over() == "played"
        assert current_time() > made + 0.5
        conversation.phone.hang_up()

    async def conversation() -> None:
        async with call(GREETS) as phone_call:
            await phone_call.hold(plot)

    run_virtual(conversation)


def test_the_program_interrupts() -> None:
    async def plot(conversation: Call) -> None:
        model = conversation.model
        first, second = model.say(LONG), model.say("And another thing.")
        await sleep(1.5)
        model.interrupt()
        assert first.turn.is_cut
        assert second.turn.is_cut  # it was to be heard next
        third = model.say("Sorry.")
        assert (await third.outcome()).status == "completed"
        await third.turn.over()
        conversation.phone.hang_up()

    async def conversation() -> None:
        async with call(GREETS) as phone_call:
            await phone_call.hold(plot)
        (item,) = phone_call.interruptions[0].items
        assert item.basis == "measured"
        assert 1.0 < item.played < 1.5
        assert phone_call.faults == []
        words = [text for _, text in phone_call.said]
        assert LONG.startswith(words[0])
        assert words[1:] == ["", "Sorry."]

    run_virtual(conversation)


def test_a_turn_that_is_cut_is_told_at_once_though_nothing_else_happens() -> None:
    async def plot(conversation: Call) -> None:
        reply = conversation.model.say(LONG)
        assert (await reply.outcome()).status == "completed"
        await sleep(0.5)
        reply.turn.cut()
        await sleep(0.001)
        assert len(conversation.interruptions) == 1
        conversation.phone.hang_up()

    async def conversation() -> None:
        phone = MemoryPhone(PCM_24K)  # a line that is dead while nobody speaks
        async with call(GREETS, phone=phone) as phone_call:
            await phone_call.hold(plot)
        assert len(phone_call.interruptions) == 1

    run_virtual(conversation)


def test_a_session_is_changed_while_it_runs() -> None:
    async def plot(conversation: Call) -> None:
        model = conversation.model
        model.update(instructions="Speak Italian.")
        model.update(extra={"temperature": 5})  # which left with the beta
        await sleep(1.0)
        conversation.phone.hang_up()

    async def conversation() -> None:
        async with call(GREETS) as phone_call:
            await phone_call.hold(plot)
        assert phone_call.faults == ["the service refused: unknown_parameter"]

    run_virtual(conversation)


def test_a_reply_out_of_band_is_heard_by_its_handle_only() -> None:
    async def plot(conversation: Call) -> None:
        model = conversation.model
        spoken = model.say(LONG)
        await sleep(0.5)
        aside = model.ask(conversation="none")
        heard = 0.0
        with suppress(EndOfStream):
            while True:
                heard += (await aside.receive()).duration
        assert heard > 0.3
        assert (await aside.outcome()).text == "Angry."
        assert spoken.settled is None or spoken.settled.status == "completed"
        await spoken.turn.over()
        conversation.phone.hang_up()

    async def conversation() -> None:
        lines = Script(out_of_band=(Line(say="Angry."),), timing=QUICK)
        async with call(lines) as phone_call:
            await phone_call.hold(plot)
        assert phone_call.said == [("agent", LONG)]
        assert phone_call.faults == []

    run_virtual(conversation)
