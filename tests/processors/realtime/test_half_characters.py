"""Half a character, from anywhere to the service: none leaves, and all else arrives."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from voxpipe.processors.realtime import Connection, Realtime, Service, open_session
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.connect import Address
from voxpipe.processors.tools import ToolRouter, tool
from voxpipe.simulator import CallTool, Line, Script
from voxpipe.transports import MemoryPhone

from .call import QUICK, Call, simulated
from .damage import Damaged, dropped
from .loops import BACKENDS, Backend, run_virtually

HALF, MENDED = "cut \ud83d short", "cut \ufffd short"
SCRIPT = Script(
    replies=[Line(calls=[CallTool(name="look")]), Line(say="Nothing there.")],
    then="repeat",
    timing=QUICK,
)


@tool
async def look() -> dict[str, str]:
    """Look."""
    return {"seen": HALF, HALF: "seen"}


class Wire(Damaged):
    """A connection that keeps what is sent."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, "", dropped)
        self.sent: list[str] = []

    async def send(self, message: str, /) -> None:
        """As it is."""
        self.sent.append(message)
        await super().send(message)


@pytest.mark.parametrize("backend", BACKENDS)
def test_whatever_the_program_says_is_text_when_it_leaves(backend: Backend) -> None:
    wires: list[Wire] = []

    @asynccontextmanager
    async def connect(address: Address) -> AsyncGenerator[Connection]:
        async with simulated(SCRIPT)(address) as connection:
            wires.append(Wire(connection))
            yield wires[0]

    async def plot(call: Call) -> None:
        model = call.model
        await model.update(instructions=HALF).accepted()
        await model.send_text(HALF).outcome()
        await model.say(HALF).outcome()
        await model.ask(HALF).outcome()
        model.inform(HALF)
        part = {"type": "input_text", "text": HALF}
        await model.items.create({"type": "message", "role": "user", "content": [part]})
        assert MENDED in [entry.text for entry in model.history]
        call.phone.hang_up()

    async def scene() -> None:
        router = ToolRouter([look])
        async with open_session(
            service=Service(api_key="sk-test"),
            connect=connect,
            tools=router.schemas,
            instructions=HALF,
        ) as session:
            call = Call(Realtime(session), router, phone=MemoryPhone(PCM_24K))
            await call.hold(plot)

    run_virtually(backend, scene)
    sent = wires[0].sent
    orders = (json.dumps(json.loads(m), ensure_ascii=False) for m in sent)
    assert sum("\ufffd" in order for order in orders) >= 7  # `say` leaves them out
    assert not [message for message in sent if "\\ud83d" in message]


@pytest.mark.parametrize("backend", BACKENDS)
def test_halves_in_words_and_arguments_of_the_model_are_replaced(
    backend: Backend,
) -> None:
    # The arguments are JSON in JSON: a half in them is written down, and is none yet.
    arguments: list[str] = []

    @tool
    async def note(words: str) -> str:
        """Note something."""
        arguments.append(words)
        return "noted"

    def damage(event: dict[str, object]) -> tuple[str, ...]:
        text = json.dumps(event)
        return (text.replace("even", "\\\\ud83d"),)

    @asynccontextmanager
    async def connect(address: Address) -> AsyncGenerator[Connection]:
        async with simulated(script)(address) as connection:
            damaged = Damaged(connection, "response.output_item.done", damage)
            damaged.armed = True
            yield damaged

    async def plot(call: Call) -> None:
        await call.model.send_text("Note it.").outcome()
        await call.model.ask().outcome()
        call.phone.hang_up()

    call_it = CallTool(name="note", arguments={"words": "seven"})
    script = Script(replies=[Line(calls=[call_it]), Line(say="Done.")], timing=QUICK)

    async def scene() -> None:
        router = ToolRouter([note])
        async with open_session(
            service=Service(api_key="sk-test"), connect=connect, tools=router.schemas
        ) as session:
            call = Call(Realtime(session), router, phone=MemoryPhone(PCM_24K))
            await call.hold(plot)

    run_virtually(backend, scene)
    assert arguments == ["s\ufffd"]
