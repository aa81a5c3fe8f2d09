"""A real MCP server's tools in the router: over its pipes, and over HTTP."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
import pytest
from pydantic import SecretStr

from voxpipe.pipeline import (
    AudioFormat,
    Pipeline,
    ToolCall,
    ToolResult,
    Transcript,
)
from voxpipe.pipeline.testing import Probe, Source, no_leaks
from voxpipe.processors.mcp import HttpServer, McpError, McpServer, StdioServer
from voxpipe.processors.mcp import mcp_tools as found_at
from voxpipe.processors.mcp.listing import MAX_DESCRIPTION
from voxpipe.processors.realtime import Realtime, open_session
from voxpipe.processors.tools import Policy, Tool, ToolRouter, tool
from voxpipe.simulator import (
    CallTool,
    Line,
    Script,
    Timing,
    simulated,
)
from voxpipe.transports import MemoryPhone

# Cancelled while it hands an event on, as when a server is left as soon as it is there,
# mcp 2.3 leaves its reader of the stream to the garbage collector, and httpx2 2.16 the
# three below it; the connection itself is closed. Only trio complains. The cures are
# modelcontextprotocol/python-sdk#3511 and pydantic/httpx2#1212.
LEFT_OPEN = (
    r"httpx2\._sse\.EventSource\.__aiter__",
    r"httpx2\._models\.Response\.aiter_(text|bytes)",
    r"httpcore2\._async\.connection_pool\.PoolByteStream\.__aiter__",
)
pytestmark = pytest.mark.filterwarnings(
    f"ignore:Async generator '({'|'.join(LEFT_OPEN)})' was garbage:ResourceWarning"
)

HERE = Path(__file__).parent
BRANCH = str(HERE / "branch.py")


@pytest.fixture(scope="module")
def shops() -> Generator[Path]:
    """A socket at which one can have a shop of one's own."""
    with TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as door:
        path = Path(folder) / "door"  # short: a socket's path has 100 bytes
        door.bind(str(path))
        door.listen()
        process = subprocess.Popen(
            [sys.executable, str(HERE / "shop.py"), str(door.fileno())],
            pass_fds=[door.fileno()],
            start_new_session=True,  # with those that it forks
        )
        try:
            yield path
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture(scope="module")
def by_pipes(shops: Path) -> StdioServer:
    """One that is started anew for each who asks."""
    key = {"SHOP_KEY": SecretStr("x")}
    return StdioServer(sys.executable, BRANCH, str(shops), env=key)


def served(shops: Path) -> HttpServer:
    """A new one over HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with socket.socket(socket.AF_UNIX) as door:
            door.connect(str(shops))
            socket.send_fds(door, [b"-"], [listener.fileno()])
    return HttpServer(f"http://127.0.0.1:{port}/mcp", token=SecretStr("key"))


@pytest.fixture(scope="module")
def lasting(shops: Path) -> HttpServer:
    """One that several tests call, and none hurts."""
    return served(shops)


@pytest.fixture(params=["pipes", "http"])
def shop(
    request: pytest.FixtureRequest, by_pipes: StdioServer, lasting: HttpServer
) -> McpServer:
    return by_pipes if request.param == "pipes" else lasting


def call(name: str, call_id: str = "c1", **arguments: Any) -> ToolCall:
    return ToolCall(call_id=call_id, name=name, arguments=json.dumps(arguments))


async def results_of(
    made: list[Tool[..., Any]] | tuple[Tool[..., Any], ...], *calls: ToolCall
) -> list[ToolResult]:
    router, source, probe = ToolRouter(made), Source(calls), Probe()
    await Pipeline(source.output >> router.calls, router.results >> probe.input).run(
        deadline=60
    )
    return [each for each in probe.frames if isinstance(each, ToolResult)]


async def test_its_tools_are_called_as_ones_own(shop: McpServer) -> None:
    @tool
    async def own() -> str:
        return "mine"

    async with found_at(shop, allowed=["add", "orders.get"]) as found:
        results = await results_of(
            [own, *found],
            call("add", "c1", a=2, b=3),
            call("orders_get", "c2", number="7"),
            call("own", "c3"),
        )
    outputs = {each.call_id: each.output for each in results}
    assert outputs["c1"] == "5"
    assert json.loads(outputs["c2"]) == {"number": "7", "state": "on its way"}
    assert outputs["c3"] == "mine"


async def test_schemas_are_told_as_they_are(lasting: HttpServer) -> None:
    async with found_at(lasting, allowed=["add"], prefix="shop_") as found:
        (schema,) = ToolRouter(found).schemas
    assert schema["name"] == "shop_add"
    assert schema["description"] == "Add two numbers."
    assert schema["parameters"]["properties"]["a"]["type"] == "integer"
    assert schema["parameters"]["required"] == ["a"]


async def test_what_goes_wrong_in_the_server_is_a_result(
    lasting: HttpServer,
) -> None:
    async with found_at(lasting) as found:
        failed, wrong = await results_of(
            found, call("fail", "c1"), call("add", "c2", a="x")
        )
        assert failed.error == wrong.error == "tool_error"
        assert "secret" not in failed.output
        (none,) = await results_of(found, call("orders_get"))
        assert none.error == "tool_error"
        (nonsense,) = await results_of(
            found, ToolCall(call_id="c", name="add", arguments="[")
        )
        assert nonsense.error == "invalid_arguments"


async def test_a_server_that_dies_is_an_error_and_is_started_again(
    by_pipes: StdioServer,
) -> None:
    async with found_at(by_pipes) as found:
        (died,) = await results_of(found, call("die"))
        assert died.error == "unavailable"
        assert "gone away" in died.output
        (sum_,) = await results_of(found, call("add", a=2))
        assert (sum_.output, sum_.error) == ("3", None)


async def test_it_sees_only_the_environment_that_it_is_given(
    by_pipes: StdioServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    async with found_at(by_pipes) as found:
        (result,) = await results_of(found, call("environment"))
    assert result.output == "SHOP_KEY"


async def test_a_server_that_stays_dead_is_an_error_each_time(shops: Path) -> None:
    async with found_at(served(shops)) as found:
        dying = [call("die", str(n)) for n in range(4)]
        died = await results_of(found, *dying)
        calls = [call("add", str(n), a=n) for n in range(10)]
        again = await results_of(found, *calls)
    assert {each.call_id for each in died} == set("0123")
    assert {each.error for each in (*died, *again)} == {"unavailable"}


async def test_a_tool_that_has_changed_is_not_called(
    by_pipes: StdioServer,
) -> None:
    async with found_at(by_pipes) as found:
        (changed,) = await results_of(found, call("change"))
        assert changed.output == "changed"
        with anyio.fail_after(20):
            result = ToolResult(call_id="", output="")
            while result.error != "unavailable":  # until the news has come
                (result,) = await results_of(found, call("add", a="x"))
        (other,) = await results_of(found, call("orders_get", number="7"))
    assert "has changed" in result.output
    assert other.error is None


async def test_a_server_ends_with_its_block(shop: McpServer) -> None:
    async with no_leaks(), found_at(shop) as found:
        assert found


async def test_an_error_in_the_block_comes_out_as_it_is(lasting: HttpServer) -> None:
    with pytest.raises(LookupError, match="mine"):
        async with found_at(lasting):
            raise LookupError("mine")


async def test_a_policy_is_for_all_of_its_tools(lasting: HttpServer) -> None:
    policy = Policy(timeout=7)
    async with found_at(lasting, policy=policy) as found:
        assert {each.timeout for each in found} == {7}
        assert found[0].under(Policy(timeout=8)).timeout == 8


async def test_a_conversation_outlives_the_server_of_its_tools(
    by_pipes: StdioServer,
) -> None:
    script = Script(
        replies=[
            Line(calls=[CallTool(name="die")]),
            Line(say="Something is broken."),
            Line(calls=[CallTool(name="add", arguments={"a": 2})]),
            Line(say="It is {result}."),
        ],
        timing=Timing(first_audio_ms=0, first_text_ms=0, text_token_ms=0),
    )
    phone = MemoryPhone(AudioFormat("pcm16", 24_000))
    async with found_at(by_pipes) as found:
        tools, words = ToolRouter(found), Probe()
        async with open_session(
            tools=tools.schemas, connect=simulated(script)
        ) as session:
            model = Realtime(session)
            pipeline = Pipeline(
                phone.heard >> model.hears,
                model.says >> phone.speaks,
                model.calls >> tools.calls,
                tools.results >> model.results,
                model.transcripts >> words.input,
            )
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(pipeline.run, name="pipeline")
                for _ in range(2):
                    model.send_text("go on")
                    await phone.listen()
                phone.hang_up()
    said = [each.text for each in words.frames if isinstance(each, Transcript)]
    assert "Something is broken." in said
    assert "It is 3." in said


# --- odd servers


ODD = Path(__file__).with_name("odd.py")


async def test_one_odd_tool_costs_itself_only_and_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = StdioServer(sys.executable, str(ODD))
    async with found_at(server) as found:
        router = ToolRouter(found)
        schemas = {each["name"]: each["parameters"] for each in router.schemas}
        (result,) = await results_of(found, call("null_schema", a=1))
    assert result.output == 'null_schema {"a": 1}'
    empty: dict[str, Any] = {"type": "object", "properties": {}}
    assert schemas["null_schema"] == schemas["no_schema"] == empty
    assert schemas["no_type"]["properties"] == {"a": {"type": "string"}}
    assert schemas["null_property"]["properties"] == {"a": {}}
    assert schemas["choice"]["properties"].keys() == {"a", "b"}
    assert schemas["remote"]["properties"] == {"a": {}}
    assert schemas["endless"]["properties"] == {"a": {"type": "number"}}
    assert schemas["lists"]["properties"] == {"a": {}}
    assert {"text", "7"}.isdisjoint(schemas)
    told = [each.getMessage() for each in caplog.records]
    assert len(told) == 8
    assert "without a name" in told[0]
    assert any("'text' of <StdioServer" in e and "takes no object" in e for e in told)
    assert any("the tool remote has a $ref" in each for each in told)
    assert any("the tool endless has an odd maximum" in each for each in told)
    assert any("the tool lists has an odd default" in each for each in told)


async def test_what_a_server_says_of_its_tools_is_bounded_and_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = StdioServer(sys.executable, str(ODD))
    async with found_at(server) as found:
        schemas = {each.name: each.schema for each in found}
    assert len(schemas["wordy"]["description"]) <= MAX_DESCRIPTION
    assert {"wide", "deep"}.isdisjoint(schemas)
    told = [each.getMessage() for each in caplog.records]
    assert any("'wordy' is described in 500000 characters" in each for each in told)
    assert any("'wide' of <StdioServer" in e and "is the most" in e for e in told)
    assert max(map(len, told)) < 300


async def test_a_listing_that_cannot_be_read_is_an_error_that_says_so() -> None:
    with pytest.raises(McpError, match="cannot be read in place of its tools"):
        async with found_at(StdioServer(sys.executable, str(ODD), "deeper")):
            pass


async def test_names_that_collide_end_in_a_hash_of_their_own() -> None:
    async with found_at(StdioServer(sys.executable, str(ODD))) as found:
        names = [each.name for each in found]
        ToolRouter(found)
        long = [each for each in names if each.startswith("long")]
        results = await results_of(
            found, *(call(name, str(n)) for n, name in enumerate(long))
        )
    assert [len(each) for each in long] == [64, 64]
    assert {each.output[-5:] for each in results} == {"_1 {}", "_2 {}"}
    assert "a_b" in names
    assert len([each for each in names if each.startswith("a_b_")]) == 2
    assert "answer_approval" not in names
    async with found_at(StdioServer(sys.executable, str(ODD))) as again:
        assert [each.name for each in again] == names


async def test_pictures_of_a_server_are_shown() -> None:
    async with found_at(StdioServer(sys.executable, str(ODD))) as found:
        (result,) = await results_of(found, call("picture"))
    assert [each.media_type for each in result.pictures] == ["image/png"]
    assert "a dark room" in result.output
    assert "[left out: image]" in result.output  # one that is no picture


# --- what is refused


async def test_a_program_that_is_not_there_is_an_error() -> None:
    with pytest.raises(McpError, match="cannot be opened"):
        async with found_at(StdioServer(os.devnull + "/nothing")):
            pass


async def test_a_program_that_is_no_server_is_an_error() -> None:
    with pytest.raises(McpError, match="cannot be opened"):
        async with found_at(StdioServer(sys.executable, "-c", "print('hello')")):
            pass


async def test_an_address_where_nobody_is_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(McpError, match="cannot be opened"):
        async with found_at(HttpServer(f"http://127.0.0.1:{port}/mcp")):
            pass


async def test_a_tool_that_is_not_there_cannot_be_allowed(lasting: HttpServer) -> None:
    with pytest.raises(McpError, match=r"no tool ad; there are: add, orders\.get"):
        async with found_at(lasting, allowed=["ad"]):
            pass


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.com/mcp", "https"),
        ("ftp://127.0.0.1/mcp", "ftp"),
        ("/mcp", "expected the URL"),
        ("https://[", "expected the URL"),
    ],
)
def test_an_address_has_to_be_safe(url: str, why: str) -> None:
    with pytest.raises(McpError, match=why):
        HttpServer(url)


def test_no_secret_is_shown() -> None:
    server = HttpServer(
        "https://example.com/mcp?key=secret",
        token=SecretStr("secret"),
        headers={"X-Key": "secret"},
    )
    program = StdioServer("run", "--key=secret", env={"KEY": "secret"})
    assert "secret" not in repr(server) + repr(program)
