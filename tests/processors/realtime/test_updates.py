"""A call whose settings change while it runs."""

from __future__ import annotations

from typing import Any

import pytest
from anyio import sleep

from voxpipe.pipeline import Route, Text
from voxpipe.pipeline.testing import Probe, run_virtual
from voxpipe.processors.realtime import (
    SemanticVad,
    ServerEvent,
    ServerVad,
    Settings,
    UpdateRefused,
)
from voxpipe.processors.realtime.config import (
    Changes,
    Prompt,
    RetirementWarning,
    Tracing,
)
from voxpipe.processors.realtime.config.changes import Moment, wire_of
from voxpipe.processors.realtime.events import SessionEvent
from voxpipe.processors.vad import Vad
from voxpipe.simulator import Line, Script

from .call import QUICK, Call, call
from .config.test_options import is_within

LINES = Script(
    replies=[Line(say="One."), Line(say="Two."), Line(say="Three.")], timing=QUICK
)


def test_a_call_goes_on_in_writing_and_back_in_speech() -> None:
    written = Probe()

    async def plot(conversation: Call) -> None:
        model = conversation.model
        assert (await model.ask().outcome()).text == "One."
        await model.update(output="text").accepted()
        spoken = conversation.played
        reply = model.send_text("In writing, please.")
        assert (await reply.outcome()).text == "Two."
        assert reply.turn.generated == 0
        await model.update(output="audio").accepted()
        again = model.send_text("And aloud.")
        assert (await again.outcome()).text == "Three."
        await again.turn.over()
        assert conversation.played > spoken
        conversation.phone.hang_up()

    async def conversation() -> None:
        def writes(call: Call) -> list[Route]:
            return [call.model.writes >> written.input]

        async with call(LINES, routes=writes) as phone_call:
            await phone_call.hold(plot)
        assert phone_call.faults == []
        said: list[Text] = written.frames
        assert "".join(each.text for each in said) == "Two."

    run_virtual(conversation)


@pytest.mark.parametrize("turn_detection", ["server", "semantic", "local", "manual"])
@pytest.mark.parametrize("output", ["audio", "text"])
def test_a_typed_message_works_in_any_mode(turn_detection: Any, output: Any) -> None:
    async def plot(conversation: Call) -> None:
        reply = conversation.model.send_text("Hello?")
        assert (await reply.outcome()).text == "One."
        conversation.phone.hang_up()

    async def conversation() -> None:
        vad = Vad() if turn_detection == "local" else None
        async with call(
            LINES, turn_detection=turn_detection, output=output, vad=vad
        ) as phone_call:
            await phone_call.hold(plot)
        assert phone_call.faults == []

    run_virtual(conversation)


def test_turns_change_hands_in_a_call() -> None:
    async def plot(conversation: Call) -> None:
        model = conversation.model
        await conversation.speak()
        await sleep(3)
        await model.update(turn_detection="manual").accepted()
        await conversation.speak()
        await sleep(3)
        assert (
            len(agent(conversation)) == 1
        )  # nobody answers until the button is let go
        model.end_turn()
        await sleep(3)
        assert len(agent(conversation)) == 2
        await model.update(turn_detection=ServerVad(silence_ms=300)).accepted()
        await conversation.speak()
        await sleep(3)
        assert len(agent(conversation)) == 3
        conversation.phone.hang_up()

    def agent(conversation: Call) -> list[str]:
        return [text for who, text in conversation.said if who == "agent"]

    async def conversation() -> None:
        async with call(LINES) as phone_call:
            await phone_call.hold(plot)
        assert phone_call.faults == []

    run_virtual(conversation)


CHANGES: list[Changes] = [
    {"instructions": "Be brief."},
    {"tools": [{"type": "function", "name": "book", "parameters": {}}]},
    {"tool_choice": "required"},
    {"parallel_tool_calls": False},
    {"reasoning": "high"},
    {"max_output_tokens": 100},
    {"max_output_tokens": "inf"},
    {"turn_detection": SemanticVad(eagerness="low")},
    {"noise_reduction": "far_field"},
    {"noise_reduction": None},
    {"transcription": "gpt-transcribe"},
    {"transcription": None},
    {"voice": "cedar"},
    {"speed": 1.5},
    {"output": "text"},
    {"truncation": "disabled"},
    {"tracing": Tracing(workflow="calls")},
    {"include": ["item.input_audio_transcription.logprobs"]},
    {"extra": {"audio": {"input": {"turn_detection": None}}}},
]


def test_every_field_is_changed_in_a_call_and_comes_back() -> None:
    events = Probe()

    async def plot(conversation: Call) -> None:
        model = conversation.model
        for changes in CHANGES:
            await model.update(**changes).accepted()
        assert model.settings.turn_detection == "manual"
        conversation.phone.hang_up()

    async def conversation() -> None:
        def reader(call: Call) -> list[Route]:
            return [call.model.events >> events.input]

        async with call(LINES, routes=reader) as phone_call:
            await phone_call.hold(plot)
        assert phone_call.faults == []
        all: list[ServerEvent] = events.frames
        told = [e.event for e in all if isinstance(e.event, SessionEvent)]
        told = [event for event in told if event.type == "session.updated"]
        assert len(told) == len(CHANGES)
        for changes, event in zip(CHANGES, told, strict=True):
            asked = wire_of(Settings(), changes, Moment())
            assert is_within(asked, event.session), changes

    run_virtual(conversation)


def test_what_the_service_refuses_is_told_to_who_waits() -> None:
    async def plot(conversation: Call) -> None:
        model = conversation.model
        with pytest.raises(UpdateRefused) as refused:
            await model.update(extra={"temperature": 5}).accepted()
        assert refused.value.param == "session.temperature"
        conversation.phone.hang_up()

    async def conversation() -> None:
        async with call(LINES) as phone_call:
            await phone_call.hold(plot)
        assert phone_call.faults == ["the service refused: unknown_parameter"]

    run_virtual(conversation)


def test_what_will_be_switched_off_is_warned_about_here_as_well() -> None:
    async def plot(conversation: Call) -> None:
        model = conversation.model
        with pytest.warns(RetirementWarning, match="2026-11-30") as told:
            model.update(prompt=Prompt(id="pmpt_1"))
        assert told[0].filename == __file__
        with pytest.warns(RetirementWarning, match="whisper-1 end(s|ed) on"):
            model.update(transcription="whisper-1")
        conversation.phone.hang_up()

    async def conversation() -> None:
        async with call(LINES) as phone_call:
            await phone_call.hold(plot)

    run_virtual(conversation)
