"""Whatever happens to calls, and in whatever order: one result for each call id."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from voxpipe.pipeline import (
    Frame,
    Interruption,
    Output,
    Pipeline,
    Processor,
    ToolCall,
    ToolResult,
    ToolUpdate,
    Transcript,
    Turn,
)
from voxpipe.pipeline.testing import Probe, run_virtual, run_within
from voxpipe.processors.tools import (
    ByVoice,
    Filler,
    OnInterruption,
    Progress,
    Proposal,
    Refused,
    Tool,
    ToolRouter,
    tool,
)

Step = tuple[str, Any]
POLICIES: tuple[OnInterruption, ...] = ("continue", "cancel", "detach")


async def _yes(proposal: Proposal) -> bool:
    await anyio.sleep(1.5)  # virtual
    return True


async def _no(proposal: Proposal) -> bool:
    await anyio.sleep(0.5)  # virtual
    raise Refused("no")


async def _never(proposal: Proposal) -> bool:
    await anyio.sleep_forever()
    return True


def made_tools() -> list[Tool[..., Any]]:
    """A tool for each way to end, under each policy."""

    async def quick(progress: Progress) -> str:
        """Work."""
        progress("at once")
        return "done"

    async def slow(progress: Progress) -> str:
        """Work for long."""
        for _ in range(3):
            progress("some more")
            await anyio.sleep(1)  # virtual
        return "done"

    async def broken() -> str:
        """Fail."""
        raise LookupError("none")

    async def endless() -> str:
        """Work for ever."""
        await anyio.sleep_forever()
        return "never"

    async def stubborn() -> str:
        """Work on."""
        with anyio.CancelScope(shield=True):
            await anyio.sleep(4)  # virtual
        return "too late"

    functions: list[Callable[..., Awaitable[str]]]
    functions = [quick, slow, broken, endless, stubborn]
    made = [
        tool(
            name=f"{each.__name__}_{policy}",
            timeout=2.5,
            on_interruption=policy,
        )(each)
        for each in functions
        for policy in POLICIES
    ]
    approvals: dict[str, Any] = {"yes": _yes, "no": _no, "never": _never}
    approvals["voice"] = ByVoice()
    return made + [
        tool(
            name=f"{name}_{policy}",
            approval=by,
            on_interruption=policy,
        )(slow)
        for name, by in approvals.items()
        for policy in POLICIES
    ]


NAMES = [each.name for each in made_tools()]
DECISIONS = [
    json.dumps({"request": f"approval_{n}", "agreed": agreed})
    for n in (1, 2)
    for agreed in (True, False)
]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("call"), st.sampled_from([*NAMES, "unknown"])),
        st.tuples(st.just("decide"), st.sampled_from([*DECISIONS, "{}"])),
        st.tuples(st.just("again"), st.integers(0, 20)),
        st.tuples(st.just("cancel"), st.integers(0, 20)),
        st.tuples(st.just("interrupt"), st.none()),
        st.tuples(st.just("say"), st.sampled_from(["Yes.", "No.", "Hm."])),
        st.tuples(st.just("wait"), st.sampled_from([0.0, 0.6, 1.0, 2.0])),
    ),
    max_size=24,
)


class Model(Processor):
    """Calls, interrupts and waits, as hypothesis says."""

    calls = Output[ToolCall]()
    words = Output[Transcript]()
    interruptions = Output[Interruption]()

    def __init__(self, steps: list[Step], router: ToolRouter) -> None:
        self._steps: list[Step] = steps
        self._router = router
        self.made: list[ToolCall] = []

    async def run(self) -> None:
        for what, how in self._steps:
            match what:
                case "call":
                    await self._call(how, "{}")
                case "decide":
                    await self._call("answer_approval", how)
                case "again" if self.made:
                    await self.calls.send(self.made[int(how) % len(self.made)])
                case "cancel":
                    self._router.cancel(f"call_{how}")
                case "say":
                    item = f"item_{len(self.made) // 3}"
                    words = Transcript(speaker="user", text=how, item_id=item)
                    await self.words.send(words)
                case "interrupt":
                    await self.interruptions.send(Interruption(cut=Turn()))
                case "wait":
                    await anyio.sleep(how)  # virtual
                case _:
                    pass

    async def _call(self, name: str, arguments: str) -> None:
        number = len(self.made)
        call = ToolCall(
            call_id=f"call_{number}",
            name=name,
            arguments=arguments,
            caller_turns=number // 3,
            caller_item=f"item_{number // 3}",
        )
        self.made.append(call)
        await self.calls.send(call)


async def held(
    steps: list[Step], concurrency: int
) -> tuple[list[ToolCall], list[Frame]]:
    """Drive a router through these steps; what was called, and what it told."""
    router = ToolRouter(
        made_tools(), concurrency=concurrency, filler=Filler("One moment, please.")
    )
    model, probe = Model(steps, router), Probe()
    pipeline = Pipeline(
        model.calls >> router.calls,
        model.words >> router.words,
        model.interruptions >> router.interruptions,
        router.results >> probe.input,
    )
    await run_within(2_000, pipeline)
    return model.made, probe.frames


@settings(max_examples=60)
@given(STEPS, st.integers(1, 4))
def test_each_call_has_one_result_and_no_news_after_it(
    steps: list[Step], concurrency: int
) -> None:
    made, frames = run_virtual(held, steps, concurrency)
    assert Counter(answered(frames)) == {each.call_id: 1 for each in made}
    for at, frame in enumerate(frames):
        if isinstance(frame, ToolUpdate):
            assert frame.call_id not in answered(frames[:at])


def answered(frames: list[Frame]) -> list[str]:
    return [each.call_id for each in frames if isinstance(each, ToolResult)]
