"""Who looks at what runs is told of it, without a route, and changes nothing."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from voxpipe.pipeline import (
    Fault,
    Frame,
    Pipeline,
    Processor,
    ToolCall,
    ToolResult,
    Transcript,
)
from voxpipe.pipeline.observer import Agent, Observer, observed, observers
from voxpipe.pipeline.testing import Probe, Source
from voxpipe.processors.realtime import Realtime, open_session
from voxpipe.processors.tools import ToolRouter, tool
from voxpipe.simulator import CallTool, Failure, Line, Script, simulated
from voxpipe.transports import MemoryPhone

from ..processors.realtime.loops import BACKENDS, Backend, run_virtually

SCRIPT = Script(
    replies=[
        Line(say="One moment.", calls=[CallTool(name="look_up")]),
        Line(say="Here it is."),
    ]
)


class Keen(Observer):
    """Writes down what it is told."""

    def __init__(self, *wants: str) -> None:
        self.wants = frozenset(wants)
        self.seen: list[str] = []
        self.frames: list[Frame] = []
        self.activities: list[str] = []

    def begun(self, box: Processor) -> None:
        self.seen.append(f"{box.name} begins")

    def ended(self, box: Processor) -> None:
        self.seen.append(f"{box.name} ends")

    def told(self, box: Processor, port: str, frame: Frame) -> None:
        self.seen.append(port)
        self.frames.append(frame)

    def moved(self, box: Processor) -> None:
        assert isinstance(box, Agent)
        if self.activities[-1:] != [box.activity]:
            self.activities.append(box.activity)


@tool
async def look_up() -> str:
    """Look it up."""
    return "found"


async def hold(
    *looking: Observer, script: Script = SCRIPT, probe: Probe | None = None
) -> Realtime:
    """A call in which somebody writes something, and is answered."""
    tools = ToolRouter([look_up])
    async with open_session(
        connect=simulated(script, seed=1), tools=tools.schemas
    ) as session:
        model = Realtime(session)
        phone = MemoryPhone(session.settings.audio)
        phone.hang_up()
        words = [] if probe is None else [model.transcripts >> probe.input]
        pipeline = Pipeline(
            *words,
            phone.heard >> model.hears,
            model.says >> phone.speaks,
            model.calls >> tools.calls,
            tools.results >> model.results,
        )
        model.send_text("Well?")
        with ExitStack() as stack:
            for each in looking:
                stack.enter_context(observed(each))
            await pipeline.run()
    return model


@pytest.mark.parametrize("backend", BACKENDS)
def test_it_is_told_what_it_wants_and_nothing_else(backend: Backend) -> None:
    keen = Keen("calls", "results")
    run_virtually(backend, lambda: hold(keen))
    assert keen.seen == ["realtime begins", "calls", "results", "realtime ends"]
    call, result = keen.frames
    assert isinstance(call, ToolCall)
    assert isinstance(result, ToolResult)
    assert call.call_id == result.call_id


@pytest.mark.parametrize("backend", BACKENDS)
def test_each_of_several_is_told_and_so_is_the_reader(backend: Backend) -> None:
    keen, other, probe = Keen("transcripts"), Keen("transcripts", "turns"), Probe()
    run_virtually(backend, lambda: hold(keen, other, probe=probe))
    finals = [
        [each.text for each in frames if isinstance(each, Transcript) and each.final]
        for frames in (keen.frames, other.frames, probe.frames)
    ]
    assert (
        finals[0] == finals[1] == finals[2] == ["Well?", "One moment.", "Here it is."]
    )
    assert other.seen.count("turns") == 2
    assert "turns" not in keen.seen


@pytest.mark.parametrize("backend", BACKENDS)
def test_it_sees_what_the_agent_does(backend: Backend) -> None:
    keen = Keen()
    run_virtually(backend, lambda: hold(keen))
    assert keen.activities[0] == "thinking"
    assert "speaking" in keen.activities
    assert keen.activities[-1] == "listening"


@pytest.mark.parametrize("backend", BACKENDS)
def test_it_is_told_of_a_reply_that_failed(backend: Backend) -> None:
    keen = Keen("faults")
    script = Script(replies=[Line(fails=Failure())])
    run_virtually(backend, lambda: hold(keen, script=script))
    (fault,) = keen.frames
    assert isinstance(fault, Fault)
    assert fault.message.startswith("a reply is failed")


@pytest.mark.parametrize("backend", BACKENDS)
def test_who_looks_at_calls_takes_none_of_them(backend: Backend) -> None:
    keen = Keen("calls")

    async def scene() -> list[str]:
        async with open_session(connect=simulated(SCRIPT, seed=1)) as session:
            model = Realtime(session)
            phone, probe = MemoryPhone(session.settings.audio), Probe()
            phone.hang_up()
            pipeline = Pipeline(
                phone.heard >> model.hears,
                model.says >> phone.speaks,
                model.faults >> probe.input,
            )
            model.update(tools=ToolRouter([look_up]).schemas)
            model.send_text("Well?")
            with observed(keen):
                await pipeline.run()
        return [each.message for each in probe.frames]

    faults = run_virtually(backend, scene)
    assert "a tool was called, and nobody takes calls" in faults


def test_nobody_looks_outside_of_the_block() -> None:
    keen, other = Keen(), Keen()
    assert observers() == ()
    with observed(keen):
        assert observers() == (keen,)
        with observed(other):
            assert observers() == (keen, other)
        assert observers() == (keen,)
    assert observers() == ()


def test_a_box_that_holds_no_conversation_is_no_agent() -> None:
    assert not isinstance(Source([]), Agent)
