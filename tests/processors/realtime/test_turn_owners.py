"""Who decides when the caller has finished: the service, a `Vad`, or the program."""

from __future__ import annotations

from typing import Any

import pytest
from anyio import sleep

from voxpipe.processors.audio import Decode
from voxpipe.processors.realtime import SemanticVad, ServerVad
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.vad import Vad
from voxpipe.transports import MemoryPhone

from .call import ULAW, Call, call
from .talk import ANSWERED, GREETS, in_order, one_question, run_virtual

pytestmark = pytest.mark.usefixtures("either_loop")


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
