"""The page in Chromium, over WebRTC: with us, and with the (simulated) service."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path

import numpy as np
import soxr
from anyio import fail_after

from voxpipe.pipeline import Pipeline
from voxpipe.processors.realtime import Realtime, Service, Settings, open_session
from voxpipe.processors.realtime.rest import open_rest
from voxpipe.processors.tools import ToolRouter, tool
from voxpipe.simulator import CallTool, Line, Script, Simulator, ToneVoice
from voxpipe.transports.asgi import AsgiApp
from voxpipe.transports.browser import BrowserEndpoints
from voxpipe.transports.serving import Server
from voxpipe.transports.telephony import Call, Switchboard
from voxpipe.transports.webrtc import DirectCall, DirectEndpoint, WebRtcEndpoints
from voxpipe.webrtc import Ice

from .chromium import Tab, chromium
from .conftest import HOOK, STATUS, strangers
from .sound import found, played, write_wav

LOOPBACK = Ice(addresses=["127.0.0.1"])
VOICE = ToneVoice()
GREETING = "Trattoria Ada, good evening."
QUESTION, ANSWER = "Are you open today?", "Yes, from six to eleven."
LOG = "document.querySelector('[role=log]').innerText"
PATIENCE = 120  # seconds; a browser on a busy machine
# Messages of the data channel, beside what the page makes of them.
CHANNEL = """
window.told = [];
const create = RTCPeerConnection.prototype.createDataChannel;
RTCPeerConnection.prototype.createDataChannel = function (...all) {
  const channel = create.apply(this, all);
  channel.addEventListener("message", ({ data }) => told.push(JSON.parse(data)));
  return channel;
};
"""
SCRIPT = Script(
    replies=[
        Line(heard=QUESTION, calls=[CallTool(name="hours", arguments={})]),
        Line(say="Yes, {result}."),
    ]
)


@tool
async def hours() -> str:
    """Tell when the restaurant is open today."""
    return "from six to eleven"


def sound(text: str) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """A text as the simulated model says it."""
    return np.frombuffer(VOICE.speak(text, "alloy", 1.0), np.int16)


@asynccontextmanager
async def page(app: AsgiApp, file: Path, over: str) -> AsyncGenerator[Tab]:
    """The page in a call, whose microphone asks a question after five seconds."""
    asked = soxr.resample(sound(QUESTION).astype(float), 24_000, 48_000)
    silence = np.zeros(48_000)
    write_wav(file, np.concatenate([*[silence] * 5, asked, *[silence] * 20]), 48_000)
    async with Server(app) as server, chromium(file) as browser:
        tab = await browser.tab()
        await tab.open(f"{server.url}/?over={over}", first=CHANNEL + HOOK)
        await tab.click("Talk")
        await tab.until(f"{STATUS} === 'Listening' || {STATUS} === 'Speaking'")
        yield tab
        assert not strangers(tab, server.url)
        assert not tab.seen.complaints


async def answer(service: Service, call: Call) -> None:
    """An agent that greets, and looks up when it is open."""
    tools = ToolRouter([hours])
    async with open_session(
        service=service, audio=call.format, tools=tools.schemas
    ) as session:
        model = Realtime(session)
        model.say(GREETING)
        await Pipeline(
            call.heard >> model.hears,
            model.says >> call.speaks,
            model.calls >> tools.calls,
            tools.results >> model.results,
        ).run()


async def steer(service: Service, call: DirectCall) -> None:
    """The same, of a call whose audio goes elsewhere."""
    tools = ToolRouter([hours])
    async with open_session(call_id=call.id, service=service) as session:
        model = Realtime(session)
        model.say(GREETING)
        await Pipeline(model.calls >> tools.calls, tools.results >> model.results).run()


@asynccontextmanager
async def with_us(simulator: Simulator) -> AsyncGenerator[WebRtcEndpoints]:
    """The page's endpoints, for an app of ours."""
    service = Service(api_key="sk-simulated", base_url=simulator.url)
    board = Switchboard(partial(answer, service))
    async with WebRtcEndpoints(BrowserEndpoints(board), ice=LOOPBACK) as app:
        yield app
        await board.drain(0)


@asynccontextmanager
async def direct(simulator: Simulator) -> AsyncGenerator[DirectEndpoint]:
    """The page's endpoints, for calls to the service itself."""
    service = Service(api_key="sk-simulated", base_url=simulator.url)
    settings = Settings(tools=ToolRouter([hours]).schemas)
    async with (
        open_rest(service=service) as rest,
        DirectEndpoint(
            BrowserEndpoints(Switchboard(partial(answer, service))),
            partial(steer, service),
            offer=partial(rest.answer, settings=settings),
            hang_up=rest.hang_up,
            farewell=0.0,
        ) as app,
    ):
        yield app


async def holds(
    serve: Callable[[Simulator], AbstractAsyncContextManager[AsgiApp]],
    over: str,
    tmp_path: Path,
    plot: Callable[[Tab], Awaitable[None]],
) -> None:
    """Have a page hold a call."""
    with fail_after(PATIENCE):
        async with (
            Simulator(SCRIPT, VOICE) as simulator,
            serve(simulator) as app,
            page(app, tmp_path / "microphone.wav", over) as tab,
        ):
            await plot(tab)
            await tab.click("Hang up")
            await tab.until(f"{STATUS} === 'Ended: you hung up'")


async def talks(tab: Tab) -> None:
    """A greeting, a question, and an answer that a tool has found."""
    await tab.until(f"{LOG}.includes({ANSWER!r})")
    await tab.until("call.state === 'listening'")
    assert GREETING in await tab.run(LOG)
    heard, rate = await played(tab)
    for text in (GREETING, ANSWER):
        # Opus, and a browser that stretches time to keep its jitter buffer small.
        said = sound(text).astype(float)
        assert found(heard, rate, said, alike=0.8) >= 0.5


async def test_the_page_talks_over_webrtc(tmp_path: Path) -> None:
    async def plot(tab: Tab) -> None:
        await talks(tab)
        marks = await tab.run("told.filter((each) => each.type === 'playing').length")
        assert marks >= 4  # two replies begin, and end
        turns = await tab.run("told.filter((each) => each.type === 'turn')")
        assert any("first_played" in each["stages"] for each in turns)

    await holds(with_us, "webrtc", tmp_path, plot)


async def test_the_page_talks_to_the_service_itself_and_a_tool_runs_here(
    tmp_path: Path,
) -> None:
    async def plot(tab: Tab) -> None:
        await talks(tab)
        assert "hours" in await tab.run("document.getElementById('tools').innerText")

    await holds(direct, "openai", tmp_path, plot)


async def test_an_interruption_is_silent_within_200_ms(tmp_path: Path) -> None:
    async def plot(tab: Tab) -> None:
        loud = "tap.some((sample) => Math.abs(sample) > 0.02)"
        await tab.until(f"sound.filter(({{ tap }}) => {loud}).length > 100")
        asked = await tab.run("(call.interrupt(), Date.now())")
        await tab.until("told.some((each) => each.type === 'clear')")
        await tab.until(f"sound.at(-1).at > {asked} + 500")
        last = await tab.run(f"sound.findLast(({{ tap }}) => {loud}).at")
        assert last - asked <= 200

    await holds(with_us, "webrtc", tmp_path, plot)
