"""How conversations end, and what is still waited for."""

from __future__ import annotations

from typing import Any

import pytest
from anyio import current_time, sleep

from voxpipe.pipeline import AudioFrame, Pipeline, Route
from voxpipe.pipeline.testing import Probe, Source
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.tools import ToolRouter
from voxpipe.processors.vad import Vad
from voxpipe.simulator import CallTool, Line
from voxpipe.transports import MemoryPhone

from .call import Call, call, session, speech
from .talk import GREETS, LONG, asks_for, run_virtual, script, weather

pytestmark = pytest.mark.usefixtures("either_loop")


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
