"""A real MCP server that the simulated service calls, and a whole conversation."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from anyio import create_task_group, fail_after
from openai import AsyncOpenAI, BadRequestError
from pydantic import SecretStr

from voxpipe.pipeline import Input, Output, Pipeline, Processor, Text, Transcript
from voxpipe.pipeline.testing import Probe
from voxpipe.processors.realtime import Realtime, open_session
from voxpipe.processors.realtime.hosted_mcp import (
    Approvals,
    HostedMcp,
    McpApproval,
    McpApprovalRule,
    McpCall,
    McpFilter,
    McpListed,
    McpNews,
)
from voxpipe.simulator import (
    CallTool,
    Line,
    McpFailure,
    McpTools,
    MemoryConnection,
    Script,
    Simulator,
    Timing,
    ToneVoice,
    connect_in_memory,
    simulated,
)
from voxpipe.simulator.machines import open_machine
from voxpipe.simulator.net.admission import Admission
from voxpipe.simulator.net.mcp_client import ask_server
from voxpipe.simulator.service.mcp.definitions import ServerDefinition
from voxpipe.simulator.service.mcp.requests import CallMcpTool, McpRequest, error_of

from .bench import Json, judge
from .mcp_shop import TOKEN

PATIENCE = 30.0  # seconds, real ones: a process has to start
SOLD_OUT = "Error executing tool sold_out: there are no lamps"
QUICK = Timing(first_text_ms=0, text_token_ms=0, rate_limits_ms=0)


@pytest.fixture(scope="module")
def shop() -> Generator[str]:
    """Where the shop is."""
    program = [sys.executable, str(Path(__file__).with_name("mcp_shop.py"))]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port, fd = listener.getsockname()[1], listener.fileno()
        process = subprocess.Popen([*program, str(fd)], pass_fds=[fd])
    try:
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.kill()
        process.wait()


def at(url: str) -> list[McpTools]:
    """The script lets the shop be asked."""
    return [McpTools(label="shop", url=url)]


class Caller(Processor):
    """Writes four times, each time when all was answered that came of the last."""

    news = Input[McpNews](feedback=True)
    transcripts = Input[Transcript](feedback=True, capacity=256)
    writes = Output[Text]()

    async def run(self) -> None:
        async for news in self.news:
            if isinstance(news, McpListed):
                break
        async with create_task_group() as tasks:
            tasks.start_soon(self._forget)
            for text in ("Where is 17?", "Money back.", "More money.", "What was it?"):
                await self.writes.send(Text(text=text))
                async for words in self.transcripts:
                    if words.final and words.speaker == "agent":
                        break
            tasks.cancel_scope.cancel()

    async def _forget(self) -> None:
        async for _ in self.news:
            pass


class Client:
    """A session; every event is judged by the official SDK."""

    def __init__(self, connection: MemoryConnection) -> None:
        self._connection = connection

    async def send(self, type: str, **fields: Any) -> None:
        await self._connection.send(json.dumps({"type": type, **fields}))

    async def until(self, type: str) -> list[Json]:
        """All events up to one of this type."""
        events: list[Json] = []
        while not events or events[-1]["type"] != type:
            events.append(json.loads(await self._connection.receive()))
            judge(events[-1])
        return events

    async def declare(self, url: str, **fields: Any) -> Json:
        """Declare the shop; the item that lists its tools."""
        tool = {"type": "mcp", "server_label": "shop", "server_url": url}
        tool |= {"authorization": TOKEN, "require_approval": "never"} | fields
        session = {"type": "realtime", "output_modalities": ["text"], "tools": [tool]}
        await self.send("session.update", session=session)
        item: Json = (await self.until("conversation.item.done"))[-1]["item"]
        return item

    async def called(self) -> Json:
        """Have the model do what its script says; the call that was made."""
        await self.send("response.create")
        events = await self.until("response.output_item.done")
        item: Json = events[-1]["item"]
        return item


@asynccontextmanager
async def client(url: str, *calls: CallTool) -> AsyncGenerator[Client]:
    replies = [Line(calls=[each]) for each in calls]
    script = Script(replies=replies, timing=QUICK, mcp=at(url))
    with fail_after(PATIENCE):
        async with connect_in_memory(script, ToneVoice()) as connection:
            yield Client(connection)


async def test_its_tools_are_imported_with_their_schemas(shop: str) -> None:
    async with client(shop) as session:
        listed = await session.declare(shop, allowed_tools={"read_only": True})
    tools = {tool["name"]: tool for tool in listed["tools"]}
    assert set(tools) == {"find_order", "refunded"}
    assert tools["find_order"]["description"] == "Find an order."
    assert tools["find_order"]["input_schema"]["required"] == ["number"]
    assert tools["find_order"]["annotations"] == {"readOnlyHint": True}


async def test_its_tools_are_called(shop: str) -> None:
    call = CallTool(name="find_order", arguments={"number": "17"})
    async with client(shop, call) as session:
        await session.declare(shop)
        item = await session.called()
    assert item["output"] == "order 17 is a lamp, 40 euros"


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (
            CallTool(name="sold_out"),
            {"type": "tool_execution_error", "message": SOLD_OUT},
        ),
        (
            CallTool(name="broken"),
            {"type": "protocol_error", "code": -32050, "message": "the shop is broken"},
        ),
    ],
)
async def test_95_what_goes_wrong_there_is_one_of_the_services_errors(
    shop: str, call: CallTool, error: Json
) -> None:
    async with client(shop, call) as session:
        await session.declare(shop)
        item = await session.called()
    assert item["error"] == error


async def test_95_a_server_that_lets_nobody_in_any_more_is_an_http_error(
    shop: str,
) -> None:
    definition = ServerDefinition({"server_url": shop, "server_label": "shop"})
    call = CallMcpTool(definition, shop, "x", {})
    with fail_after(PATIENCE):
        outcome = await ask_server(call)
    assert isinstance(outcome, McpFailure)
    assert error_of(outcome) == {
        "type": "http_error",
        "code": 401,
        "message": "HTTP 401 Unauthorized",
    }


async def test_a_server_without_its_token_or_without_a_process_cannot_be_listed(
    shop: str, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nowhere = f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
    for url, token in ((shop, "secret-of-ada"), (nowhere, TOKEN)):
        async with client(url) as session:
            listed = await session.declare(url, authorization=token)
            assert listed["tools"] == []
    assert "HTTP 401" in caplog.text
    assert "cannot be reached" in caplog.text
    assert "secret-of-ada" not in caplog.text


async def test_a_client_secret_brings_its_servers_and_shows_no_token(
    shop: str,
) -> None:
    tool = {
        "type": "mcp",
        "server_label": "shop",
        "server_url": shop,
        "authorization": TOKEN,
    }
    session: Any = {"type": "realtime", "tools": [tool]}
    with fail_after(PATIENCE):
        async with (
            Simulator(Script(), ToneVoice()) as simulator,
            AsyncOpenAI(base_url=simulator.url, api_key="sk-test") as openai,
        ):
            secrets = openai.realtime.client_secrets
            with pytest.raises(BadRequestError, match="Duplicate server_label"):
                await secrets.create(session=session | {"tools": [tool, tool]})
            secret = await secrets.create(session=session)
            assert TOKEN not in secret.model_dump_json()
            assert '"server_label":"shop"' in secret.model_dump_json()
            admission = Admission("realtime", "gpt-realtime", session=session)
            machine = open_machine(admission, Script(mcp=at(shop)), lifetime=60, seed=1)
            events = machine.outgoing()
            assert TOKEN not in json.dumps(events)
            (request,) = machine.requests()
            assert isinstance(request, McpRequest)
            machine.answered(request, await ask_server(request), 0.0)
            item = machine.outgoing()[-1]["item"]
    assert "refund" in [tool["name"] for tool in item["tools"]]


async def test_a_conversation_in_which_a_refund_is_approved_and_another_is_not(
    shop: str,
) -> None:
    asked: list[McpApproval] = []

    async def decide(request: McpApproval) -> bool:
        asked.append(request)
        return bool(json.loads(request.arguments)["euros"] < 100)

    def refund(number: str, euros: int) -> Line:
        arguments = {"number": number, "euros": euros}
        return Line(calls=[CallTool(name="refund", arguments=arguments)])

    find = Line(calls=[CallTool(name="find_order", arguments={"number": "17"})])
    script = Script(
        replies=[
            find,
            Line(say="I see: {result}."),
            refund("17", 40),
            Line(say="Done: {result}."),
            refund("18", 4_000),
            Line(say="I may not."),
            Line(calls=[CallTool(name="refunded")]),
            Line(say="Refunded: {result}."),
        ],
        timing=QUICK,
        mcp=at(shop),
    )
    server = HostedMcp(
        label="shop",
        url=shop,
        authorization=SecretStr(TOKEN),
        require_approval=McpApprovalRule(never=McpFilter(read_only=True)),
    )
    news, written = Probe(), Probe()
    with fail_after(PATIENCE):
        async with open_session(
            mcp=[server],
            output="text",
            turn_detection="manual",
            transcription=None,
            connect=simulated(script),
        ) as session:
            model, approvals = Realtime(session), Approvals(decide)
            caller = Caller()
            await Pipeline(
                caller.writes >> model.reads,
                model.mcp >> caller.news,
                model.transcripts >> caller.transcripts,
                model.mcp >> approvals.requests,
                model.mcp >> news.input,
                approvals.decisions >> model.results,
                model.transcripts >> written.input,
            ).run()
    calls = [each for each in news.frames if isinstance(each, McpCall)]
    ended = [(each.tool, each.status) for each in calls if each.status != "running"]
    assert ended == [
        ("find_order", "completed"),
        ("refund", "completed"),
        ("refund", "rejected"),
        ("refunded", "completed"),
    ]
    assert [json.loads(each.arguments)["number"] for each in asked] == ["17", "18"]
    final = [each for each in written.frames if each.final]
    said = [each.text for each in final if each.speaker == "agent"]
    assert said[:3] == [
        "I see: order 17 is a lamp, 40 euros.",
        "Done: 40 euros are on their way.",
        "I may not.",
    ]
    assert "17" in said[3]  # asked of the shop itself
    assert "18" not in said[3]
