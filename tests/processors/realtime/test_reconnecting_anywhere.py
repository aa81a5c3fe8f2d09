"""A conversation of any kind is lost at any message, and again: nothing is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Literal

import pytest
from anyio import create_task_group, fail_after, sleep
from hypothesis import given, settings
from hypothesis import strategies as st

from voxpipe.pipeline import SessionLost
from voxpipe.pipeline.testing import Probe
from voxpipe.processors.realtime import Connection, Realtime, Service, open_session
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.connect import Address
from voxpipe.processors.realtime.protocol.response import Reply
from voxpipe.processors.tools import ToolRouter, tool
from voxpipe.simulator import CallTool, Line, Script, When, connect_in_memory
from voxpipe.transports import MemoryPhone

from .call import QUICK, Call, speech
from .handles import LONGEST, Handles
from .loops import BACKENDS, Backend, run_virtually

Act = Literal["write", "tool", "speak", "aside", "add", "update", "interrupt", "delete"]
ACTS: tuple[Act, ...] = (
    *("write", "tool", "speak", "aside"),
    *("add", "update", "interrupt", "delete"),
)
SCRIPT = Script(
    when=[
        When(text="weather", calls=[CallTool(name="weather")]),
        When(result="weather", say="It is sunny, and will be for the week."),
    ],
    out_of_band=[Line(say="They like Rome.") for _ in range(9)],
    timing=QUICK,
)


class Lost:
    """Connects to sessions of which the first ones are lost at some message.

    Args:
        cuts: after how many messages, in either direction, each is.

    Attributes:
        opened: how many sessions there were.
    """

    needs_key = False

    def __init__(self, cuts: Sequence[int]) -> None:
        self._cuts = [*cuts]
        self.opened = 0

    @asynccontextmanager
    async def __call__(self, address: Address) -> AsyncGenerator[Connection]:
        self.opened += 1
        left = self._cuts.pop(0) if self._cuts else None
        async with connect_in_memory(SCRIPT, seed=self.opened) as connection:
            yield _Counted(connection, left)


class _Counted:
    def __init__(self, connection: Connection, left: int | None) -> None:
        self._connection = connection
        self._left = left

    def _count(self) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise SessionLost("cut", how="reset")

    async def send(self, message: str, /) -> None:
        self._count()
        await self._connection.send(message)

    async def receive(self) -> str:
        message = await self._connection.receive()
        self._count()
        return message


class Talk:
    """A conversation.

    Attributes:
        runs: how often each call of the tool was made.
        ends: how what the program waited for has ended.
    """

    def __init__(self, acts: Sequence[tuple[Act, float]], cuts: Sequence[int]) -> None:
        self._acts = acts
        self.connect = Lost(cuts)
        self.runs = 0
        self.ends: dict[str, str] = {}
        self._told = Probe()
        self.told: list[Any] = []
        self.written: list[str] = []
        self.known: list[tuple[str, str]] = []
        self.entries: list[Any] = []
        self.faults: list[str] = []
        self.heard = self.played = 0.0

    async def hold(self) -> None:
        """Hold it."""

        @tool
        async def weather() -> str:
            """Tell the weather."""
            self.runs += 1
            await sleep(0.4)
            return f"sunny {self.runs}"

        router, told, turns = ToolRouter([weather]), self._told, Probe()
        async with open_session(
            connect=self.connect,
            service=Service(api_key="sk-test"),
            tools=router.schemas,
        ) as session:
            call = Call(
                Realtime(session),
                router,
                phone=MemoryPhone(PCM_24K, background="silence"),
                routes=lambda call: [
                    call.model.reconnected >> told.input,
                    call.model.turns >> turns.input,
                ],
            )
            with fail_after(LONGEST):
                await call.hold(self._plot)
        self.told, self.faults = told.frames, call.faults
        self.heard = sum(each.of_turn.played for each in turns.frames)
        self.played = call.played

    async def _plot(self, call: Call) -> None:
        async with create_task_group() as tasks:
            handles = Handles(tasks)
            for number, (act, pause) in enumerate(self._acts):
                await self._act(act, f"{act} {number}", call, handles)
                await sleep(pause)
            await handles.all_ended()
            await sleep(8.0)
            last: Reply = call.model.send_text("The last one.")
            self.written.append("The last one.")
            assert (await last.outcome()).status == "completed"
            assert await last.turn.over() == "played"
            await sleep(3.0)  # it may have called
            self.ends = handles.ends
        left_out = {
            item.item_id for told in self._told.frames for item in told.left_out
        }
        for entry in list(call.model.history):
            if entry.item_id in left_out:  # a result whose call was deleted
                continue
            item = await call.model.items.retrieve(entry.item_id)
            self.known.append((item.belongs_to, item.type))
            self.entries.append(entry)
        call.phone.hang_up()

    async def _act(self, act: Act, name: str, call: Call, handles: Handles) -> None:
        model = call.model
        match act:
            case "write" | "tool":
                words = f"The weather, {name}?" if act == "tool" else f"Hello, {name}."
                self.written.append(words)
                handles.hold(name, model.send_text(words).outcome)
            case "speak":
                await call.phone.play(speech(0.5))
            case "aside":
                handles.hold(name, model.aside("What do they like?").outcome)
            case "add":
                self.written.append(name)
                model.add_text(name)
            case "update":
                update = model.update(instructions=name)
                handles.hold(name, update.accepted)
            case "interrupt":
                model.interrupt()
            case "delete":
                for entry in list(model.history)[:1]:
                    if entry.text in self.written:
                        self.written.remove(entry.text)
                    handles.hold(name, partial(model.items.delete, entry.item_id))

    def check(self) -> None:
        """Nothing is missing, and nothing is there twice."""
        for name, end in self.ends.items():
            allowed = {"completed", "done", "cancelled", "superseded"}
            if name.startswith("tool"):
                allowed |= {"incomplete"}
            if name.startswith("delete"):
                allowed |= {"ItemRefused"}  # twice, or before it was there
            assert end in allowed, (name, end, self.ends)
        texts = [e.text for e in self.entries if e.role == "user"]
        for words in self.written:
            assert texts.count(words) == 1, (words, texts)
        roles = [(e.role, e.kind) for e in self.entries]
        assert roles == self.known
        calls = Counter(e.call_id for e in self.entries if e.kind == "function_call")
        results = [e.call_id for e in self.entries if e.kind == "function_call_output"]
        assert all(each == 1 for each in calls.values())
        if all(act != "delete" for act, _ in self._acts):
            assert sorted(calls) == sorted(results)
            assert self.runs <= len(calls)
        assert len(results) == len(set(results))
        assert self.played == pytest.approx(self.heard, abs=0.001)
        assert not [each for each in self.faults if "refused" in each]


def held(
    acts: Sequence[tuple[Act, float]], cuts: Sequence[int], backend: Backend
) -> Talk:
    talk = Talk(acts, cuts)
    run_virtually(backend, talk.hold)
    return talk


CONVERSATIONS = st.lists(
    st.tuples(st.sampled_from(ACTS), st.sampled_from([0.0, 0.1, 0.5, 1.5, 4.0])),
    min_size=1,
    max_size=8,
)
CUTS = st.lists(st.integers(3, 500), min_size=1, max_size=3)


@settings(max_examples=10)
@given(CONVERSATIONS, CUTS, st.sampled_from(BACKENDS))
def test_it_goes_on(
    acts: list[tuple[Act, float]], cuts: list[int], backend: Backend
) -> None:
    goes_on(acts, cuts, backend)


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
@settings(max_examples=25)
@given(CONVERSATIONS, CUTS)
def test_it_goes_on_more_often(
    backend: Backend, acts: list[tuple[Act, float]], cuts: list[int]
) -> None:
    goes_on(acts, cuts, backend)


def goes_on(
    acts: Sequence[tuple[Act, float]], cuts: Sequence[int], backend: Backend
) -> None:
    talk = held(acts, cuts, backend)
    talk.check()
    assert len(talk.told) == talk.connect.opened - 1


@pytest.mark.soak
@settings(max_examples=2_500)
@given(CONVERSATIONS, CUTS, st.sampled_from(BACKENDS))
def test_whatever_is_said_and_wherever_it_is_lost(
    acts: list[tuple[Act, float]], cuts: list[int], backend: Backend
) -> None:
    held(acts, cuts, backend).check()
