"""What a tool can be told about its treatment, and what is no treatment."""

from __future__ import annotations

import math
from typing import Any

import anyio
import pytest

from voxpipe.pipeline import (
    Input,
    Interruption,
    Output,
    Pipeline,
    Processor,
    ToolCall,
    ToolResult,
    ToolUpdate,
    Turn,
    WiringError,
)
from voxpipe.pipeline.testing import Probe, Source
from voxpipe.processors.tools import (
    ByVoice,
    Filler,
    Policy,
    Proposal,
    ToolError,
    ToolRouter,
    tool,
)
from voxpipe.processors.tools.router import MAX_UNDECIDED


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
    calls = Source([ToolCall(call_id="1", name="work", arguments="{}")])
    routes = [calls.output >> router.calls, router.results >> probe.input]
    with pytest.raises(WiringError, match=r"model\.interruptions >> "):
        await Pipeline(*routes).run()


async def test_interruptions_do_not_keep_a_router_alive() -> None:
    router, probe = ToolRouter([work]), Probe()
    calls = Source([ToolCall(call_id="1", name="work", arguments="{}")])
    cuts = Source([Interruption(cut=Turn())])
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


class Caller(Processor):
    """Calls, and hears what comes of it until one call is refused."""

    calls = Output[ToolCall]()
    results = Input[ToolResult | ToolUpdate](feedback=True)

    def __init__(self, count: int) -> None:
        self._count = count
        self.errors: list[str | None] = []

    async def run(self) -> None:
        for number in range(self._count):
            await self.calls.send(
                ToolCall(call_id=str(number), name="work", arguments="{}")
            )
        async for result in self.results:
            assert isinstance(result, ToolResult)
            self.errors.append(result.error)
            if result.error == "busy":
                return


async def test_so_many_and_no_more_wait_for_a_person() -> None:
    under_way: list[str] = []

    async def never(proposal: Proposal) -> bool:
        under_way.append(proposal.call_id)
        await anyio.sleep_forever()
        return True

    router = ToolRouter([work.under(Policy(approval=never))], concurrency=1)
    caller = Caller(MAX_UNDECIDED + 1)
    await Pipeline(caller.calls >> router.calls, router.results >> caller.results).run(
        deadline=30
    )
    assert caller.errors == ["busy"]
    assert len(under_way) >= MAX_UNDECIDED
