"""A caller for tests: over the real port, in real time, so what is said is short."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx2
import pytest
from openai import AsyncOpenAI
from websockets.exceptions import ConnectionClosed

from voxpipe.simulator import (
    CallEnded,
    Line,
    Script,
    Simulator,
    SipCaller,
    Timing,
    ToneVoice,
)

from .bench import Json, hum, judge
from .web_client import WebSocket, connect

TIMING = Timing(first_audio_ms=0, rate_limits_ms=0)
LONG = "There is a lot to be said about that. " * 8
BEARER = {"Authorization": "Bearer sk-test"}


class Desk:
    """A simulator with a call that is in progress, and a client that has joined."""

    def __init__(self, server: Simulator, call: SipCaller, socket: WebSocket) -> None:
        self.server = server
        self.call = call
        self.socket = socket
        self.events: list[Json] = []

    async def until(self, type: str) -> Json:
        with anyio.fail_after(10):
            while True:
                event: Json = json.loads(await self.socket.recv())
                judge(event)
                self.events.append(event)
                if event["type"] == type:
                    return event

    async def ask(self, action: str, **body: Any) -> None:
        url = f"{self.server.url}/realtime/calls/{self.call.id}/{action}"
        async with httpx2.AsyncClient(headers=BEARER) as client:
            answer = await client.post(url, json=body)
        assert answer.status_code == 200, answer.text
        # Clients that are told of JSON read it: OpenAI's sample for SIP fails then.
        assert not answer.content
        assert "content-type" not in answer.headers


@asynccontextmanager
async def desk(*says: str) -> AsyncGenerator[Desk]:
    script = Script(replies=[Line(say=each) for each in says], timing=TIMING)
    async with Simulator(script, ToneVoice()) as server, server.incoming_call() as call:
        url = f"{server.url}/realtime/calls/{call.id}/accept"
        async with httpx2.AsyncClient(headers=BEARER) as client:
            await client.post(url, json={"type": "realtime"})
        await call.answered()
        url = f"{server.websocket_url}?call_id={call.id}"
        async with connect(url, BEARER) as socket:
            at = Desk(server, call, socket)
            await at.until("session.created")
            yield at


async def test_a_caller_speaks_and_hears_the_answer() -> None:
    async with desk("Yes.") as at:
        await at.call.say(hum(400))
        reply = await at.call.listen()
        await at.until("output_audio_buffer.stopped")
        told = [event["type"] for event in at.events]
    assert reply.audio.duration > 0.1
    assert not reply.cut
    assert told[0] == "session.created"
    assert told.index("input_audio_buffer.speech_started") < told.index("response.done")
    assert "response.output_audio.delta" not in told
    [done] = [each for each in at.events if each["type"] == "response.done"]
    assert done["response"]["id"] == reply.response_id


async def test_a_caller_interrupts() -> None:
    async with desk(LONG) as at:
        await at.socket.send('{"type": "response.create"}')
        await at.until("output_audio_buffer.started")
        await at.call.say(hum(300))
        reply = await at.call.listen()
        truncated = await at.until("conversation.item.truncated")
    assert reply.cut
    assert truncated["audio_end_ms"] == int(reply.audio.duration * 1000)


async def test_keys_are_pressed() -> None:
    async with desk() as at:
        await at.call.press("4#")
        for key in "4#":
            event = await at.until("input_audio_buffer.dtmf_event_received")
            assert event["event"] == key
        with pytest.raises(ValueError, match="not 'x'"):
            await at.call.press("x")


async def test_whoever_joins_can_speak_to_the_session_and_leave_it() -> None:
    async with desk("Good evening.") as at:
        url = f"{at.server.websocket_url}?call_id={at.call.id}"
        async with connect(url, BEARER) as second:
            await second.recv()
            await second.send('{"type": "response.cancel", "event_id": "mine"}')
            error = json.loads(await second.recv())
            assert error["error"]["event_id"] == "mine"
            await second.send('{"type": "response.create"}')
            created = json.loads(await second.recv())
            assert created["type"] == "response.created"
        done = await at.until("response.done")  # told to the first one too
        assert done["response"]["id"] == created["response"]["id"]
        assert "error" not in [event["type"] for event in at.events]
        assert at.call.state == "accepted"


async def test_the_caller_hangs_up() -> None:
    async with desk() as at:
        await at.call.hang_up()
        with pytest.raises(ConnectionClosed) as closed:
            await at.until("error")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1000
        assert await at.call.over() == "caller"
        with pytest.raises(CallEnded):
            await at.call.say(hum(100))


async def test_the_service_may_let_go_of_a_call_without_a_close_frame() -> None:
    async with desk() as at:
        await at.call.hang_up(1006)
        with pytest.raises(ConnectionClosed) as closed:
            await at.until("error")
        assert closed.value.rcvd is None
        assert await at.call.over() == "caller"


async def test_what_was_heard_before_the_app_hung_up_was_heard() -> None:
    async with desk(LONG) as at:
        await at.socket.send('{"type": "response.create"}')
        await at.until("output_audio_buffer.started")
        await at.ask("hangup")
        assert await at.call.over() == "app"
        assert (await at.call.listen()).cut
        with pytest.raises(CallEnded):
            await at.call.listen()


async def test_speech_that_is_cut_off_by_the_end_says_so() -> None:
    async with desk() as at, anyio.create_task_group() as tasks:

        async def talk() -> None:
            with pytest.raises(CallEnded):
                await at.call.say(hum(5000))

        tasks.start_soon(talk)
        await at.until("input_audio_buffer.speech_started")
        await at.ask("hangup")


async def test_a_call_that_nobody_answers_ends_with_its_block() -> None:
    async with Simulator(None, ToneVoice()) as server:
        async with server.incoming_call() as call:
            assert call.state == "ringing"
            with pytest.raises(CallEnded):
                await call.say(hum(100))
        assert await call.over() == "caller"
        with pytest.raises(CallEnded):
            await call.answered()


async def test_a_caller_does_not_wait_for_ever_and_says_what_for() -> None:
    async with (
        Simulator(Script(), ToneVoice()) as server,
        server.incoming_call(patience=0.01) as call,
    ):
        with pytest.raises(TimeoutError, match=r"neither .* for 0\.01 s: .*webhook"):
            await call.answered()
        url = f"{server.url}/realtime/calls/{call.id}/accept"
        async with httpx2.AsyncClient(headers=BEARER) as client:
            await client.post(url, json={"type": "realtime"})
        await call.answered()
        with pytest.raises(TimeoutError, match="said nothing to its end"):
            await call.listen()
        with pytest.raises(TimeoutError, match=r"nobody .*patience"):
            await call.over()
        await call.hang_up()
        assert await call.over() == "caller"


async def test_the_end_of_the_simulator_ends_its_calls() -> None:
    with anyio.fail_after(10):
        async with Simulator(None, ToneVoice()) as server:
            call = server.incoming_call()
            await call.__aenter__()
        assert await call.over() == "simulator"


async def test_it_can_all_be_cancelled_in_the_middle_of_a_call() -> None:
    with anyio.fail_after(10), anyio.CancelScope() as scope:
        async with desk(LONG) as at, anyio.create_task_group() as tasks:
            tasks.start_soon(at.call.listen)
            tasks.start_soon(at.call.say, hum(5000))
            await at.until("input_audio_buffer.speech_started")
            scope.cancel()
            await anyio.sleep_forever()
    assert scope.cancelled_caught


async def test_one_call_comes_after_the_other() -> None:
    async with Simulator(None, ToneVoice()) as server:
        ids: set[str] = set()
        for _ in range(300):  # more than there may be at the same time
            async with server.incoming_call() as call:
                ids.add(call.id)
        assert len(ids) == 300


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # all that the SDK knows
async def test_the_sdk_joins_a_call() -> None:
    async with (
        desk("Good evening.") as at,
        AsyncOpenAI(base_url=at.server.url, api_key="sk-test") as openai,
        openai.realtime.connect(call_id=at.call.id) as session,
    ):
        await session.response.create()
        told = [(await session.recv()).type]
        while told[-1] != "output_audio_buffer.stopped":
            told.append((await session.recv()).type)
    assert told[0] == "session.created"
    assert "response.output_audio.delta" not in told
