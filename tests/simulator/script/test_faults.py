"""Faults on demand, as any client sees them: in memory and over real sockets."""

from __future__ import annotations

import json
from typing import get_args

import anyio
import pytest
from openai.types.realtime import RealtimeClientEvent, RealtimeServerEvent

from voxpipe.pipeline import SessionLost
from voxpipe.pipeline.testing import virtual_backend
from voxpipe.processors.realtime import Service, open_session, websocket
from voxpipe.processors.realtime.connect.close import Timeouts
from voxpipe.simulator import (
    ConnectionClosed,
    Line,
    MemoryConnection,
    Script,
    ScriptError,
    Simulator,
    Timing,
    ToneVoice,
    connect_in_memory,
    parse_script,
    simulated,
)
from voxpipe.simulator.protocol.event_names import ALL_EVENTS
from voxpipe.simulator.script.faults import (
    Close,
    Duplicate,
    Expired,
    HalfOpen,
    Malformed,
    RateLimited,
    Reorder,
    Reset,
    ScriptFault,
    Slow,
    Stall,
)

QUICK = Timing(first_audio_ms=0, first_text_ms=0, speed=1000, rate_limits_ms=0)
ASK = '{"type": "response.create", "response": {"output_modalities": ["text"]}}'


def script(*faults: ScriptFault) -> Script:
    return Script(replies=[Line(say="One two.")] * 9, timing=QUICK, faults=faults)


def connect(*faults: ScriptFault) -> MemoryConnection:
    return connect_in_memory(script(*faults), ToneVoice())


async def up_to(connection: MemoryConnection, last: str) -> list[str]:
    """The messages up to the first of this type."""
    messages: list[str] = []
    with anyio.fail_after(10):
        while not messages or f'"type":"{last}"' not in messages[-1][:60]:
            messages.append(await connection.receive())
    return messages


def types(messages: list[str]) -> list[str]:
    return [json.loads(message)["type"] for message in messages]


async def test_it_strikes_after_as_many_as_it_says_and_as_often() -> None:
    fault = Duplicate(at="response.output_text.delta", after=1, times=2)
    async with connect(fault) as connection:
        await connection.send(ASK)
        await connection.send(ASK.replace("response.create", "nonsense"))
        messages = await up_to(connection, "response.done")
        deltas = [each for each in messages if "output_text.delta" in each[:60]]
        assert [deltas.index(each) for each in deltas] == [0, 1, 1, 3, 3][: len(deltas)]
        assert len(deltas) > 2


async def test_two_events_change_places() -> None:
    async with connect(Reorder(at="response.created")) as connection:
        await connection.send(ASK)
        seen = types(await up_to(connection, "response.done"))
        assert seen[1:3] == ["response.output_item.added", "response.created"]


async def test_an_event_is_cut_in_half_or_replaced() -> None:
    halved = Malformed(at="session.created")
    replaced = Malformed(at="response.created", text="[]")
    async with connect(halved, replaced) as connection:
        with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
            json.loads(await connection.receive())
        await connection.send(ASK)
        assert await connection.receive() == "[]"


async def test_an_event_of_the_client_can_be_where_it_strikes() -> None:
    fault = Close(at="response.create", after=1, code=1012, reason="restart")
    async with connect(fault) as connection:
        for _ in range(2):
            await connection.send(ASK)
        with pytest.raises(ConnectionClosed) as closed:
            await up_to(connection, "nothing like it")
        assert (closed.value.code, closed.value.reason) == (1012, "restart")


@pytest.mark.parametrize("rubbish", ["", "[]", "[" * 100_000, '{"type": []}'])
async def test_rubbish_of_the_client_is_no_event_to_strike_at(rubbish: str) -> None:
    async with connect(Close(at="response.create")) as connection:
        await connection.receive()
        await connection.send(rubbish)
        assert types([await connection.receive()]) == ["error"]


async def test_an_expired_session_says_so_first() -> None:
    async with connect(Expired(at="response.create")) as connection:
        await connection.receive()
        await connection.send(ASK)
        error = json.loads(await connection.receive())["error"]
        assert error["code"] == "session_expired"
        with pytest.raises(ConnectionClosed) as closed:
            await connection.receive()
        assert closed.value.code == 1001


async def test_a_stalled_service_reads_and_says_nothing() -> None:
    async with connect(Stall(at="response.created")) as connection:
        await connection.receive()
        for _ in range(200):  # more than a connection holds
            await connection.send('{"type": "input_audio_buffer.clear"}')
            if _ == 0:
                await connection.send(ASK)
        await anyio.wait_all_tasks_blocked()
        assert connection.statistics().current_buffer_used <= 2


async def test_a_half_open_connection_reads_nothing() -> None:
    async with connect(HalfOpen(at="response.created")) as connection:
        await connection.receive()
        await connection.send(ASK)
        sent = 0
        with anyio.move_on_after(0.2):
            while True:
                await connection.send('{"type": "input_audio_buffer.clear"}')
                sent += 1
        assert sent < 100  # what the connection holds


@pytest.mark.parametrize("anyio_backend", [virtual_backend()])
async def test_a_half_open_connection_is_noticed_as_late_as_over_a_socket() -> None:
    async with connect(HalfOpen(at="response.created")) as connection:
        await connection.receive()
        await connection.send(ASK)
        began = anyio.current_time()
        with pytest.raises(ConnectionClosed, match="not even a pong") as closed:
            await connection.receive()
        assert closed.value.how == "silent"
        assert anyio.current_time() - began == pytest.approx(4.5, abs=0.1)


@pytest.mark.parametrize("anyio_backend", [virtual_backend()])
async def test_slow_events_take_longer_each() -> None:
    async with connect(Slow(at="response.created", seconds=0.5)) as connection:
        await connection.receive()
        await connection.send(ASK)
        start = anyio.current_time()
        messages = await up_to(connection, "response.done")
        took = anyio.current_time() - start
        assert took == pytest.approx(0.5 * len(messages), abs=0.1)


async def test_without_tokens_replies_fail_and_the_limits_say_so() -> None:
    async with connect(RateLimited(times=1)) as connection:
        await connection.send(ASK)
        messages = await up_to(connection, "rate_limits.updated")
        done, limits = (json.loads(message) for message in messages[-2:])
        assert done["response"]["status"] == "failed"
        error = done["response"]["status_details"]["error"]
        assert error["code"] == "rate_limit_exceeded"
        assert done["response"]["usage"]["total_tokens"] == 0
        assert limits["rate_limits"][0]["remaining"] == 0
        await connection.send(ASK)
        done = json.loads((await up_to(connection, "response.done"))[-1])
        assert done["response"]["status"] == "completed"


@pytest.mark.parametrize("over", ["a socket", "memory"])
async def test_a_connection_ends_without_a_close_frame(over: str) -> None:
    fault = Close(at="session.update", code=1006)
    async with Simulator(script(fault), ToneVoice()) as server:
        service = Service(base_url=server.url, api_key="sk-test")
        connect = websocket if over == "a socket" else simulated(script(fault))
        with pytest.raises(SessionLost, match="without a goodbye") as lost:
            async with open_session(service=service, connect=connect):
                pass
    assert lost.value.code is None
    assert lost.value.how in ("ended", "reset")


async def test_faults_strike_over_a_real_socket_too() -> None:
    fault = Close(at="session.update", code=1013, reason="try later")
    async with Simulator(script(fault), ToneVoice()) as server:
        with pytest.raises(SessionLost, match="closed it with 1013") as lost:
            async with open_session(
                service=Service(base_url=server.url, api_key="sk-test")
            ):
                pass
    assert (lost.value.code, lost.value.reason) == (1013, "try later")


async def test_who_connects_again_may_meet_it_no_more() -> None:
    fault = Close(at="session.update", code=1012, sessions=1)
    async with Simulator(script(fault), ToneVoice()) as server:
        with pytest.raises(SessionLost):
            async with open_session(
                service=Service(base_url=server.url, api_key="sk-test")
            ):
                pass
        async with open_session(
            service=Service(base_url=server.url, api_key="sk-test")
        ) as session:
            assert session.id


async def test_who_connects_again_in_memory_meets_it_no_more_either() -> None:
    connect = simulated(script(Close(at="session.update", code=1012, sessions=1)))
    with pytest.raises(SessionLost):
        async with open_session(connect=connect):
            pass
    async with open_session(connect=connect) as session:
        assert session.id


async def test_no_ping_is_answered_on_a_half_open_socket() -> None:
    hasty = Timeouts(quiet=0.1, answer=0.1, farewell=0.1)
    fault = HalfOpen(at="session.update")
    async with Simulator(script(fault), ToneVoice()) as server:
        with pytest.raises(SessionLost, match="not even a pong"):
            async with open_session(
                service=Service(base_url=server.url, api_key="sk-test"),
                connect=lambda address: websocket(address, hasty),
            ):
                pass


def test_faults_are_written_in_yaml_too() -> None:
    text = """
faults:
  - {do: close, at: response.output_audio.delta, after: 3, code: 4000}
  - {do: half_open, at: input_audio_buffer.append, after: 50}
  - {do: rate_limited, after: 2}
"""
    assert parse_script(text).faults == (
        Close(at="response.output_audio.delta", after=3, code=4000),
        HalfOpen(at="input_audio_buffer.append", after=50),
        RateLimited(after=2),
    )


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("{do: clos, at: error}", "expected one of do: close, reset, expired"),
        ("{at: error}", "line 1, faults.0: expected one of do"),
        ("{do: close}", "faults.0.at: Field required"),
        ("{do: close, at: response.don}", "did you mean response.done?"),
        ("{do: stall, at: error, code: 4}", "no such field; the fields here are"),
        ("{do: duplicate, at: response.create}", "expected an event that the service"),
        ("{do: close, at: error, code: 99}", "greater than or equal to 1000"),
    ],
)
def test_a_wrong_fault_is_told_by_line_field_and_cure(fault: str, words: str) -> None:
    with pytest.raises(ScriptError) as wrong:
        parse_script(f"faults: [{fault}]")
    assert words in str(wrong.value)


def test_every_event_that_the_sdk_knows_can_be_named() -> None:
    known = {
        get_args(model.model_fields["type"].annotation)[0]
        for union in (RealtimeServerEvent, RealtimeClientEvent)
        for model in get_args(get_args(union)[0])
    }
    assert known <= set(ALL_EVENTS)


@pytest.mark.parametrize("over", ["a socket", "memory"])
async def test_a_connection_is_reset(over: str) -> None:
    fault = Reset(at="session.update")
    async with Simulator(script(fault), ToneVoice()) as server:
        service = Service(base_url=server.url, api_key="sk-test")
        connect = websocket if over == "a socket" else simulated(script(fault))
        with pytest.raises(SessionLost, match=r"reset.*without a goodbye") as lost:
            async with open_session(service=service, connect=connect):
                pass
    assert lost.value.how == "reset"
