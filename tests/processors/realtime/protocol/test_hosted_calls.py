"""Tools that the service calls, in whole conversations with a simulated one."""

from __future__ import annotations

import pytest
from anyio import sleep

from voxpipe.processors.realtime.hosted_mcp import HostedMcp, McpCall, McpListed
from voxpipe.processors.tools import tool
from voxpipe.simulator import CallTool, Line, McpTools, Script

from ..call import QUICK, Call
from ..hosted import CHOSEN, ORDERS, ask, calling, held, run, script, told
from ..loops import BACKENDS


@pytest.fixture(params=BACKENDS, autouse=True)
def _backend(request: pytest.FixtureRequest) -> None:
    CHOSEN[:] = [request.param]


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
        heard="Hello?", calls=[CallTool(name="orders"), CallTool(name="weather")]
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


def test_servers_change_while_the_call_goes_on() -> None:
    async def changes(conversation: Call) -> None:
        await sleep(1.0)
        narrow = HostedMcp(
            label="shop",
            url="https://shop.example/mcp",
            allowed_tools=["orders"],
            require_approval="never",
        )
        await conversation.model.update(mcp=[narrow]).accepted()
        await sleep(1.0)
        await ask(conversation)

    lines = calling("refund"), Line(say="I cannot.")
    conversation, news = run(lambda: held(script(*lines), plot=changes))
    listed = [each.tools for each in news if isinstance(each, McpListed)]
    assert listed == [("orders", "refund", "fails"), ("orders",)]
    assert conversation.said[-1][1] == "I have no tool called refund."


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
        calls=[CallTool(name="orders")],
    )
    lines = first, Line(heard="Hurry!", say="Yes."), Line(say="You have {result}.")
    conversation, news = run(lambda: held(script(*lines), plot=cutting_in))
    assert told(news)[-1] == "orders completed"
    words = [text for speaker, text in conversation.said if speaker == "agent"]
    assert words[1:] == ["Yes.", "You have one book."]


def test_after_the_caller_has_gone_a_call_is_waited_for() -> None:
    async def impatient(conversation: Call) -> None:
        await sleep(1.0)
        await conversation.speak(1.0)
        await sleep(1.5)
        conversation.phone.hang_up()

    slow = McpTools(label="shop", tools=[ORDERS.model_copy(update={"wait_ms": 6_000})])
    lines = calling("orders"), Line(say="You have {result}.")
    slowly = Script(replies=lines, timing=QUICK, mcp=[slow])
    conversation, news = run(lambda: held(slowly, plot=impatient))
    assert told(news)[-1] == "orders completed"
    assert "You have one book." in [each.text for each in conversation.transcripts]
