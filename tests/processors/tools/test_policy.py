"""What a tool can be told about its treatment, and what is no treatment."""

from __future__ import annotations

import math
from typing import Any

import pytest

from voxpipe.pipeline import Interruption, Pipeline, ToolCall, Turn, WiringError
from voxpipe.pipeline.testing import Probe, Script
from voxpipe.processors.tools import (
    ByVoice,
    Filler,
    Policy,
    ToolError,
    ToolRouter,
    tool,
)


@tool(timeout=3, on_interruption="cancel")
async def work() -> str:
    """Work."""
    return "done"


@pytest.mark.parametrize(
    "fields",
    [
        {"timeout": 0},
        {"timeout": math.nan},
        {"on_interruption": "stop"},
        {"approval": "voice"},
    ],
)
def test_a_policy_has_to_make_sense(fields: dict[str, Any]) -> None:
    with pytest.raises(ToolError):
        Policy(**fields)
    with pytest.raises(ToolError):
        tool(**fields)


@pytest.mark.parametrize("times", [(-1, None), (math.nan, None), (601, None), (1, 0)])
def test_a_filler_has_to_make_sense(times: tuple[float, float | None]) -> None:
    with pytest.raises(ToolError, match="seconds"):
        Filler("One moment.", after=times[0], every=times[1])


def test_a_tool_can_be_put_under_another_policy() -> None:
    calmer = work.under(Policy(timeout=9))
    assert (work.timeout, calmer.timeout) == (3, 9)
    assert calmer.schema == work.schema
    assert calmer.policy.on_interruption == "continue"


async def test_who_minds_interruptions_has_to_hear_of_them() -> None:
    router, probe = ToolRouter([work]), Probe()
    calls = Script([ToolCall(call_id="1", name="work", arguments="{}")])
    routes = [calls.output >> router.calls, router.results >> probe.input]
    with pytest.raises(WiringError, match=r"model\.interruptions >> "):
        await Pipeline(*routes).run()


async def test_interruptions_do_not_keep_a_router_alive() -> None:
    router, probe = ToolRouter([work]), Probe()
    calls = Script([ToolCall(call_id="1", name="work", arguments="{}")])
    cuts = Script([Interruption(cut=Turn())])
    await Pipeline(
        calls.output >> router.calls,
        cuts.output >> router.interruptions,
        router.results >> probe.input,
    ).run(deadline=10)
    assert len(probe.frames) == 1


def test_only_who_is_to_be_asked_by_voice_needs_the_routers_own_tool() -> None:
    asked = work.under(Policy(approval=ByVoice()))
    names = [
        [schema["name"] for schema in ToolRouter([each]).schemas]
        for each in (work, asked)
    ]
    assert names == [["work"], ["work", "answer_approval"]]


def test_the_routers_own_name_is_taken() -> None:
    @tool(name="answer_approval")
    async def mine() -> None: ...

    with pytest.raises(ToolError, match="router's own"):
        ToolRouter([mine])
