"""Wrong drawings, and how to draw them."""

from __future__ import annotations

from copy import copy
from typing import Any

import pytest

from voxpipe.pipeline import Pipeline
from voxpipe.pipeline.testing import Probe, Source
from voxpipe.processors.realtime import (
    Realtime,
    ServerVad,
    Session,
    Settings,
    open_session,
)
from voxpipe.processors.realtime.config import Prompt
from voxpipe.processors.realtime.shell.wiring import mute_warnings, tool_warnings
from voxpipe.processors.tools import ToolRouter
from voxpipe.processors.vad import Vad
from voxpipe.simulator import simulated

TOOLS = [{"type": "function", "name": "look"}]


class Silent:
    """A connection by which nothing goes: all that is asked here is how it is drawn."""

    async def send(self, message: str, /) -> None:
        raise AssertionError("nobody converses")

    async def receive(self) -> str:
        raise AssertionError("nobody converses")


def said(*drawn: str, marked: bool = False, **settings: Any) -> list[str]:
    """What is wrong with a model of which these ports are drawn, and `says`."""
    session = Session(
        settings=Settings(**settings),
        connection=Silent(),
        id="sess_1",
        expires_at=None,
        host="",
    )
    model = Realtime(session)
    model.name = "model"
    for port in model.inputs():
        port.fed = port.name in drawn
    for output in model.outputs():
        output.read = output.name in (*drawn, "says")
    if marked:
        model.hears.through = (Vad(),)
    return list(model.check())


@pytest.mark.parametrize(
    ("drawn", "marked", "settings"),
    [
        (["hears"], False, {}),
        (["reads"], False, {}),
        (["hears", "calls", "results"], False, {"tools": TOOLS}),
        (["hears"], True, {"turn_detection": "local"}),
        (["hears", "speech"], False, {"turn_detection": "local"}),
        (["reads"], False, {"turn_detection": "local"}),
        (["hears"], False, {"turn_detection": "manual"}),
    ],
)
def test_nothing_is_wrong(
    drawn: list[str], marked: bool, settings: dict[str, Any]
) -> None:
    assert said(*drawn, marked=marked, **settings) == []


def test_a_model_that_nobody_talks_to() -> None:
    assert said() == [
        "nothing feeds model.hears: draw a route that ends `>> model.hears`, or "
        "`>> model.reads` for a caller who writes"
    ]


@pytest.mark.parametrize("settings", [{"tools": TOOLS}, {"extra": {"tools": TOOLS}}])
def test_tools_that_nobody_runs(settings: dict[str, Any]) -> None:
    assert said("hears", **settings) == [
        "the session declares tools and nobody takes the calls: draw "
        "`model.calls >> tools.calls` and `tools.results >> model.results`"
    ]


def test_calls_that_nobody_answers() -> None:
    assert said("hears", "calls", tools=TOOLS) == [
        "tool calls leave model and no results come back: draw "
        "`tools.results >> model.results`"
    ]


def test_local_turns_that_nobody_marks() -> None:
    assert said("hears", turn_detection="local") == [
        "turn detection is local and nobody marks speech: put Vad() in front of "
        "model.hears, or draw a branch of it into model.speech; a box of your own "
        "that marks it says so with `marks_speech = True` in its class"
    ]


def test_local_turns_that_are_marked_twice() -> None:
    assert said("hears", "speech", marked=True, turn_detection="local") == [
        "speech is marked twice, in what feeds model.hears and in what feeds "
        "model.speech: take one of them away"
    ]


@pytest.mark.parametrize(
    ("turn_detection", "owner"),
    [
        ("server", "the service"),
        ("semantic", "the service"),
        (ServerVad(replies=False), "the service"),
        ("manual", 'the program (turn_detection="manual")'),
    ],
)
@pytest.mark.parametrize(
    ("drawn", "marked", "cure"),
    [
        (["hears", "speech"], False, "take away the route into model.speech"),
        (
            ["hears"],
            True,
            "take Vad() out of what leads to model.hears, or draw it on a branch",
        ),
    ],
)
def test_two_owners_of_turn_taking(
    turn_detection: Any, owner: str, drawn: list[str], marked: bool, cure: str
) -> None:
    assert said(*drawn, marked=marked, turn_detection=turn_detection) == [
        f"two owners of turn-taking: {owner}, and what marks speech in the pipeline; "
        f'open the session with turn_detection="local", or {cure}'
    ]


@pytest.mark.parametrize(
    ("settings", "is_told"),
    [
        ({}, True),
        ({"tools": TOOLS}, False),
        ({"extra": {"tools": TOOLS}}, False),
        ({"prompt": Prompt(id="pmpt_1")}, False),
    ],
)
def test_calls_that_cannot_come_are_told_and_may_still_come(
    settings: dict[str, Any], is_told: bool
) -> None:
    calls = Realtime.calls
    unread, read = copy(calls), copy(calls)
    read.read = True
    assert not list(tool_warnings(Settings(**settings), unread))
    told = list(tool_warnings(Settings(**settings), read))
    assert told == is_told * [
        "Realtime.calls is read, and the session declares no tools, so the model calls "
        "none: open_session(tools=TOOLS) with those of the router"
    ]


async def test_a_router_without_tools_in_the_session_is_told_at_the_start(
    caplog: pytest.LogCaptureFixture,
) -> None:
    router = ToolRouter([])
    async with open_session(connect=simulated()) as session:
        model = Realtime(session)
        await Pipeline(
            Source([]).output >> model.reads,
            model.says >> Probe().input,
            model.calls >> router.calls,
            router.results >> model.results,
        ).run()
    (warning,) = caplog.messages
    assert warning.startswith("realtime.calls is read, and the session declares no")


@pytest.mark.parametrize(
    ("settings", "read", "is_told"),
    [
        ({}, "", True),
        ({}, "says", False),
        ({}, "writes", False),
        ({}, "transcripts", False),
        ({"output": "text"}, "", False),
    ],
)
def test_a_model_that_speaks_to_nobody_is_told(
    settings: dict[str, Any], read: str, is_told: bool
) -> None:
    ports = {
        port.name: copy(port)
        for port in (Realtime.says, Realtime.writes, Realtime.transcripts)
    }
    if read:
        ports[read].read = True
    says, *others = ports.values()
    told = list(mute_warnings(Settings(**settings), says, others))
    assert told == is_told * [
        "nothing reads Realtime.says: the model answers, and nobody hears it; draw a "
        "route such as `Realtime.says >> call.speaks`"
    ]


async def test_an_answer_without_a_route_to_the_caller_is_told_at_the_start(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with open_session(connect=simulated()) as session:
        await Pipeline(Source([]).output >> Realtime(session).reads).run()
    (warning,) = caplog.messages
    assert warning.startswith("nothing reads realtime.says")
