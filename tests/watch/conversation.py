"""A conversation of a plain client with the simulator, through the proxy."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from voxpipe.console.example import example_wav
from voxpipe.simulator import CallTool, Line, Script, Simulator
from voxpipe.transports.wav import read_wav
from voxpipe.watch.board import Board
from voxpipe.watch.proxy import Proxy
from voxpipe.watch.window import Window

SCRIPT = Script(
    replies=[
        Line(
            heard="Are you open on Sunday evening?",
            say="One moment, I will look that up.",
            calls=[CallTool(name="opening_hours", arguments={"day": "Sunday"})],
        ),
        Line(say="On Sunday we are open from six to eleven in the evening."),
    ]
)
TOOL = {
    "type": "function",
    "name": "opening_hours",
    "description": "When we are open.",
    "parameters": {"type": "object", "properties": {"day": {"type": "string"}}},
}


@asynccontextmanager
async def converse(
    board: Board, folder: Path | None = None
) -> AsyncGenerator[tuple[Window, Callable[[], Awaitable[None]]]]:
    """A window, and what holds the conversation."""
    async with Simulator(SCRIPT) as simulator:
        window = Window(board, proxy=Proxy(simulator.url, board, folder=folder))

        async def talk() -> None:
            async with connect(
                f"{window.url('ws')}/v1/realtime?model=gpt-realtime",
                additional_headers={"Authorization": "Bearer sk-simulated"},
                max_size=None,
            ) as line:
                await _talk(line)

        async with window.opened():
            yield window, talk


async def _talk(line: ClientConnection) -> None:
    await _say(line, "session.update", session={"type": "realtime", "voice": "ash"})
    transcription = {"model": "gpt-4o-mini-transcribe"}
    session = {"type": "realtime", "tools": [TOOL]}
    audio = {"input": {"transcription": transcription}}
    await _say(line, "session.update", session={**session, "audio": audio})
    call = dict[str, Any]()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_speak, line)
        call = await _until(line, "response.function_call_arguments.done")
        await _until(line, "response.done")
        tasks.cancel_scope.cancel()
    await anyio.sleep(0.3)
    result = {"type": "function_call_output", "call_id": call["call_id"]}
    item = {**result, "output": '{"hours": "six to eleven"}'}
    await _say(line, "conversation.item.create", item=item)
    await _say(line, "response.create")
    done = await _until(line, "response.done")
    (said,) = done["response"]["output"]
    cut = {"item_id": said["id"], "content_index": 0, "audio_end_ms": 1500}
    await _say(line, "conversation.item.truncate", **cut)
    await _until(line, "conversation.item.truncated")


async def _speak(line: ClientConnection) -> None:
    """The question, and then silence, at the pace of speech."""
    format, data = read_wav(example_wav())
    heard = np.frombuffer(data, "<i2")
    length = len(heard) * 24_000 // format.rate
    at = np.arange(length) * format.rate / 24_000
    sound = np.interp(at, np.arange(len(heard)), heard).astype("<i2").tobytes()
    sound += bytes(48_000 * 30)
    for begin in range(0, len(sound), 4_800):
        audio = b64encode(sound[begin : begin + 4_800]).decode()
        await _say(line, "input_audio_buffer.append", audio=audio)
        await anyio.sleep(0.1)


async def _say(line: ClientConnection, kind: str, **fields: Any) -> None:
    await line.send(json.dumps({"type": kind, **fields}))


async def _until(line: ClientConnection, kind: str) -> dict[str, Any]:
    with anyio.fail_after(30):
        while True:
            event: dict[str, Any] = json.loads(await line.recv())
            if event["type"] == kind:
                return event
