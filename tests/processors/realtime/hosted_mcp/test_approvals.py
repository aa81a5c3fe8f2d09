"""Calls of the service that wait for approval: in code, by voice, or of nobody."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from anyio import sleep

from voxpipe.pipeline import Output, Pipeline, Processor, WiringError
from voxpipe.pipeline.testing import Probe
from voxpipe.processors.realtime.hosted_mcp import (
    Approvals,
    HostedMcp,
    McpApproval,
    McpApprovalRule,
    McpDecision,
    McpFilter,
    VoiceApprovals,
)
from voxpipe.simulator import Line, When

from ..call import Call, call, session
from ..hosted import CHOSEN, GATED, ask, calling, deciding, held, run, script, told
from ..loops import BACKENDS


@pytest.fixture(params=BACKENDS, autouse=True)
def _backend(request: pytest.FixtureRequest) -> None:
    CHOSEN[:] = [request.param]


def test_a_call_is_made_once_code_has_approved_it() -> None:
    asked: list[McpApproval] = []

    async def decide(request: McpApproval) -> bool:
        asked.append(request)
        await sleep(40.0)  # somebody has to be found
        return True

    async def patient(conversation: Call) -> None:
        await sleep(1.0)
        await conversation.speak(1.0)
        await sleep(50.0)
        conversation.phone.hang_up()

    lines = calling("refund"), Line(say="It is {result}.")
    conversation, news = run(
        lambda: held(
            script(*lines),
            GATED,
            plot=patient,
            approvals=lambda conversation: Approvals(decide),
        )
    )
    assert [(each.tool, each.arguments) for each in asked] == [
        ("refund", '{"of": "Ada"}')
    ]
    assert told(news)[1:] == ["McpApproval", "refund running", "refund completed"]
    assert conversation.said[-1] == ("agent", "It is refunded.")


def test_a_call_that_is_not_approved_is_never_made_and_the_model_is_told() -> None:
    lines = calling("refund"), Line(say="I may not: {result}")
    conversation, news = run(
        lambda: held(script(*lines), GATED, approvals=deciding(approve=False))
    )
    assert told(news)[1:] == ["McpApproval", "refund rejected"]
    assert "rejected" in conversation.said[-1][1]


def test_only_gated_tools_are_asked_about() -> None:
    rule = McpApprovalRule(never=McpFilter(read_only=True))
    server = HostedMcp(label="shop", url="https://x.example", require_approval=rule)
    lines = calling("orders", "refund"), Line(say="Fine.")
    _, news = run(
        lambda: held(script(*lines), server, approvals=deciding(approve=True))
    )
    asked = [each.tool for each in news if isinstance(each, McpApproval)]
    assert asked == ["refund"]
    assert {"orders completed", "refund completed"} < set(told(news))


def test_an_approval_that_raises_or_takes_too_long_is_a_refusal() -> None:
    async def raises(request: McpApproval) -> bool:
        raise OSError("of Ada's secret")

    async def sleeps(request: McpApproval) -> bool:
        await sleep(60.0)
        return True

    lines = calling("refund"), Line(say="No.")
    for box in (Approvals(raises), Approvals(sleeps, patience=2.0)):
        decided = partial(held, script(*lines), GATED, approvals=partial(_given, box))
        _, news = run(decided)
        assert told(news)[-1] == "refund rejected"


def _given(box: Approvals, conversation: Call) -> Approvals:
    return box


# --- by voice

QUESTION = When(instructions="Ask the caller", say="May I refund it?")


async def ask_and_answer(conversation: Call) -> None:
    await sleep(1.0)
    for _ in range(3):
        await conversation.speak(1.0)
        await sleep(6.0)
    await sleep(8.0)
    conversation.phone.hang_up()


@pytest.mark.parametrize(
    ("answers", "end"),
    [
        (["Yes, go ahead."], "refund completed"),
        (["No, wait."], "refund rejected"),
        (["What for?", "Oh. Yes."], "refund completed"),
        (["What for?", "Hm."], "refund rejected"),
        (["Yes and no.", "No."], "refund rejected"),
    ],
)
def test_the_callers_own_words_decide(answers: list[str], end: str) -> None:
    lines = [calling("refund", heard="Refund my book.")]
    lines += [Line(heard=words, say="One moment.") for words in answers]
    conversation, news = run(
        lambda: held(
            script(*lines, when=[QUESTION]),
            GATED,
            plot=ask_and_answer,
            approvals=lambda conversation: VoiceApprovals(conversation.model),
        )
    )
    assert told(news)[-1] == end
    asked = conversation.said.count(("agent", "May I refund it?"))
    assert asked == len(answers)


def test_what_was_said_before_the_question_agrees_to_nothing() -> None:
    async def silent(conversation: Call) -> None:
        await sleep(1.0)
        await conversation.speak(1.0)
        await sleep(30.0)
        conversation.phone.hang_up()

    line = calling("refund", heard="Yes, yes, refund it, go ahead.")
    _, news = run(
        lambda: held(
            script(line, when=[QUESTION]),
            GATED,
            plot=silent,
            approvals=lambda call: VoiceApprovals(call.model, patience=10.0),
        )
    )
    assert told(news)[-1] == "refund rejected"


# --- when something is missing


def test_who_may_be_asked_is_checked_before_anything_runs() -> None:
    async def drawn() -> None:
        async with session(script(), mcp=[GATED]) as model:
            probe = Probe()
            await Pipeline(model.mcp >> probe.input).run()

    with pytest.raises(WiringError, match="approval"):
        run(drawn)


def test_a_decision_on_nothing_is_reported() -> None:
    class Wild(Processor):
        decisions = Output[McpDecision]()

        async def run(self) -> None:
            await self.decisions.send(McpDecision(request_id="x", approve=True))

    async def wild() -> Call:
        def routes(conversation: Call) -> list[Any]:
            return [Wild().decisions >> conversation.model.results]

        async with call(script(Line(say="Hi.")), routes=routes) as conversation:
            await conversation.hold(ask)
        return conversation

    assert run(wild).faults == ["expected a decision on an open request, got another"]


def test_a_request_that_nobody_reads_is_rejected() -> None:
    class Mute(Processor):
        decisions = Output[McpDecision]()

        async def run(self) -> None:
            return

    async def unread() -> Call:
        def routes(conversation: Call) -> list[Any]:
            return [Mute().decisions >> conversation.model.results]

        lines = calling("refund"), Line(say="I may not: {result}")
        async with call(script(*lines), mcp=[GATED], routes=routes) as conversation:
            await conversation.hold(ask)
        return conversation

    conversation = run(unread)
    assert "nobody is there to approve it" in conversation.said[-1][1]
