"""Whole conversations with a simulated model, in virtual time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

import numpy as np
import pytest
from anyio import EndOfStream, current_time, sleep, sleep_forever

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Image,
    Input,
    Pipeline,
    Processor,
    Route,
    SessionLost,
    Text,
    VoxpipeError,
    WiringError,
)
from voxpipe.pipeline.testing import Probe, Source
from voxpipe.processors.audio import Decode
from voxpipe.processors.realtime import (
    Outcome,
    Realtime,
    SemanticVad,
    ServerVad,
    Service,
    open_session,
)
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.shell.ports import MAX_WAITING
from voxpipe.processors.tools import ToolRouter, tool
from voxpipe.processors.vad import Vad
from voxpipe.simulator import CallTool, Failure, Line, Script
from voxpipe.transports import MemoryPhone

from .call import QUICK, ULAW, Call, call, session, speech
from .carried import Pair, scripted
from .loops import BACKENDS, Backend, run_virtually

T = TypeVar("T")
LONG = "This is a rather long answer that nobody wants to hear to its end, is it not?"


def script(*lines: Line, **fields: Any) -> Script:
    return Script(replies=lines, timing=QUICK, **fields)


@tool
async def weather(city: str) -> str:
    """Tell the weather.

    Args:
        city: where.
    """
    await sleep(0.3)
    return f"sunny in {city}"


def asks_for(city: str) -> CallTool:
    return CallTool(name="weather", arguments={"city": city})


# --- who owns the turns


async def one_question(conversation: Call) -> None:
    await sleep(0.3)
    await conversation.speak(1.0)
    await sleep(6.0)
    conversation.phone.hang_up()


ANSWERED = [("user", "Hello?"), ("agent", "Good evening.")]
_chosen: list[Backend] = []


@pytest.fixture(params=BACKENDS, autouse=True)
def _backend(request: pytest.FixtureRequest) -> None:
    _chosen[:] = [request.param]


def run_virtual(conversation: Callable[[], Awaitable[T]]) -> T:
    """In virtual time, on the backend under test."""
    return run_virtually(_chosen[0], conversation)


GREETS = script(Line(heard="Hello?", say="Good evening."))


def in_order(said: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """A transcript of the caller may come after the answer."""
    return sorted(said, key=lambda line: line[0] != "user")


@pytest.mark.parametrize(
    "turn_detection",
    ["server", "semantic", ServerVad(silence_ms=300), SemanticVad(eagerness="high")],
)
def test_the_service_hears_when_the_caller_has_finished(turn_detection: Any) -> None:
    async def conversation() -> None:
        async with call(GREETS, turn_detection=turn_detection) as phone_call:
            await phone_call.hold(one_question)
        assert in_order(phone_call.said) == ANSWERED
        assert phone_call.faults == []
        assert phone_call.played > 0.5
        first = phone_call.probes["played"].times[0]
        assert 1.3 < first < 3.5

    run_virtual(conversation)


def test_a_vad_in_front_of_the_model_owns_the_turns() -> None:
    async def conversation() -> None:
        async with call(GREETS, turn_detection="local", vad=Vad()) as phone_call:
            await phone_call.hold(one_question)
        assert in_order(phone_call.said) == ANSWERED
        assert phone_call.faults == []

    run_virtual(conversation)


def test_a_vad_on_a_branch_lets_telephone_audio_straight_through() -> None:
    async def conversation() -> None:
        async with call(
            GREETS,
            turn_detection="local",
            audio=ULAW,
            routes=lambda c: [c.phone.heard >> Decode() >> Vad() >> c.model.speech],
        ) as phone_call:
            await phone_call.hold(one_question)
        assert in_order(phone_call.said) == ANSWERED
        assert phone_call.faults == []
        assert phone_call.probes["played"].frames[0].format == ULAW

    run_virtual(conversation)


def test_the_program_owns_the_turns() -> None:
    async def plot(conversation: Call) -> None:
        await sleep(0.3)
        await conversation.speak(1.0)
        conversation.model.end_turn()  # the last frame may still be in the queue
        await sleep(3.0)
        conversation.phone.hang_up()

    async def conversation() -> None:
        phone = MemoryPhone(PCM_24K)
        async with call(GREETS, turn_detection="manual", phone=phone) as phone_call:
            await phone_call.hold(plot)
        assert in_order(phone_call.said) == ANSWERED
        assert phone_call.faults == []

    run_virtual(conversation)


def test_end_turn_before_anything_was_said_is_no_turn() -> None:
    async def plot(conversation: Call) -> None:
        await sleep(0.1)
        conversation.model.end_turn()
        await sleep(2.0)
        conversation.phone.hang_up()

    async def conversation() -> None:
        phone = MemoryPhone(PCM_24K)
        async with call(GREETS, turn_detection="manual", phone=phone) as phone_call:
            phone_call.model.end_turn()  # not even running
            await phone_call.hold(plot)
        assert phone_call.said == []
        assert phone_call.faults == []

    run_virtual(conversation)


# --- words


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


# --- orders


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


# --- tools


def test_tools_are_called_together_and_answered_with_one_reply() -> None:
    async def conversation() -> None:
        lines = script(
            Line(heard="And the weather?", calls=(asks_for("Rome"), asks_for("Oslo"))),
            Line(say="It is {result}."),
        )
        async with call(lines, tools=[weather]) as phone_call:
            await phone_call.hold(one_question)
        assert in_order(phone_call.said) == [
            ("user", "And the weather?"),
            ("agent", "It is sunny in Oslo."),
        ]
        roles = [(e.role, e.text) for e in phone_call.model.history]
        assert roles[1:5] == [
            ("tool", '{"city": "Rome"}'),
            ("tool", '{"city": "Oslo"}'),
            ("tool", "sunny in Rome"),
            ("tool", "sunny in Oslo"),
        ]
        assert phone_call.faults == []
        kinds = [usage.kind for usage in phone_call.usage]
        assert sorted(kinds) == ["reply", "reply", "transcription"]
        assert phone_call.model.bill.usd == pytest.approx(
            sum(usage.cost_usd or 0 for usage in phone_call.usage)
        )

    run_virtual(conversation)


def test_a_tool_call_never_waits_behind_audio() -> None:
    async def plot(conversation: Call) -> None:
        conversation.model.ask()
        await sleep(12.0)
        conversation.phone.hang_up()

    async def conversation() -> None:
        called = Probe()
        lines = script(Line(say=LONG, calls=(asks_for("Rome"),)), Line(say="Sunny."))
        async with call(
            lines, tools=[weather], routes=lambda c: [c.model.calls >> called.input]
        ) as phone_call:
            await phone_call.hold(plot)
        (at,) = called.times
        generated = phone_call.usage[0]
        assert generated.tokens["audio_out"] / 20 > 4  # seconds: at 5 x, made in one
        assert at < 2.0  # while the queue of the sink was full

    run_virtual(conversation)


def test_calls_that_nobody_takes_are_answered() -> None:
    async def plot(conversation: Call) -> None:
        schema = ToolRouter([weather]).schemas
        conversation.model.update(tools=schema)
        conversation.model.ask()
        await sleep(4.0)
        conversation.phone.hang_up()

    async def conversation() -> None:
        lines = script(Line(calls=(asks_for("Rome"),)), Line(say="I cannot tell."))
        async with call(lines) as phone_call:
            await phone_call.hold(plot)
        assert phone_call.said == [("agent", "I cannot tell.")]
        assert phone_call.faults == ["a tool was called, and nobody takes calls"]

    run_virtual(conversation)


# --- interruptions


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


# --- the end


def frames(data: bytes) -> list[AudioFrame]:
    return [
        AudioFrame(data=data[at : at + 960], format=PCM_24K, start=at / 48_000)
        for at in range(0, len(data), 960)
    ]


@pytest.mark.parametrize("turn_detection", ["server", "semantic", "local", "manual"])
def test_a_question_that_is_open_when_the_caller_goes_is_answered(
    turn_detection: Any,
) -> None:
    async def plot(conversation: Call) -> None:
        await sleep(0.3)
        await conversation.speak(1.0)
        conversation.phone.disconnect()

    async def conversation() -> None:
        lines = script(
            Line(heard="Book it.", calls=(asks_for("Rome"),)), Line(say="Booked.")
        )
        vad = Vad() if turn_detection == "local" else None
        async with call(
            lines, tools=[weather], turn_detection=turn_detection, vad=vad
        ) as phone_call:
            await phone_call.hold(plot)
        assert 1.3 < current_time() - began < 1.3 + 10
        assert ("user", "Book it.") in phone_call.said
        assert phone_call.transcripts[-1].text == "Booked."
        assert phone_call.transcripts[-1].played == ""  # by nobody: the line was dead
        assert phone_call.faults == []

    began = 0.0

    async def timed() -> None:
        nonlocal began
        began = current_time()
        await conversation()

    run_virtual(timed)


def test_an_answer_longer_than_ten_seconds_is_played_to_its_end() -> None:
    async def conversation() -> None:
        lines = script(Line(say=" ".join([LONG] * 4)))
        async with session(lines) as model:
            question = speech(1.0) + bytes(PCM_24K.bytes_in(0.6))
            frames = [
                AudioFrame(
                    data=question[at : at + 960], format=PCM_24K, start=at / 48e3
                )
                for at in range(0, len(question), 960)
            ]
            source = Source(frames, pace="real time")
            phone, played, silent = MemoryPhone(PCM_24K), Probe(), Probe()
            pipeline = Pipeline(
                source.output >> model.hears,
                model.says >> phone.speaks,
                phone.played >> played.input,
                phone.heard >> silent.input,
            )
            assert await pipeline.run(deadline=100) == "finished"
        seconds = sum(frame.duration for frame in played.frames)
        assert seconds > 12
        assert seconds == pytest.approx(model.bill.tokens["audio_out"] / 20, abs=0.1)

    run_virtual(conversation)


def test_a_tool_that_never_answers_is_not_waited_for() -> None:
    async def plot(conversation: Call) -> None:
        conversation.model.ask()
        await sleep(1.0)
        conversation.phone.hang_up()

    def nobody_answers(conversation: Call) -> list[Route]:
        model = conversation.model
        return [model.calls >> Probe().input, Source([]).output >> model.results]

    async def conversation() -> None:
        lines = script(Line(calls=(CallTool(name="weather"),)))
        schemas = ToolRouter([weather]).schemas
        async with session(lines, tools=schemas) as model:
            phone_call = Call(model, routes=nobody_answers)
            began = current_time()
            await phone_call.hold(plot)
            assert current_time() - began == pytest.approx(11, abs=0.2)

    run_virtual(conversation)


def test_a_caller_who_hangs_up_at_once_keeps_nobody_waiting() -> None:
    async def plot(conversation: Call) -> None:
        conversation.phone.hang_up()

    async def conversation() -> None:
        async with call(GREETS) as phone_call:
            began = current_time()
            await phone_call.hold(plot)
            assert current_time() - began < 2
        assert phone_call.said == []

    run_virtual(conversation)


def test_a_stream_that_is_empty_ends_the_conversation() -> None:
    async def conversation() -> None:
        async with session(GREETS) as model:
            source, probe = Source([]), Probe()
            pipeline = Pipeline(source.output >> model.hears, model.says >> probe.input)
            assert await pipeline.run(deadline=5) == "finished"

    run_virtual(conversation)


def test_the_caller_who_hangs_up_in_mid_answer_has_not_heard_the_rest() -> None:
    async def plot(conversation: Call) -> None:
        conversation.model.say(LONG)
        await sleep(1.5)
        conversation.phone.disconnect()

    async def conversation() -> None:
        async with call(GREETS) as phone_call:
            await phone_call.hold(plot)
        (cut,) = phone_call.interruptions
        assert 1.0 < cut.items[0].played < 1.5
        (entry,) = phone_call.model.history
        assert entry.played is not None
        assert len(entry.played) < len(LONG)

    run_virtual(conversation)


# --- lost sessions


def test_a_session_that_ends_in_mid_answer_is_lost() -> None:
    async def conversation() -> None:
        async with call(GREETS, options={"lifetime": 0.6}) as phone_call:
            reply = phone_call.model.say(LONG)
            with pytest.raises(SessionLost) as caught:
                await phone_call.pipeline.run(deadline=60)
        assert caught.value.code == 1001
        assert "60 minutes" in caught.value.reason
        assert "raised by the box 'realtime'" in caught.value.__notes__
        assert await reply.outcome() == Outcome("failed", reply.text, str(caught.value))
        assert await reply.turn.over() == "cut"

    run_virtual(conversation)


def test_a_session_that_ends_while_nobody_speaks_is_lost() -> None:
    async def conversation() -> None:
        phone = MemoryPhone(PCM_24K)
        options = {"lifetime": 3600.0}
        async with call(GREETS, phone=phone, options=options) as phone_call:
            pipeline = phone_call.pipeline
            with pytest.raises(SessionLost, match="closed with 1001"):
                await pipeline.run(deadline=4000)
            # Later wishes do not wait for ever either.
            outcome = await phone_call.model.say("Hello?").outcome()
            assert outcome.status == "failed"

    run_virtual(conversation)


def test_a_reply_that_fails_is_told_and_the_call_goes_on() -> None:
    async def plot(conversation: Call) -> None:
        first = await conversation.model.ask().outcome()
        second = await conversation.model.ask().outcome()
        assert (first.status, first.reason) == ("failed", "server_error")
        assert second.status == "completed"
        conversation.phone.hang_up()

    async def conversation() -> None:
        lines = script(Line(fails=Failure()), Line(say="Again."))
        async with call(lines) as phone_call:
            await phone_call.hold(plot)
        assert phone_call.faults == [
            "a reply is failed: server_error; ask again with `model.ask()`"
        ]
        failures = phone_call.model.failure_counts()
        assert failures == {"failed_replies": 1, "faults": 0}

    run_virtual(conversation)


# --- slow readers


class Sleepy(Processor):
    """Reads when it has slept."""

    input = Input[Any](capacity=2)

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.frames: list[Any] = []

    async def run(self) -> None:
        async for frame in self.input:
            self.frames.append(frame)
            await sleep(self._seconds)


def test_a_slow_reader_of_transcripts_holds_nothing_up() -> None:
    async def plot(conversation: Call) -> None:
        conversation.model.ask()
        await sleep(8.0)
        conversation.phone.hang_up()

    async def conversation() -> None:
        sleepy, called = Sleepy(5.0), Probe()
        lines = script(Line(say=LONG, calls=(asks_for("Rome"),)), Line(say="Sunny."))
        async with call(
            lines,
            tools=[weather],
            routes=lambda c: [
                c.model.transcripts >> sleepy.input,
                c.model.calls >> called.input,
            ],
        ) as phone_call:
            await phone_call.hold(plot)
        assert called.times[0] < 2.0
        assert phone_call.interruptions == []
        final = [t.text for t in sleepy.frames if t.final]
        assert final == [LONG, "Sunny."]  # it has missed steps, and no end

    run_virtual(conversation)


def test_a_reader_that_never_reads_is_named() -> None:
    class Deaf(Processor):
        input = Input[Any](capacity=1)

        async def run(self) -> None:
            await sleep_forever()

    async def talk(pair: Pair) -> None:
        await pair.put('{"type": "session.created", "session": {}}')
        await pair.take()
        await pair.put('{"type": "session.updated", "session": {}}')
        while True:
            await pair.put('{"type": "rate_limits.updated", "rate_limits": []}')

    async def conversation() -> None:
        async with (
            scripted(talk) as (_, connect),
            open_session(service=Service(api_key="sk-test"), connect=connect) as opened,
        ):
            phone, model, deaf = MemoryPhone(PCM_24K), Realtime(opened), Deaf()
            pipeline = Pipeline(
                phone.heard >> model.hears,
                model.says >> phone.speaks,
                model.events >> deaf.input,
            )
            with pytest.raises(VoxpipeError, match=f"{MAX_WAITING} frames wait at"):
                await pipeline.run()

    run_virtual(conversation)


# --- wiring


Drawing = Callable[[MemoryPhone, Realtime], list[Any]]


def complaint(drawing: Drawing, **settings: Any) -> str:
    async def conversation() -> str:
        async with session(GREETS, **settings) as model:
            phone = MemoryPhone(PCM_24K)
            with pytest.raises(WiringError) as caught:
                Pipeline(model.says >> phone.speaks, *drawing(phone, model))
            return str(caught.value)

    return run_virtual(conversation)


def test_tools_that_nobody_runs_are_refused() -> None:
    assert complaint(
        lambda phone, model: [phone.heard >> model.hears],
        tools=ToolRouter([weather]).schemas,
    ) == (
        "the session declares tools and nobody takes the calls: draw "
        "`realtime.calls >> tools.calls` and `tools.results >> realtime.results`"
    )


def test_local_turns_that_nobody_marks_are_refused() -> None:
    assert complaint(
        lambda phone, model: [phone.heard >> model.hears], turn_detection="local"
    ) == (
        "turn detection is local and nobody marks speech: put Vad() in front of "
        "realtime.hears, or draw a branch of it into realtime.speech"
    )


def in_front(phone: MemoryPhone, model: Realtime) -> list[Any]:
    return [phone.heard >> Vad() >> model.hears]


def beside(phone: MemoryPhone, model: Realtime) -> list[Any]:
    return [phone.heard >> model.hears, phone.heard >> Vad() >> model.speech]


@pytest.mark.parametrize(
    ("drawing", "cure"),
    [
        (
            in_front,
            "take Vad() out of what leads to realtime.hears, or draw it on a branch",
        ),
        (beside, "take away the route into realtime.speech"),
    ],
)
def test_two_owners_of_turn_taking_are_refused(drawing: Drawing, cure: str) -> None:
    assert complaint(drawing) == (
        "two owners of turn-taking: the service, and what marks speech in the "
        f'pipeline; open the session with turn_detection="local", or {cure}'
    )


def test_a_model_that_nobody_talks_to_is_refused() -> None:
    assert complaint(lambda phone, model: [phone.heard >> Probe().input]) == (
        "nothing feeds realtime.hears: draw a route that ends `>> realtime.hears`, or "
        "`>> realtime.reads` for a caller who writes"
    )


def test_audio_in_another_format_does_not_start() -> None:
    def routes(phone: MemoryPhone, model: Realtime) -> list[Any]:
        other = MemoryPhone(ULAW)
        return [
            other.heard >> model.hears,
            phone.heard >> Probe().input,
            Source([]).output >> other.speaks,
        ]

    assert complaint(routes) == (
        "memory_phone2.heard is ulaw 8000 Hz, realtime.hears takes pcm16 24000 Hz: "
        "put Decode() >> Resample(24000) between memory_phone2.heard and "
        'realtime.hears; or convert nothing, with open_session(audio=AudioFormat("ulaw"'
        ", 8000)): for a phone call, audio=call.format"
    )


def test_of_audio_that_no_session_speaks_only_boxes_are_told() -> None:
    def routes(phone: MemoryPhone, model: Realtime) -> list[Any]:
        other = MemoryPhone(AudioFormat("pcm16", 48_000))
        return [
            other.heard >> model.hears,
            phone.heard >> Probe().input,
            Source([]).output >> other.speaks,
        ]

    assert complaint(routes).endswith("between memory_phone2.heard and realtime.hears")
