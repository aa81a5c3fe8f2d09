"""The session without a socket, under real and under virtual time."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Awaitable, Callable

import anyio
import pytest
import trio
from trio.testing import MockClock

from voxpipe.simulator import (
    CallTool,
    ConnectionClosed,
    Line,
    MemoryConnection,
    Script,
    Timing,
    ToneVoice,
    connect_in_memory,
)

from .bench import Json, hum, judge, silence

TALK = Script(replies=(Line(say="A rather long sentence, and then another one."),) * 99)


async def receive(connection: MemoryConnection) -> Json:
    event: Json = json.loads(await connection.receive())
    judge(event)
    return event


async def until(connection: MemoryConnection, type: str) -> Json:
    while (event := await receive(connection))["type"] != type:
        pass
    return event


def in_virtual_time(program: Callable[[], Awaitable[None]]) -> float:
    """Run under trio's autojump clock; gives the seconds that went by there."""

    async def timed() -> float:
        start = anyio.current_time()
        await program()
        return anyio.current_time() - start

    return trio.run(timed, clock=MockClock(autojump_threshold=0))


async def test_a_session_needs_no_socket() -> None:
    script = Script(
        replies=(Line(say="Hi."),), timing=Timing(first_audio_ms=0, speed=99)
    )
    async with connect_in_memory(script, ToneVoice()) as connection:
        assert (await receive(connection))["type"] == "session.created"
        await connection.send('{"type": "response.create"}')
        done = await until(connection, "response.done")
        assert done["response"]["status"] == "completed"


async def test_the_end_of_a_session_carries_code_and_reason() -> None:
    async with connect_in_memory(voice=ToneVoice(), lifetime=0.01) as connection:
        await until(connection, "error")
        with pytest.raises(ConnectionClosed) as closed:
            await connection.receive()
        assert closed.value.code == 1001
        assert "maximum duration" in closed.value.reason
        with pytest.raises(ConnectionClosed) as again:
            await connection.send("{}")
        assert again.value.code == 1001
    assert isinstance(closed.value, anyio.EndOfStream)


async def test_closing_it_from_here_is_1000_and_may_be_done_twice() -> None:
    async with connect_in_memory(voice=ToneVoice()) as connection:
        await receive(connection)
        await connection.aclose()
        await connection.aclose()
        with pytest.raises(ConnectionClosed) as closed:
            await connection.receive()
        assert closed.value.code == 1000
        with pytest.raises(ConnectionClosed):
            await connection.send("{}")


async def test_what_goes_wrong_in_the_block_comes_out_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        async with connect_in_memory(TALK, ToneVoice()):
            raise ZeroDivisionError


async def test_a_client_that_does_not_read_stops_the_model_and_nothing_grows() -> None:
    long = Script(
        replies=(Line(say="word " * 4000),),
        timing=Timing(first_audio_ms=0, speed=1000, delta_ms=20),
    )
    async with connect_in_memory(long, ToneVoice()) as connection:
        await connection.send('{"type": "response.create"}')
        await anyio.wait_all_tasks_blocked()
        first = await receive(connection)
        assert first["type"] == "session.created"
        # 64 frames wait in the connection; tens of thousands would be to come.
        assert connection.statistics().current_buffer_used <= 64
        done = await until(connection, "response.output_audio.delta")
        assert done["item_id"]


async def test_a_client_that_only_sends_is_held_up() -> None:
    async with connect_in_memory(voice=ToneVoice()) as connection:
        sent = 0
        with anyio.move_on_after(0.2):
            while True:
                await connection.send("rubbish")  # each is answered with an error
                sent += 1
        assert sent < 1000
        for _ in range(sent):
            await receive(connection)


def test_virtual_time_takes_no_time() -> None:
    async def program() -> None:
        async with connect_in_memory(TALK, ToneVoice()) as connection:
            await connection.send('{"type": "response.create"}')
            await until(connection, "rate_limits.updated")
            await anyio.sleep(3000)

    assert in_virtual_time(program) > 3000


@pytest.mark.slow
def test_a_call_of_five_minutes_runs_in_virtual_time() -> None:
    tool: Json = {"type": "function", "name": "look", "parameters": {}}
    lines = (
        Line(heard="What is it?", calls=(CallTool(name="look"),)),
        Line(say="It is {result.what}, and that is all that there is to be said."),
    )
    script = Script(replies=lines, then="repeat")
    seen: dict[str, int] = {}

    async def hear(connection: MemoryConnection) -> None:
        while True:
            event = json.loads(await connection.receive())
            seen[event["type"]] = seen.get(event["type"], 0) + 1
            if event["type"] == "response.done":
                for item in event["response"]["output"]:
                    if item["type"] == "function_call":
                        await answer(connection, item["call_id"])

    async def answer(connection: MemoryConnection, call_id: str) -> None:
        output = {"call_id": call_id, "output": '{"what": "a test"}'}
        item = {"type": "function_call_output"} | output
        await connection.send(
            json.dumps({"type": "conversation.item.create", "item": item})
        )
        await connection.send('{"type": "response.create"}')

    async def program() -> None:
        async with (
            connect_in_memory(script, ToneVoice()) as connection,
            anyio.create_task_group() as tasks,
        ):
            await connection.send(
                json.dumps(
                    {
                        "type": "session.update",
                        "session": {"type": "realtime", "tools": [tool]},
                    }
                )
            )
            tasks.start_soon(hear, connection)
            for _ in range(30):
                for chunk in cut(hum(1500) + silence(8500)):
                    await connection.send(chunk)
                    await anyio.sleep(0.02)
            tasks.cancel_scope.cancel()

    assert in_virtual_time(program) == pytest.approx(300, abs=1)
    assert seen["input_audio_buffer.committed"] == 30
    assert seen["response.done"] == 60


def cut(audio: bytes) -> list[str]:
    chunks = (audio[start : start + 960] for start in range(0, len(audio), 960))
    return [
        json.dumps(
            {"type": "input_audio_buffer.append", "audio": b64encode(chunk).decode()}
        )
        for chunk in chunks
    ]
