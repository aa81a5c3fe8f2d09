"""Wrong drawings, and how to draw them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from voxpipe.processors.realtime import ServerVad, Settings
from voxpipe.processors.realtime.shell.wiring import Wiring, wiring_errors

PLAIN = Wiring(
    name="model",
    heard=True,
    read=False,
    marked=False,
    followed=False,
    calls=False,
    results=False,
    said=True,
)
TOOLS = [{"type": "function", "name": "look"}]


def _wiring(changes: dict[str, Any]) -> Wiring:
    return replace(PLAIN, **changes)


def said(changes: dict[str, bool], **settings: Any) -> list[str]:
    return list(wiring_errors(_wiring(changes), Settings(**settings)))


@pytest.mark.parametrize(
    ("changes", "settings"),
    [
        ({}, {}),
        ({"heard": False, "read": True}, {}),
        ({"calls": True, "results": True}, {"tools": TOOLS}),
        ({"marked": True}, {"turn_detection": "local"}),
        ({"followed": True}, {"turn_detection": "local"}),
        ({"heard": False, "read": True}, {"turn_detection": "local"}),
        ({}, {"turn_detection": "manual"}),
    ],
)
def test_nothing_is_wrong(changes: dict[str, bool], settings: dict[str, Any]) -> None:
    assert said(changes, **settings) == []


def test_a_model_that_nobody_talks_to() -> None:
    assert said({"heard": False}) == [
        "nothing feeds model.hears: draw a route that ends `>> model.hears`, or "
        "`>> model.reads` for a caller who writes"
    ]


@pytest.mark.parametrize("settings", [{"tools": TOOLS}, {"extra": {"tools": TOOLS}}])
def test_tools_that_nobody_runs(settings: dict[str, Any]) -> None:
    assert said({}, **settings) == [
        "the session declares tools and nobody takes the calls: draw "
        "`model.calls >> tools.calls` and `tools.results >> model.results`"
    ]


def test_calls_that_nobody_answers() -> None:
    assert said({"calls": True}, tools=TOOLS) == [
        "tool calls leave model and no results come back: draw "
        "`tools.results >> model.results`"
    ]


def test_local_turns_that_nobody_marks() -> None:
    assert said({}, turn_detection="local") == [
        "turn detection is local and nobody marks speech: put Vad() in front of "
        "model.hears, or draw a branch of it into model.speech"
    ]


def test_local_turns_that_are_marked_twice() -> None:
    assert said({"marked": True, "followed": True}, turn_detection="local") == [
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
    ("changes", "cure"),
    [
        ({"followed": True}, "take away the route into model.speech"),
        (
            {"marked": True},
            "take Vad() out of what leads to model.hears, or draw it on a branch",
        ),
    ],
)
def test_two_owners_of_turn_taking(
    turn_detection: Any, owner: str, changes: dict[str, bool], cure: str
) -> None:
    assert said(changes, turn_detection=turn_detection) == [
        f"two owners of turn-taking: {owner}, and what marks speech in the pipeline; "
        f'open the session with turn_detection="local", or {cure}'
    ]
