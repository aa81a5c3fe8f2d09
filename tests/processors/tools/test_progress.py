"""A tool's reports: the newest counts, from wherever it comes."""

from __future__ import annotations

import threading
from typing import Any

import anyio
import pytest

from voxpipe.pipeline import (
    Input,
    Pipeline,
    Processor,
    ToolCall,
    ToolResult,
    ToolUpdate,
)
from voxpipe.pipeline.testing import Source
from voxpipe.processors.tools import Progress, ToolError, ToolRouter, tool
from voxpipe.processors.tools.progress import Reports


@tool
async def work(times: int, progress: Progress) -> str:
    """Work.

    Args:
        times: how often.
        progress: not for the model.
    """
    for number in range(times):
        progress(f"{number} of {times}")
    return "done"


def test_the_model_knows_nothing_of_the_parameter() -> None:
    assert list(work.schema["parameters"]["properties"]) == ["times"]
    assert work.arguments('{"times": 2}') == {"times": 2}
    assert work.reports


async def test_outside_of_a_conversation_nobody_listens() -> None:
    assert await work(2, Progress()) == "done"
    assert await work.start({"times": 2}) == "done"


async def test_a_test_can_listen() -> None:
    told: list[tuple[str, str]] = []
    await work(2, Progress(lambda text, kind: told.append((text, kind))))
    assert told == [("0 of 2", "progress"), ("1 of 2", "progress")]


async def test_the_newest_report_takes_the_place_of_one_that_waits() -> None:
    reports = Reports()
    reports.add("a third", "progress")
    reports.add("two thirds", "sentence")
    assert await reports.next() == ("two thirds", "sentence")
    with anyio.move_on_after(0) as waiting:
        await reports.next()
    assert waiting.cancelled_caught


async def test_a_thread_can_report() -> None:
    reports = Reports()
    progress = Progress(reports.add)
    await anyio.to_thread.run_sync(progress.say, "from afar")
    assert await reports.next() == ("from afar", "sentence")


class Listener(Processor):
    """Lets the tool go on when its report has come."""

    input = Input[ToolResult | ToolUpdate]()

    def __init__(self) -> None:
        self.has_come = threading.Event()
        self.frames: list[ToolResult | ToolUpdate] = []

    async def run(self) -> None:
        async for frame in self.input:
            self.frames.append(frame)
            self.has_come.set()


async def test_a_tool_in_a_thread_tells_before_its_result() -> None:
    listener = Listener()

    @tool(timeout=30)
    def look(progress: Progress) -> str:
        progress.say("nearly there")
        listener.has_come.wait(30)
        return "done"

    calls = Source([ToolCall(call_id="1", name="look", arguments="{}")])
    router = ToolRouter([look])
    await Pipeline(calls.output >> router.calls, router.results >> listener.input).run(
        deadline=60
    )
    told, result = listener.frames
    assert told == ToolUpdate(call_id="1", kind="sentence", text="nearly there")
    assert isinstance(result, ToolResult)
    assert result.output == "done"


def _two(a: Progress, b: Progress) -> None: ...


def _positional(progress: Progress, /) -> None: ...


@pytest.mark.parametrize("function", [_two, _positional])
def test_there_is_one_that_can_be_given_by_name(function: Any) -> None:
    with pytest.raises(ToolError, match="one Progress"):
        tool(function)
