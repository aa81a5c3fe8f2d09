"""One result for each call id, seen at the ports."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxpipe.pipeline import (
    Frame,
    Input,
    Output,
    Pipeline,
    Processor,
    ToolCall,
    ToolResult,
    WiringError,
)
from voxpipe.pipeline.testing import Probe, Source, no_leaks
from voxpipe.processors.tools import Tool, ToolError, ToolOutput, ToolRouter, tool
from voxpipe.processors.tools.router import MAX_LEFT_BEHIND, MAX_REMEMBERED

from ..realtime.loops import BACKENDS, Backend, run_virtually


def call(name: str, arguments: object = None, call_id: str = "c1") -> ToolCall:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments or {})
    return ToolCall(call_id=call_id, name=name, arguments=text)


async def results_of(router: ToolRouter, *calls: ToolCall) -> list[ToolResult]:
    source, probe = Source(calls), Probe()
    await Pipeline(source.output >> router.calls, router.results >> probe.input).run(
        deadline=60
    )
    return probe.frames


async def result_of(made: Tool[..., Any], arguments: object = None) -> ToolResult:
    (result,) = await results_of(ToolRouter([made]), call(made.name, arguments))
    return result


def error_in(result: ToolResult) -> dict[str, str]:
    found: dict[str, str] = json.loads(result.output)["error"]
    assert found["type"] == result.error
    return found


@tool
async def add(a: int, b: int = 1) -> int:
    """Add."""
    return a + b


@tool
def subtract(a: int, b: int) -> int:
    """Subtract, in a thread."""
    assert threading.current_thread() is not threading.main_thread()
    return a - b


@tool
async def explode(secret: str = "") -> None:
    """Fail."""
    raise LookupError(f"nobody is called {secret}")


@tool(timeout=0.01)
async def hang() -> None:
    """Never end."""
    await anyio.sleep_forever()


class Closing(Processor):
    """Sends calls, and ends when it is told to."""

    calls = Output[ToolCall]()

    def __init__(self, *calls: ToolCall) -> None:
        self.enough = anyio.Event()
        self._calls = calls

    async def run(self) -> None:
        for each in self._calls:
            await self.calls.send(each)
        await self.enough.wait()


class Choosy(Processor):
    """Takes one result at a time, when it is let."""

    input = Input[Frame](capacity=1)

    def __init__(self) -> None:
        self.ready = anyio.Event()
        self.frames: list[Frame] = []

    async def run(self) -> None:
        await self.ready.wait()
        async for frame in self.input:
            self.frames.append(frame)
            await anyio.lowlevel.checkpoint()


# --- what one expects


async def test_a_call_is_answered_with_what_the_function_gives() -> None:
    result = await result_of(add, {"a": 2})
    assert result.seconds >= 0
    assert result == ToolResult(
        call_id="c1", name="add", output="3", seconds=result.seconds
    )


async def test_a_plain_function_runs_in_a_thread() -> None:
    assert (await result_of(subtract, {"a": 2, "b": 1})).output == "1"


async def test_a_plain_function_may_give_an_awaitable() -> None:
    @tool
    def later() -> Any:
        return add(1, 1)

    assert (await result_of(later)).output == "2"


def test_the_schemas_are_those_of_the_tools() -> None:
    assert ToolRouter([add, hang]).schemas == [add.schema, hang.schema]
    assert ToolRouter([]).schemas == []


async def test_calls_run_side_by_side_and_answer_as_they_end() -> None:
    second_has_run = anyio.Event()

    @tool
    async def first() -> str:
        await second_has_run.wait()
        return "1"

    @tool
    async def second() -> str:
        second_has_run.set()
        return "2"

    results = await results_of(
        ToolRouter([first, second]), call("first"), call("second", call_id="c2")
    )
    assert [each.call_id for each in results] == ["c2", "c1"]


async def test_no_more_than_the_bound_run_at_once() -> None:
    at_once = most = 0

    @tool
    async def count() -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        for _ in range(5):
            await anyio.lowlevel.checkpoint()
        at_once -= 1

    calls = [call("count", call_id=str(n)) for n in range(40)]
    results = await results_of(ToolRouter([count], concurrency=3), *calls)
    assert {each.call_id for each in results} == {str(n) for n in range(40)}
    assert most == 3


async def test_seconds_are_how_long_the_tool_ran() -> None:
    result = await result_of(hang)
    assert result.seconds >= 0.01


# --- what goes wrong


@pytest.mark.parametrize(
    "arguments", ["{", "[]", '{"a": "1"}', '{"a": NaN}', "{}", '{"a":' * 10_000]
)
async def test_wrong_arguments_are_an_error_and_a_fault(arguments: str) -> None:
    router = ToolRouter([add])
    (result,) = await results_of(router, call("add", arguments))
    assert result.error == "invalid_arguments"
    assert error_in(result)["message"]
    assert router.fault_count == 1


@pytest.mark.parametrize("name", ["", "ad", "__class__", "add\x00", "run" * 10_000])
async def test_an_unknown_tool_is_an_error_that_names_the_known_ones(name: str) -> None:
    router = ToolRouter([add, hang])
    (result,) = await results_of(router, call(name))
    assert (result.error, result.name) == ("unknown_tool", name)
    assert error_in(result)["message"].endswith("there are: add, hang")
    assert router.fault_count == 1


async def test_an_exception_is_told_to_the_model_and_not_to_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    result = await result_of(explode, {"secret": "Rumpelstilzchen"})
    assert result.error == "tool_error"
    message = error_in(result)["message"]
    assert message == "LookupError: nobody is called Rumpelstilzchen"
    assert "Rumpelstilzchen" not in caplog.text
    assert "explode raised LookupError" in caplog.text


async def test_the_first_of_each_error_of_a_tool_is_logged_with_its_places(
    caplog: pytest.LogCaptureFixture,
) -> None:
    router = ToolRouter([explode])
    secret = {"secret": "Rumpelstilzchen"}
    await results_of(
        router, *(call("explode", secret, call_id=str(n)) for n in range(3))
    )
    (warning,) = caplog.records
    assert warning.levelname == "WARNING"
    assert "Traceback" in caplog.text
    assert ", in explode" in caplog.text
    assert "Rumpelstilzchen" not in caplog.text
    assert router.failure_counts() == {"tool_errors": 3, "faults": 0}


@pytest.mark.parametrize(
    "error",
    [
        StopIteration(1),
        StopAsyncIteration(),
        ExceptionGroup("two", [ValueError(), KeyError()]),
        anyio.EndOfStream(),
        TimeoutError(),
        RecursionError(),
        MemoryError(),
        SystemExit(2),  # of a library with a command line: no order to this process
        type("NoException", (BaseException,), {})(),
        BaseExceptionGroup("one", [SystemExit(2)]),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("plain", [True, False])
async def test_any_exception_is_an_answer(error: BaseException, plain: bool) -> None:
    @tool(name="fail")
    def fail() -> None:
        raise error

    @tool(name="fail")
    async def fail_later() -> None:
        raise error

    assert (await result_of(fail if plain else fail_later)).error == "tool_error"


async def test_what_a_result_has_still_to_do_is_done_where_its_tool_ran() -> None:
    threads: list[threading.Thread] = []

    @tool
    def rows() -> dict[str, Iterator[int]]:
        def later() -> Iterator[int]:
            threads.append(threading.current_thread())
            yield 17

        threads.append(threading.current_thread())
        return {"rows": later()}

    result = await result_of(rows)
    assert (result.error, result.output) == (None, '{"rows": [17]}')
    assert threads[0] is threads[1] is not threading.main_thread()


async def test_what_json_has_nothing_for_is_told_as_done_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @tool
    async def pay() -> object:
        return {"paid": 7, "by": threading.Lock(), "said": "Rumpelstilzchen"}

    result = await result_of(pay)
    assert result.error is None
    assert json.loads(result.output)["paid"] == 7
    assert "the tool pay returned what JSON has nothing for (lock)" in caplog.text
    assert "Rumpelstilzchen" not in caplog.text


@pytest.mark.parametrize("plain", [True, False])
async def test_what_an_iterator_has_still_to_do_is_the_tools_work(plain: bool) -> None:
    def rows(last: int) -> Iterator[int]:
        assert (threading.current_thread() is threading.main_thread()) is not plain
        for n in range(3):
            yield 1 // (last - n)

    @tool(name="read")
    def read(last: int) -> Iterator[int]:
        return rows(last)

    @tool(name="read")
    async def read_later(last: int) -> Iterator[int]:
        return rows(last)

    made = read if plain else read_later
    assert (await result_of(made, {"last": 5})).output == "[0, 0, 0]"
    assert (await result_of(made, {"last": 2})).error == "tool_error"


async def test_a_result_says_who_speaks_next_and_a_failure_is_always_told() -> None:
    @tool(reply="if_silent")
    async def note(text: str) -> object:
        if not text:
            raise ValueError("nothing to note")
        return ToolOutput(reply="never") if text == "done" else text

    router = ToolRouter([note])
    calls = [
        call("note", {"text": text}, f"c{n}")
        for n, text in enumerate(["a", "done", ""])
    ]
    results = await results_of(
        router, *calls, call("note", "[", "c3"), call("no", {}, "c4")
    )
    assert {each.call_id: each.reply for each in results} == {
        "c0": "if_silent",
        "c1": "never",
        "c2": "always",
        "c3": "always",
        "c4": "always",
    }


async def test_a_tool_that_hangs_is_answered_when_its_time_is_up() -> None:
    result = await result_of(hang)
    assert result.error == "timeout"
    assert error_in(result)["message"] == "the tool took longer than 0.01 s"


async def test_the_router_has_a_timeout_for_tools_that_have_none() -> None:
    @tool
    async def hang_too() -> None:
        await anyio.sleep_forever()

    (result,) = await results_of(ToolRouter([hang_too], timeout=0.01), call("hang_too"))
    assert result.error == "timeout"


async def test_a_plain_function_that_hangs_is_left_behind() -> None:
    go_on, left = threading.Event(), threading.Event()

    @tool(timeout=0.01)
    def hang_in_thread() -> str:
        go_on.wait()
        left.set()
        return "too late"

    try:
        result = await result_of(hang_in_thread)
        assert not left.is_set()
    finally:
        go_on.set()
    assert result.error == "timeout"


async def test_when_too_many_are_left_behind_calls_are_refused() -> None:
    go_on, started = threading.Event(), itertools.count()

    @tool
    def hang_in_thread() -> None:
        anyio.from_thread.run_sync(router.cancel, str(next(started)))
        go_on.wait()

    router = ToolRouter([hang_in_thread, add], concurrency=1)
    hanging = [
        call("hang_in_thread", call_id=str(n)) for n in range(MAX_LEFT_BEHIND + 1)
    ]
    try:
        results = await results_of(router, *hanging, call("add", {"a": 1}))
    finally:
        go_on.set()
    assert {each.error for each in results[:-1]} == {"cancelled"}
    assert results[-1].error == "busy"


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_tool_that_swallows_its_cancellation_is_answered_for(
    backend: Backend, caplog: pytest.LogCaptureFixture
) -> None:
    go_on, complained = anyio.Event(), anyio.Event()

    @tool(timeout=0.01)
    async def stubborn() -> str:
        with anyio.move_on_after(10, shield=True):
            await go_on.wait()
        return "too late"

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "swallows" in record.msg:
                complained.set()

    class LetGo(Probe):
        async def run(self) -> None:
            await super().run()  # ends though the tool still runs
            await complained.wait()
            go_on.set()

    source, probe = Source([call("stubborn")]), LetGo()
    router = ToolRouter([stubborn])
    logger, listener = logging.getLogger("voxpipe"), Listener()
    logger.addHandler(listener)
    pipeline = Pipeline(source.output >> router.calls, router.results >> probe.input)
    run_virtually(backend, pipeline.run)
    logger.removeHandler(listener)
    assert [each.error for each in probe.frames] == ["timeout"]
    assert "stubborn swallows its cancellation" in caplog.text


async def test_a_tool_that_gives_a_value_when_cancelled_is_answered_once() -> None:
    @tool(timeout=0.01)
    async def sorry() -> str:
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            pass
        return "sorry"

    assert (await result_of(sorry)).error == "timeout"


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_tool_that_ends_as_cancelled_by_itself_is_answered_for() -> None:
    @tool
    async def doomed() -> None:
        raise asyncio.CancelledError

    results = await results_of(
        ToolRouter([doomed, add]), call("doomed"), call("add", {"a": 1}, "c2")
    )
    assert {each.call_id: each.error for each in results} == {
        "c1": "cancelled",
        "c2": None,
    }


# --- one result for each id


async def test_a_second_call_of_one_id_is_reported_and_not_run() -> None:
    runs: list[int] = []

    @tool
    async def pay(amount: int) -> str:
        runs.append(amount)
        return "paid"

    router = ToolRouter([pay])
    asked, probe, faults = (
        Source([call("pay", {"amount": 5})] * 3),
        Probe(),
        Probe(),
    )
    await Pipeline(
        asked.output >> router.calls,
        router.results >> probe.input,
        router.faults >> faults.input,
    ).run()
    assert len(probe.frames) == 1
    assert runs == [5]
    assert [each.source for each in faults.frames] == [router.name] * 2


async def test_ids_are_remembered_to_a_bound_and_while_they_run() -> None:
    go_on = anyio.Event()

    @tool
    async def wait() -> None:
        await go_on.wait()

    @tool
    async def release() -> None:
        go_on.set()

    router = ToolRouter([wait, release, add], timeout=60)
    many = [call("add", {"a": 1}, str(n)) for n in range(MAX_REMEMBERED + 1)]
    results = await results_of(
        router,
        call("wait", call_id="long"),
        *many,
        call("wait", call_id="long"),  # still runs
        call("add", {"a": 1}, "0"),  # forgotten
        call("release", call_id="last"),
    )
    ids = [each.call_id for each in results]
    assert ids.count("long") == 1
    assert ids.count("0") == 2
    assert router.fault_count == 1


async def test_one_call_can_be_cancelled() -> None:
    router = ToolRouter([])
    cleaned_up: list[str] = []

    @tool
    async def wait() -> None:
        try:
            assert router.cancel("c1")
            assert not router.cancel("c1")
            await anyio.sleep_forever()
        finally:
            cleaned_up.append("wait")

    router = ToolRouter([wait, add])
    results = await results_of(router, call("wait"), call("add", {"a": 1}, "c2"))
    assert {each.call_id: each.error for each in results} == {
        "c1": "cancelled",
        "c2": None,
    }
    assert cleaned_up == ["wait"]
    assert not router.cancel("c1")


async def test_a_call_that_is_cancelled_before_it_comes_is_not_run() -> None:
    ran: list[str] = []

    @tool
    async def pay() -> None:
        ran.append("pay")

    router = ToolRouter([pay])
    assert not router.cancel("c1")
    (result,) = await results_of(router, call("pay"))
    assert result.error == "cancelled"
    assert not ran


async def test_a_slow_reader_loses_no_result_and_holds_the_calls_back() -> None:
    calls = [call("add", {"a": n}, str(n)) for n in range(100)]
    source, reader, router = Source(calls), Choosy(), ToolRouter([add], concurrency=4)
    pipeline = Pipeline(source.output >> router.calls, router.results >> reader.input)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pipeline.run)
        await anyio.wait_all_tasks_blocked()
        assert pipeline.stats().inputs["tool_router.calls"].delivered < 10
        reader.ready.set()
    assert {each.call_id for each in reader.frames if isinstance(each, ToolResult)} == {
        str(n) for n in range(100)
    }


# --- ending


async def test_when_calls_end_those_under_way_are_answered_first() -> None:
    source = Closing(call("wait"))

    @tool
    async def wait() -> str:
        source.enough.set()
        for _ in range(50):
            await anyio.lowlevel.checkpoint()
        return "done"

    router, probe = ToolRouter([wait]), Probe()
    await Pipeline(source.calls >> router.calls, router.results >> probe.input).run()
    assert [each.output for each in probe.frames] == ["done"]


@pytest.mark.parametrize("plain", [True, False])
async def test_when_the_pipeline_is_cancelled_all_ends_at_once(plain: bool) -> None:
    go_on = threading.Event()

    @tool(name="wait", timeout=3600)
    def wait_in_thread() -> None:
        go_on.wait()

    @tool(name="wait", timeout=3600)
    async def wait() -> None:
        await anyio.sleep_forever()

    source, probe = Closing(call("wait")), Probe()
    router = ToolRouter([wait_in_thread if plain else wait])
    pipeline = Pipeline(source.calls >> router.calls, router.results >> probe.input)
    try:
        with anyio.fail_after(5):
            assert await pipeline.run(deadline=0.01) == "deadline"
    finally:
        go_on.set()
    assert not probe.frames


async def test_nothing_is_left_behind() -> None:
    async with no_leaks():
        await results_of(
            ToolRouter([add, hang, explode]),
            call("add", {"a": 1}),
            call("hang", call_id="c2"),
            call("explode", call_id="c3"),
        )


async def test_a_router_can_run_again() -> None:
    router = ToolRouter([add])
    for _ in range(2):
        assert len(await results_of(router, call("add", {"a": 1}))) == 1


# --- wiring


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(ToolError, match="two tools are called add"):
        ToolRouter([add, tool(name="add")(subtract.function)])


def test_a_function_that_is_no_tool_is_refused_with_the_cure() -> None:
    with pytest.raises(ToolError, match="put @tool above it"):
        ToolRouter([add.function])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]


def test_tools_without_their_list_are_refused_with_the_cure() -> None:
    alone: Any = add
    with pytest.raises(ToolError, match=r"a list of tools: .* ToolRouter\(\[add\]\)"):
        ToolRouter(alone)


@pytest.mark.parametrize(
    "bounds", [{"timeout": 0}, {"max_output": 1023}, {"concurrency": 0}]
)
def test_bounds_that_are_none_are_refused(bounds: dict[str, Any]) -> None:
    with pytest.raises(ToolError, match="not"):
        ToolRouter([add], **bounds)


def test_results_that_nobody_reads_are_refused_with_the_cure() -> None:
    source, router = Source([]), ToolRouter([add])
    with pytest.raises(WiringError, match=r"tool_router\.results >> model\.results"):
        Pipeline(source.output >> router.calls)


# --- whatever comes

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from("abx"), inner, max_size=3)
    ),
    max_leaves=5,
)
ARGUMENTS = JSON.map(json.dumps) | st.text()
TOOLS: Sequence[Tool[..., Any]] = [add, explode, hang]


def run_on(backend: str, main: Callable[..., Any], *arguments: Any) -> Any:
    return anyio.run(main, *arguments, backend=backend)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["add", "explode", "hang", "no"]) | st.text(), ARGUMENTS
        ),
        max_size=12,
    )
)
def test_whatever_the_model_writes_each_call_has_one_result(
    backend: str, written: list[tuple[str, str]]
) -> None:
    calls = [call(name, text, f"c{n}") for n, (name, text) in enumerate(written)]
    results: list[ToolResult] = run_on(
        backend, results_of, ToolRouter(TOOLS, timeout=0.01), *calls
    )
    assert sorted(each.call_id for each in results) == sorted(c.call_id for c in calls)
    for each in results:
        json.loads(each.output, parse_constant=pytest.fail)
