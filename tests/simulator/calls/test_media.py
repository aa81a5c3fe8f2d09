"""A WebRTC call at the simulator: real sound, events by the data channel, sideband."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from anyio import create_task_group, fail_after

from voxpipe.pipeline import Pipeline
from voxpipe.pipeline.testing import Probe, no_leaks
from voxpipe.processors.realtime import Realtime, Service, Settings, open_session
from voxpipe.processors.realtime.rest import Rest, RestError, open_rest
from voxpipe.simulator import Line, Script, Simulator, Timing, ToneVoice
from voxpipe.transports.webrtc.testing import Page, open_page

VOICE = ToneVoice()
LONG = "We are open from Monday to Friday, and on Sundays we bake in the morning."
SCRIPT = Script(
    replies=[Line(say=LONG), Line(heard="Stop.", say="Yes?")],
    timing=Timing(first_audio_ms=10),
)


@pytest.fixture
def anyio_backend() -> str:
    """Media need aiortc, which has one loop."""
    return "asyncio"


@asynccontextmanager
async def called() -> AsyncGenerator[tuple[Page, Rest, str, Service]]:
    """A page in a call with the service; its REST, the call's id, and where it is."""
    with fail_after(60):
        async with no_leaks(), Simulator(SCRIPT, VOICE) as simulator:
            service = Service(api_key="sk-simulated", base_url=simulator.url)
            async with open_rest(service=service) as rest, open_page() as page:
                assert page.peer is not None
                offer = await page.peer.offer("oai-events")
                answer = await rest.answer(offer, Settings())
                await page.peer.accept(answer.sdp)
                await page.told("session.created")
                yield page, rest, answer.call_id, service


def ask(page: Page, text: str) -> None:
    content = [{"type": "input_text", "text": text}]
    item = {"type": "message", "role": "user", "content": content}
    page.send("conversation.item.create", item=item)
    page.send("response.create")


def loud(pcm: bytes) -> int:
    """Packets in which something sounds."""
    return sum(any(pcm[at : at + 960]) for at in range(0, len(pcm), 960))


async def test_a_reply_is_heard_and_told_as_the_service_tells_it() -> None:
    async with called() as (page, *_):
        ask(page, "When are you open?")
        await page.told("output_audio_buffer.stopped")
        seconds = len(VOICE.speak(LONG, "alloy", 1.0)) / 48_000
        heard = await page.listen(lambda pcm: loud(pcm) / 50 > 0.9 * seconds)
        kinds = [each["type"] for each in page.messages]
        assert "response.output_audio.delta" not in kinds  # it is heard
        assert kinds.index("output_audio_buffer.started") < kinds.index(
            "output_audio_buffer.stopped"
        )
        assert loud(heard) / 50 < 1.2 * seconds


async def test_who_speaks_interrupts_and_what_was_not_heard_is_truncated() -> None:
    async with called() as (page, *_):
        ask(page, "When are you open?")
        await page.told("output_audio_buffer.started")
        await page.listen(lambda pcm: loud(pcm) > 10)
        await page.say(VOICE.speak("Stop.", "alloy", 1.0) + bytes(48_000))
        cut = await page.told("conversation.item.truncated")
        kinds = [each["type"] for each in page.messages]
        assert "output_audio_buffer.cleared" in kinds
        assert 0 < cut["audio_end_ms"] < len(VOICE.speak(LONG, "alloy", 1.0)) / 48


async def test_the_app_hangs_up_and_the_page_is_gone() -> None:
    async with called() as (page, rest, call_id, _):
        await rest.hang_up(call_id)
        await page.gone()


async def test_the_page_leaves_and_the_call_is_over() -> None:
    async with (
        called() as (page, _, call_id, service),
        open_session(call_id=call_id, service=service) as session,
    ):
        assert page.peer is not None
        words = Probe()
        async with create_task_group() as tasks:
            tasks.start_soon(page.peer.close)
            await Pipeline(Realtime(session).transcripts >> words.input).run()


async def test_rubbish_on_the_data_channel_is_told_as_an_error() -> None:
    async with called() as (page, *_):
        page.send("no.such.event")
        error: dict[str, Any] = (await page.told("error"))["error"]
        assert error["type"] == "invalid_request_error"
        assert json.dumps(error)


async def test_an_offer_that_cannot_be_read_is_refused_as_the_service_does() -> None:
    with fail_after(60):
        async with Simulator(SCRIPT, VOICE) as simulator, open_page() as page:
            assert page.peer is not None
            offer = (await page.peer.offer("x")).replace("a=rtpmap", "a=x")
            service = Service(api_key="sk-simulated", base_url=simulator.url)
            async with open_rest(service=service) as rest:
                with pytest.raises(RestError) as caught:
                    await rest.answer(offer, Settings())
    assert (caught.value.status, caught.value.code) == (400, "invalid_sdp")
