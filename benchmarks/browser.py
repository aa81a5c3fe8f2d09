"""How long sound is under way between a page and a program, in headless Chromium.

*Hears*: a tone begins in the microphone, and the page's audio thread has its first
sample; until the frame with that sample arrives where a model would hear it. In it are
20 ms of collecting, resampling, the page's main thread, the WebSocket, and the server;
over WebRTC, Opus both ways and what waits for packets that are late. There a microphone
does not pass the audio thread, which may hear a tone later than the program does.

*Says*: the other way, from where a model would say it, until the audio thread puts its
first sample out for the loudspeaker.

Both ends read the clock on the wall, of one machine, over loopback. Not in it is what
the device takes for itself, before and after (`AudioContext.outputLatency`).
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Literal, get_args

import anyio
import numpy as np

from tests.transports.browser.in_chromium.chromium import CURE, chromium, installed
from tests.transports.browser.in_chromium.sound import Sound, write_wav
from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Input,
    Output,
    Pipeline,
    Processor,
    ReplyEnd,
    ReplyFrame,
    Turn,
)
from voxpipe.transports.asgi import AsgiApp
from voxpipe.transports.browser import BrowserEndpoints
from voxpipe.transports.serving import Server
from voxpipe.transports.telephony import App, Call, Switchboard
from voxpipe.transports.webrtc import WebRtcEndpoints
from voxpipe.webrtc import Ice

from .barge_in import percentile
from .report import CannotMeasure, Options, Report, main

Way = Literal["websocket", "webrtc"]

TONES = 100
LEAST = 5  # pairs, or nothing can be said
BUDGET = 60.0  # ms one way: a chunk, a block and a lead, and what carries them
LOUD = 0.05  # of full scale: a tone has begun
SOONER = 100.0  # ms that a track may be ahead of the page's audio thread, over WebRTC
QUIET = 0.1  # seconds of less than that between two tones
FORMAT = AudioFormat("pcm16", 24_000)
SEED = 20_260_101

# Notes when a tone begins on either side, as the audio thread has it.
HOOK = f"""
document.addEventListener("voxpipe:call", ({{ detail: call }}) => {{
  window.call = call;
  window.began = {{ microphone: [], loudspeaker: [] }};
  for (const [side, times] of Object.entries(began)) {{
    let quiet = Infinity;
    call.tap(side, ({{ tap, at }}) => {{
      const first = tap.findIndex((each) => Math.abs(each) > {LOUD});
      if (first >= 0 && quiet > {QUIET} * call.context.sampleRate) times.push(at);
      quiet = first < 0 ? quiet + tap.length : 0;
    }});
  }}
}});
"""


def tone(seconds: float, rate: int) -> Sound:
    """1 kHz, at once as loud as it gets."""
    at = np.arange(round(seconds * rate)) / rate
    return np.asarray(16_000 * np.cos(2 * np.pi * 1_000 * at))


class Ear(Processor):
    """Where a model hears: notes when a tone has begun, in ms on the wall's clock."""

    hears = Input[AudioFrame]()

    def __init__(self) -> None:
        self.times = list[float]()

    async def run(self) -> None:
        quiet = QUIET
        async for frame in self.hears:
            now = time.time() * 1000
            loud = np.flatnonzero(np.abs(frame.samples.astype(int)) > LOUD * 32_768)
            if loud.size and quiet >= QUIET:
                self.times.append(now)
            quiet = 0.0 if loud.size else quiet + frame.duration


class Mouth(Processor):
    """Where a model says something: short tones, each a reply, after a random pause."""

    says = Output[ReplyFrame]()

    def __init__(self, count: int) -> None:
        self.times = list[float]()
        self.done = anyio.Event()
        self._count = count

    async def run(self) -> None:
        random, data = Random(SEED), tone(0.1, FORMAT.rate).astype("<i2").tobytes()
        for _ in range(self._count):
            await anyio.sleep(random.uniform(0.4, 0.5))
            turn = Turn()
            self.times.append(time.time() * 1000)
            frame = AudioFrame(data=data, format=FORMAT, start=0.0, turn=turn)
            await self.says.send(frame)
            await self.says.send(ReplyEnd(turn=turn))
        await anyio.sleep(1)  # until the last was heard
        self.done.set()
        await anyio.sleep_forever()


def pairs(began: Sequence[float], ended: Sequence[float]) -> list[float]:
    """Milliseconds from each beginning to the next end, where there is one soon."""
    found = list[float]()
    for start in began:
        after = [end - start for end in ended if -SOONER <= end - start < 300]
        found += after[:1]
    return found


@asynccontextmanager
async def endpoints(app: App, over: Way) -> AsyncGenerator[AsgiApp]:
    """What the page calls."""
    made, ice = BrowserEndpoints(Switchboard(app)), Ice(addresses=["127.0.0.1"])
    if over == "websocket":
        yield made
    else:
        async with WebRtcEndpoints(made, ice=ice) as both:
            yield both


async def talk(
    count: int, over: Way = "websocket"
) -> tuple[list[float], list[float], float]:
    """Hold a call; gives how long tones took each way, and the device's own ms."""
    ear, mouth = Ear(), Mouth(count)

    async def answer(call: Call) -> None:
        pipeline = Pipeline(call.heard >> ear.hears, mouth.says >> call.speaks)
        await pipeline.run()

    rate, random = 48_000, Random(SEED)
    parts = [np.zeros(rate)]
    for _ in range(count + 10):
        parts += [tone(0.05, rate), np.zeros(round(random.uniform(0.4, 0.5) * rate))]
    with TemporaryDirectory() as folder:
        file = Path(folder, "tones.wav")
        write_wav(file, np.concatenate(parts), rate)
        async with (
            endpoints(answer, over) as app,
            Server(app, host="127.0.0.1", port=0) as server,
            chromium(file, once=False) as browser,
        ):
            tab = await browser.tab()
            await tab.open(f"{server.url}/?over={over}", first=HOOK)
            await tab.click("Talk")
            await mouth.done.wait()
            began = await tab.run("began")
            delay = "call.context.outputLatency + call.context.baseLatency"
            device = 1000 * await tab.run(delay)
    hears = pairs(began["microphone"], ear.times)
    says = pairs(mouth.times, began["loudspeaker"])
    return hears, says, device


def measure(report: Report, options: Options) -> None:
    if not installed():
        raise CannotMeasure(CURE)
    for over in get_args(Way):
        measure_over(over, report, options.scaled(TONES))


def measure_over(over: Way, report: Report, tones: int) -> None:
    """Print how long tones took; what is promised is promised over WebSockets."""
    hears, says, device = anyio.run(talk, tones, over)
    print(over)
    ways = {
        "hears": ("microphone sample in the page -> model.hears", hears),
        "says": ("model.says -> loudspeaker sample in the page", says),
    }
    for name, (label, series) in ways.items():
        if len(series) < LEAST:
            raise CannotMeasure(f"{label}: {len(series)} tones came through")
        for percent in (50, 95):
            value = percentile(series, percent)
            report.figures[f"{over}_{name}_p{percent}_ms"] = round(value, 1)
            print(f"{label}, p{percent:<3} {value:6.1f} ms   ({len(series)} tones)")
        if over == "websocket":
            p95 = percentile(series, 95)
            report.promise(f"{label}, p95", p95, "at most", BUDGET, "ms")
    report.figures[f"{over}_device_ms"] = round(device, 1)
    print(f"what the loudspeaker's device takes for itself, besides {device:6.1f} ms")


if __name__ == "__main__":
    main("browser", measure)
