"""Tools in whole conversations: called together, and never behind audio."""

from __future__ import annotations

import pytest
from anyio import sleep

from voxpipe.pipeline.testing import Probe
from voxpipe.processors.tools import ToolRouter
from voxpipe.simulator import Line

from .call import Call, call
from .talk import LONG, asks_for, in_order, one_question, run_virtual, script, weather

pytestmark = pytest.mark.usefixtures("either_loop")


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
