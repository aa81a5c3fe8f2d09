"""A session is lost: what the program holds, asks for meanwhile, and is told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
import pytest
from anyio import create_task_group, current_time, sleep

from voxpipe.pipeline import (
    AudioFrame,
    FormatError,
    Image,
    Pipeline,
    SessionLost,
    TransportError,
)
from voxpipe.pipeline.testing import Probe
from voxpipe.processors.realtime import (
    Realtime,
    Reconnect,
    Reconnected,
    Service,
    SessionRefused,
    open_session,
)
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.simulator import Line, Script, When
from voxpipe.simulator.script.faults import Close
from voxpipe.transports import MemoryPhone

from .call import QUICK, ULAW, Call
from .cuts import Sessions, cut
from .talk import LONG, run_virtual

pytestmark = pytest.mark.usefixtures("either_loop")
KEY = Service(api_key="sk-test")
PICTURE = Image.of_array(np.zeros((8, 8, 3), np.uint8), detail="low")
Plot = Callable[[Call], Coroutine[Any, Any, object]]
DOWN = TransportError("nobody listens")
LATER = SessionRefused("busy", "slow_down", status=503, retry_after=2.0)
LINE = AudioFrame(
    data=(np.sin(np.arange(24_000) / 9) * 9_000).astype("<i2").tobytes(),
    format=PCM_24K,
)


def held(
    plot: Plot,
    *plans: Any,
    script: Script,
    reconnect: Reconnect | None = None,
    **options: Any,
) -> tuple[Call, list[Reconnected]]:
    """A call that is lost as the plans say."""
    told = Probe()

    async def conversation() -> Call:
        async with open_session(
            connect=Sessions(*plans, script=script),
            service=KEY,
            reconnect=reconnect or Reconnect(),
            **options,
        ) as session:
            call = Call(
                Realtime(session),
                routes=lambda call: [call.model.reconnected >> told.input],
            )
            await call.hold(plot)
        return call

    return run_virtual(conversation), told.frames


def lines(*said: str, **fields: Any) -> Script:
    replies = [Line(say=each) for each in said]
    return Script(replies=replies, goes_on=True, timing=QUICK, **fields)


IDLE = [Close(at="input_audio_buffer.append", after=20, code=1001)]


def test_what_is_asked_for_while_there_is_no_session_waits_for_the_next() -> None:
    async def plot(call: Call) -> None:
        model = call.model
        await sleep(0.9)  # it is lost, and nobody can be reached
        update = model.update(instructions="Be brief.")
        reply, aside = model.send_text("Hello?"), model.aside("What do they want?")
        await update.accepted()
        assert (await reply.outcome()).text == "Good evening."
        assert (await aside.outcome()).text == "To talk."
        assert await reply.turn.over() == "played"
        made = await model.items.create(
            {
                "type": "message",
                "role": "system",
                "content": [{"type": "input_text", "text": "It rains."}],
            }
        )
        assert made.text == "It rains."
        call.phone.hang_up()

    script = lines("Good evening.", out_of_band=[Line(say="To talk.")])
    call, told = held(plot, IDLE, DOWN, DOWN, DOWN, DOWN, [], script=script)
    assert call.model.settings.instructions == "Be brief."
    assert [each.attempts for each in told] == [5]
    assert call.faults == []
    texts = [(entry.role, entry.text) for entry in call.model.history]
    assert texts == [
        ("user", "Hello?"),
        ("agent", "Good evening."),
        ("system", "It rains."),
    ]


def test_edits_and_updates_that_were_not_answered_are_asked_again() -> None:
    async def plot(call: Call) -> None:
        model = call.model
        reply = model.send_text("Hello?")
        await reply.outcome()
        await reply.turn.over()
        (item_id,) = reply.item_ids
        async with create_task_group() as tasks:
            tasks.start_soon(model.items.delete, item_id)
            await model.update(speed=1.2).accepted()
        assert [entry.text for entry in model.history] == ["Hello?"]
        assert model.settings.speed == 1.2
        call.phone.hang_up()

    for at in ("session.update", "conversation.item.delete", "session.updated"):
        fault = Close(at=at, code=1006, after=1 if at.startswith("session") else 0)
        _, told = held(plot, [fault], [], script=lines("Good evening."))
        assert len(told) == 1, at


def test_another_session_has_the_settings_in_force_and_not_the_first_ones() -> None:
    async def plot(call: Call) -> None:
        model = call.model
        await model.update(instructions="Sing.", transcription=None).accepted()
        await sleep(2.0)
        assert (await model.ask().outcome()).text == "La, la."
        call.phone.hang_up()

    script = Script(replies=[Line(say="La, la.")], timing=QUICK)
    call, told = held(plot, IDLE, [], script=script)
    assert len(told) == 1
    assert call.model.settings.instructions == "Sing."
    assert call.model.settings.transcription is None


def test_pictures_and_words_are_told_again_and_told_to_nobody_twice() -> None:
    seen: list[Any] = []

    async def plot(call: Call) -> None:
        model = call.model
        model.send_image(PICTURE, "What is this?")
        model.inform("The caller is called Ada.")
        await sleep(2.0)
        for entry in model.history:
            item = await model.items.retrieve(entry.item_id)
            seen.append([part.type for part in item.content or ()])
        call.phone.hang_up()

    call, (told,) = held(plot, IDLE, [], script=lines("A dot."))
    assert seen == [["input_image", "input_text"], ["input_text"]]
    assert told.left_out == ()
    assert [(t.speaker, t.text) for t in call.transcripts] == [
        ("user", "What is this?")
    ]


def test_a_reply_is_one_reply_though_two_sessions_made_it() -> None:
    async def plot(call: Call) -> None:
        reply = call.model.ask()
        outcome = await reply.outcome()
        assert outcome.status == "completed"
        assert outcome.text == LONG
        assert await reply.turn.over() == "played"
        call.phone.hang_up()

    fault = cut("closed", "response.output_audio.delta", 5)
    call, (told,) = held(plot, [fault], [], script=lines(LONG))
    assert told.unbilled == 1
    assert call.interruptions == []
    assert len(call.usage) == 1
    said = " ".join(words for _, words in call.said)
    assert said == LONG


def test_words_to_be_said_exactly_are_said_to_their_end() -> None:
    async def plot(call: Call) -> None:
        reply = call.model.say(LONG)
        assert (await reply.outcome()).text == LONG
        await reply.turn.over()
        call.phone.hang_up()

    fault = cut("reset", "response.output_audio.delta", 5)
    script = Script(timing=QUICK)  # it says what it is told to, and nothing else
    held(plot, [fault], [], script=script)


def test_of_a_reply_that_is_cut_in_another_session_the_model_knows_what_was_heard() -> (
    None
):
    texts: list[Any] = []

    async def plot(call: Call) -> None:
        model = call.model
        reply = model.ask()
        await reply.outcome()
        while reply.turn.played < 2.0:
            await call.phone.listen()
        model.interrupt()
        await sleep(0.5)
        for entry in model.history:
            item = await model.items.retrieve(entry.item_id)
            texts.append((entry.played, item.words))
        call.phone.hang_up()

    # All of it has been made, and is being played, when the session is lost.
    at = Close(at="input_audio_buffer.append", after=70, code=1001)
    call, told = held(plot, [at], [], script=lines(LONG))
    assert len(told) == 1
    ((played, known),) = texts
    assert played
    assert played != LONG
    assert known == played
    assert call.faults == []


def test_the_caller_hears_a_line_when_it_takes_long_and_only_then() -> None:
    async def plot(call: Call) -> None:
        await sleep(8.0)
        call.phone.hang_up()

    for plans, seconds in (([IDLE, []], 0.0), ([IDLE, LATER, []], 1.0)):
        call, (told,) = held(
            plot, *plans, script=lines("Hm."), reconnect=Reconnect(say=LINE)
        )
        assert (told.seconds > 1.5) == bool(seconds)
        assert call.played == pytest.approx(seconds)
        assert call.interruptions == []


def test_the_line_is_said_in_a_reply_that_has_run_dry() -> None:
    async def plot(call: Call) -> None:
        reply = call.model.ask()
        assert (await reply.outcome()).text == LONG
        assert await reply.turn.over() == "played"
        call.phone.hang_up()

    fault = cut("ended", "response.output_audio.delta", 3)
    plans = [[fault], LATER, []]
    plain, _ = held(plot, [fault], [], script=lines(LONG))
    call, (told,) = held(
        plot, *plans, script=lines(LONG), reconnect=Reconnect(say=LINE)
    )
    assert told.seconds > 1.5
    assert call.played == pytest.approx(plain.played + 1.0, abs=0.02)
    assert all(entry.item_id for entry in call.model.history)


def test_a_line_in_another_format_is_refused_before_there_is_a_session() -> None:
    async def conversation() -> None:
        with pytest.raises(FormatError, match="pcm16 24000 Hz, and the session ulaw"):
            async with open_session(
                connect=Sessions([]),
                service=KEY,
                audio=ULAW,
                reconnect=Reconnect(say=LINE),
            ):
                pass

    run_virtual(conversation)


def test_the_log_has_one_line_and_it_holds_no_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def plot(call: Call) -> None:
        await call.model.send_text("My PIN is 4711.").outcome()
        await sleep(1.0)
        call.phone.hang_up()

    fault = Close(at="response.done", code=1011, reason="4711")
    with caplog.at_level(logging.INFO):
        held(plot, [fault], [], script=lines("Good evening."))
    told = [each for each in caplog.records if each.levelno >= logging.WARNING]
    (line,) = [each.getMessage() for each in told]
    assert "the session was lost, and replaced within" in line
    assert "1011" in line
    assert "4711" not in line


def test_ten_seconds_of_an_open_turn_are_kept_and_the_rest_is_told() -> None:
    async def plot(call: Call) -> None:
        await call.speak(14.0)
        call.model.end_turn()
        await sleep(3.0)
        call.phone.hang_up()

    at = Close(at="input_audio_buffer.append", after=600, code=1001)
    _, (told,) = held(plot, [at], [], script=lines("I see."), turn_detection="manual")
    assert 1.9 < told.lost_audio < 2.5


def test_a_session_that_is_closed_here_ends_those_that_follow_it() -> None:
    async def run(pipeline: Pipeline) -> None:
        with pytest.raises(SessionLost, match="closed here"):
            await pipeline.run()

    async def scene() -> None:
        phone = MemoryPhone(PCM_24K, background="silence")
        began = current_time()
        async with (
            create_task_group() as tasks,
            open_session(connect=Sessions(IDLE, []), service=KEY) as session,
        ):
            model = Realtime(session)
            pipeline = Pipeline(phone.heard >> model.hears, model.says >> phone.speaks)
            tasks.start_soon(run, pipeline)
            await sleep(3.0)
        assert current_time() - began < 10

    run_virtual(scene)


def test_a_call_can_be_lost_again_and_again() -> None:
    async def plot(call: Call) -> None:
        for words in ("One.", "Two.", "Three."):
            reply = call.model.send_text(words)
            assert (await reply.outcome()).status == "completed"
            await reply.turn.over()
            await sleep(1.0)
        call.phone.hang_up()

    faults = [cut(how, "response.created") for how in ("ended", "closed", "reset")]
    script = Script(when=[When(text="n|w|h", say="Yes.")], timing=QUICK)
    call, told = held(plot, *[[each] for each in faults], [], script=script)
    assert len(told) == 3
    assert [e.text for e in call.model.history] == [
        *("One.", "Yes.", "Two.", "Yes.", "Three.", "Yes.")
    ]
