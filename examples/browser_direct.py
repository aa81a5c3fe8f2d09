"""A page that talks to OpenAI by itself, over WebRTC, and is steered from here.

No audio passes through this program. The page posts its offer here, not there: it needs
no key, and neither instructions nor tools leave the server. Run it, and open the page:

    OPENAI_API_KEY=… python examples/browser_direct.py

The test below takes the page's place, and the simulator that of OpenAI, with real
packets between them: `pytest examples/browser_direct.py`. It needs
`pip install 'voxpipe[rest,webrtc]'`; the program itself needs `voxpipe[rest]` only.
"""

from __future__ import annotations

from functools import partial

import anyio

from voxpipe.pipeline import Pipeline
from voxpipe.processors.realtime import Realtime, Service, Settings, open_session
from voxpipe.processors.realtime.rest import Rest, open_rest
from voxpipe.processors.tools import ToolRouter, tool
from voxpipe.simulator import CallTool, Line, Script, Simulator, ToneVoice
from voxpipe.transports.browser import BrowserEndpoints
from voxpipe.transports.serving import Server
from voxpipe.transports.telephony import Call, Switchboard
from voxpipe.transports.webrtc import DirectCall, DirectEndpoint
from voxpipe.transports.webrtc.testing import open_page


@tool
async def departure(train: str) -> str:
    """Tell when a train leaves."""
    return "twenty past eight"


TOOLS = ToolRouter([departure]).schemas
SETTINGS = Settings(instructions="You are a small railway. Be brief.", tools=TOOLS)


async def steer(service: Service, call: DirectCall) -> None:
    """Run the tools of one call, until somebody hangs up."""
    tools = ToolRouter([departure])
    async with open_session(call_id=call.id, service=service) as session:
        model = Realtime(session)
        model.say("Railway information, good morning.")
        await Pipeline(
            model.calls >> tools.calls,
            tools.results >> model.results,
        ).run()


async def decline(call: Call) -> None:
    """Nobody calls here whose audio would come to us."""


def endpoint(service: Service, rest: Rest) -> DirectEndpoint:
    """The page, and the way past us."""
    return DirectEndpoint(
        BrowserEndpoints(Switchboard(decline)),
        partial(steer, service),
        offer=partial(rest.answer, settings=SETTINGS),
        hang_up=rest.hang_up,
    )


async def main() -> None:
    """Serve this machine until it is stopped."""
    async with (
        open_rest() as rest,
        endpoint(Service(), rest) as app,
        Server(app, port=8080) as server,
    ):
        print(f"{server.url}/?over=openai")
        await anyio.sleep_forever()


# --- its test: the caller's words are in the script, what is said sounds like speech

SCRIPT = Script(
    replies=[
        Line(
            heard="When does the R 7 leave?",
            calls=[CallTool(name="departure", arguments={"train": "R 7"})],
        ),
        Line(say="At {result}."),
    ]
)
VOICE = ToneVoice()


async def talked() -> tuple[bytes, list[str]]:
    """What a page hears that asks for a train, and what it is told was said."""
    async with Simulator(SCRIPT, VOICE) as openai:
        service = Service(api_key="sk-simulated", base_url=openai.url)
        async with (
            open_rest(service=service) as rest,
            endpoint(service, rest) as app,
            Server(app) as server,
            open_page() as page,
        ):
            with anyio.fail_after(60):
                await page.call(f"{server.url}/direct", channel="oai-events")
                await page.told("output_audio_buffer.stopped")  # the greeting's
                question = VOICE.speak("When does the R 7 leave?", "alloy", 1.0)
                await page.say(question + bytes(48_000))  # and a second of silence
                stopped = "output_audio_buffer.stopped"
                await page.told(stopped, times=2)
                done = "response.output_audio_transcript.done"
                said = [m["transcript"] for m in page.messages if m["type"] == done]
                return await page.listen(lambda _: True), said


def test_the_page_hears_what_a_tool_here_has_found() -> None:
    """A whole call, in real time."""
    heard, said = anyio.run(talked)
    assert said == ["Railway information, good morning.", "At twenty past eight."]
    assert len(heard.strip(b"\0")) > 48_000  # a second of it


if __name__ == "__main__":
    anyio.run(main)
