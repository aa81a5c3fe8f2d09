"""A deck for cassettes: records and plays what a plot does, in virtual time."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio

from voxpipe.pipeline.testing import run_virtual
from voxpipe.simulator import (
    CallTool,
    Line,
    Script,
    Timing,
    ToneVoice,
    connect_in_memory,
)
from voxpipe.simulator.cassettes import recording, replay
from voxpipe.simulator.cassettes.recorder import TextConnection
from voxpipe.simulator.cassettes.redaction import Keep

Json = dict[str, Any]
Plot = Callable[[TextConnection], Awaitable[Any]]
TOOL: Json = {"type": "function", "name": "look", "parameters": {}}
TWICE = [CallTool(name="look", arguments={"n": n}) for n in (1, 2)]
SCRIPT = Script(
    replies=[Line(say="Good evening."), Line(calls=TWICE), Line(say="Seen.")],
    timing=Timing(first_audio_ms=100, speed=10),
)


def record(
    path: Path, plot: Plot, script: Script = SCRIPT, keep: Keep = "words"
) -> Any:
    """Record what ``plot`` does with a simulated session, in virtual time."""

    def connect(address: object) -> Any:
        return connect_in_memory(script, ToneVoice(), seed=1)

    async def session() -> Any:
        async with recording(path, connect, keep=keep)("here") as connection:
            return await plot(connection)

    return run_virtual(session)


def play(path: Path, plot: Plot, **options: Any) -> Any:
    """Have ``plot`` meet the recording."""

    async def session() -> Any:
        async with replay(path, **options)("here") as connection:
            return await plot(connection)

    return run_virtual(session)


async def send(connection: TextConnection, type: str, **fields: Any) -> None:
    await connection.send(json.dumps({"type": type, **fields}))


async def until(connection: TextConnection, type: str) -> list[Json]:
    events: list[Json] = []
    while not events or events[-1]["type"] != type:
        events.append(json.loads(await connection.receive()))
    return events


async def ask(connection: TextConnection, **response: Any) -> list[Json]:
    await send(connection, "response.create", response=response)
    return await until(connection, "response.done")


async def answer(connection: TextConnection, call_id: str, output: str) -> None:
    item = {"type": "function_call_output", "call_id": call_id, "output": output}
    await send(connection, "conversation.item.create", item=item)


async def talk(connection: TextConnection) -> list[Json]:
    """A session with settings, speech, a greeting and two tool calls."""
    events = await until(connection, "session.created")
    session = {"type": "realtime", "instructions": "Be kind.", "tools": [TOOL]}
    await send(connection, "session.update", session=session)
    events += await ask(connection)
    for _ in range(50):
        sound = b64encode(bytes(960)).decode()
        await send(connection, "input_audio_buffer.append", audio=sound)
        await anyio.sleep(0.02)
    events += await ask(connection)
    calls = events[-1]["response"]["output"]
    for call in calls:
        await answer(connection, call["call_id"], json.dumps({"seen": call["name"]}))
    return events + await ask(connection, instructions="Say what you saw.")
