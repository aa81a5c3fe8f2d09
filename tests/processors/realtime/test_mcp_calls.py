"""Tools that the service calls, in whole conversations with a simulated one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

import pytest
from anyio import sleep

from voxpipe.pipeline import Output, Pipeline, Processor, WiringError
from voxpipe.pipeline.testing import Probe
from voxpipe.processors.realtime import (
    Approvals,
    HostedMcp,
    McpApproval,
    McpApprovalRule,
    McpCall,
    McpDecision,
    McpFilter,
    McpListed,
    McpNews,
    VoiceApprovals,
)
from voxpipe.processors.tools import tool
from voxpipe.simulator import Call as Calling
from voxpipe.simulator import Line, McpFailure, McpTool, McpTools, Script, When

from .call import QUICK, Call, call, session
from .loops import BACKENDS, Backend, run_virtually

T = TypeVar("T")
ORDERS = McpTool(name="orders", read_only=True, gives="one book", wait_ms=2_000)
REFUND = McpTool(name="refund", gives="refunded", wait_ms=500)
FAILS = McpTool(name="fails", fails=McpFailure(message="of Ada's secret"))
SHOP = McpTools(label="shop", tools=[ORDERS, REFUND, FAILS])
TRUSTED = HostedMcp(
    label="shop", url="https://shop.example/mcp", require_approval="never"
)
GATED = HostedMcp(label="shop", url="https://shop.example/mcp")
_chosen: list[Backend] = []


@pytest.fixture(params=BACKENDS, autouse=True)
def _backend(request: pytest.FixtureRequest) -> None:
    _chosen[:] = [request.param]


def run(function: Callable[..., Awaitable[T]]) -> T:
    return run_virtually(_chosen[0], function)


def script(*lines: Line, **fields: Any) -> Script:
    return Script(replies=lines, timing=QUICK, mcp=[SHOP], **fields)


def calling(*names: str, say: str = "", heard: str = "Hello?") -> Line:
    calls = [Calling(name=name, arguments={"of": "Ada"}) for name in names]
    return Line(heard=heard, say=say or (), calls=calls)


async def ask(conversation: Call) -> None:
    await sleep(1.0)
    await conversation.speak(1.0)
    await sleep(10.0)
    conversation.phone.hang_up()


async def held(
    script: Script,
    server: HostedMcp = TRUSTED,
    *,
    plot: Callable[[Call], Any] = ask,
    approvals: Callable[[Call], Any] | None = None,
    **settings: Any,
) -> tuple[Call, list[McpNews]]:
    """A conversation that was held, and all that was told of hosted tools."""
    probe = Probe()

    def routes(conversation: Call) -> list[Any]:
        lines: list[Any] = [conversation.model.mcp >> probe.input]
        if approvals is not None:
            box = approvals(conversation)
            lines += [
                conversation.model.mcp >> box.requests,
                box.decisions >> conversation.model.results,
            ]
            if isinstance(box, VoiceApprovals):
                lines.append(conversation.model.transcripts >> box.words)
        return lines

    async with call(script, mcp=[server], routes=routes, **settings) as conversation:
        await conversation.hold(plot)
    return conversation, probe.frames


def deciding(approve: bool) -> Callable[[Call], Approvals]:
    async def decide(request: McpApproval) -> bool:
        return approve

    return lambda conversation: Approvals(decide)


def told(news: list[McpNews]) -> list[str]:
    return [
        f"{each.tool} {each.status}"
        if isinstance(each, McpCall)
        else type(each).__name__
        for each in news
    ]


def test_the_tools_of_a_server_are_told_when_they_can_be_called() -> None:
    _, news = run(lambda: held(script()))
    assert news[0] == McpListed(server="shop", tools=("orders", "refund", "fails"))


def test_a_server_that_cannot_be_listed_is_reported_and_the_call_goes_on() -> None:
    broken = Script(
        replies=[Line(heard="Hello?", say="Good evening.")],
        timing=QUICK,
        mcp=[McpTools(label="shop", fails=True)],
    )
    conversation, news = run(lambda: held(broken))
    assert news == [McpListed(server="shop", failed=True)]
    assert conversation.said[-1] == ("agent", "Good evening.")
    assert conversation.faults == ["the tools of an MCP server could not be listed"]


def test_the_model_goes_on_when_the_service_has_called() -> None:
    lines = calling("orders"), Line(say="You have {result}.")
    conversation, news = run(lambda: held(script(*lines)))
    assert told(news) == ["McpListed", "orders running", "orders completed"]
    done = news[-1]
    assert isinstance(done, McpCall)
    assert (done.server, done.arguments) == ("shop", '{"of": "Ada"}')
    assert done.output == "one book"
    assert conversation.said == [("user", "Hello?"), ("agent", "You have one book.")]
    assert len(conversation.usage) == 3  # both replies, and the transcript
    assert conversation.faults == []


def test_several_calls_of_a_reply_are_followed_by_one() -> None:
    lines = calling("orders", "refund"), Line(say="Both are done."), Line(say="Again?")
    conversation, news = run(lambda: held(script(*lines)))
    assert told(news)[-2:] == ["refund completed", "orders completed"]
    assert [text for _, text in conversation.said] == ["Hello?", "Both are done."]


def test_hosted_calls_and_our_own_are_followed_by_one_reply() -> None:
    @tool
    async def weather() -> str:
        """Tell the weather."""
        await sleep(4.0)
        return "sunny"

    first = Line(
        heard="Hello?", calls=[Calling(name="orders"), Calling(name="weather")]
    )
    lines = first, Line(say="It is {results.weather}, and {results.orders}.")
    conversation, _ = run(lambda: held(script(*lines), tools=[weather]))
    assert conversation.said[1:] == [("agent", "It is sunny, and one book.")]


def test_a_call_that_fails_is_told_and_reported_and_the_model_goes_on() -> None:
    lines = calling("fails"), Line(say="Sorry.")
    conversation, news = run(lambda: held(script(*lines)))
    failed = news[-1]
    assert isinstance(failed, McpCall)
    assert (failed.status, failed.error) == ("failed", "tool_execution_error")
    assert conversation.said[-1] == ("agent", "Sorry.")
    assert conversation.faults == ["a hosted tool has failed: tool_execution_error"]
    assert "secret" not in str(conversation.faults) + repr(news)


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


# --- interruptions


def test_the_history_keeps_the_call_and_its_result() -> None:
    lines = calling("orders"), Line(say="You have {result}.")
    conversation, _ = run(lambda: held(script(*lines)))
    (kept,) = [e for e in conversation.model.history if e.kind == "mcp_call"]
    assert (kept.tool, kept.text, kept.result) == (
        "orders",
        '{"of": "Ada"}',
        "one book",
    )


def test_after_an_interruption_the_result_is_told_when_the_floor_is_free() -> None:
    async def cutting_in(conversation: Call) -> None:
        await sleep(1.0)
        await conversation.speak(1.0)
        await sleep(1.4)  # the call runs for 2 s, and the model talks meanwhile
        await conversation.speak(0.6)
        await sleep(10.0)
        conversation.phone.hang_up()

    first = Line(
        heard="Hello?",
        say="Let me see, that may take a while, so please stay on the line with me.",
        calls=[Calling(name="orders")],
    )
    lines = first, Line(heard="Hurry!", say="Yes."), Line(say="You have {result}.")
    conversation, news = run(lambda: held(script(*lines), plot=cutting_in))
    assert told(news)[-1] == "orders completed"
    words = [text for speaker, text in conversation.said if speaker == "agent"]
    assert words[1:] == ["Yes.", "You have one book."]
