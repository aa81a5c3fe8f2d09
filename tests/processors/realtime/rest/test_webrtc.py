"""A browser's call, answered over REST and controlled by sideband, on real sockets."""

from __future__ import annotations

import pytest
from anyio import create_task_group, fail_after

from voxpipe.pipeline import Pipeline, TransportError
from voxpipe.pipeline.testing import Probe, no_leaks
from voxpipe.processors.realtime import (
    Realtime,
    Service,
    SessionRefused,
    Settings,
    open_session,
)
from voxpipe.processors.realtime.rest import open_rest
from voxpipe.simulator import Line, Script, Simulator, Timing, ToneVoice

OFFER = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
)
KEY = "sk-of-the-test"


async def test_a_browsers_call_is_controlled_from_here_until_it_is_hung_up() -> None:
    script = Script(replies=[Line(say="Yes.")], timing=Timing(first_audio_ms=10))
    words = Probe()
    with fail_after(20):
        async with (
            no_leaks(),
            Simulator(script, ToneVoice()) as simulator,
            open_rest(service=Service(api_key=KEY, base_url=simulator.url)) as rest,
        ):
            answer = await rest.answer(OFFER, Settings(instructions="Be brief."))
            async with open_session(
                call_id=answer.call_id,
                service=Service(api_key=KEY, base_url=simulator.url),
            ) as session:
                model = Realtime(session)

                async def talk() -> None:
                    reply = model.send_text("Are you there?")
                    assert (await reply.outcome()).text == "Yes."
                    assert await reply.turn.over() == "played"
                    await rest.hang_up(answer.call_id)

                async with create_task_group() as tasks:
                    tasks.start_soon(talk)
                    await Pipeline(model.transcripts >> words.input).run()
            with pytest.raises(SessionRefused):
                await join(answer.call_id, simulator.url)
    assert session.settings.instructions == "Be brief."
    said = [frame.text for frame in words.frames if frame.final]
    assert said == ["Are you there?", "Yes."]


async def join(call_id: str, url: str) -> None:
    """What is over cannot be joined."""
    async with open_session(
        call_id=call_id, service=Service(api_key=KEY, base_url=url)
    ):
        raise TransportError("joined")
