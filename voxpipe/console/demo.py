"""`voxpipe demo`: one whole conversation from end to end, and what became of it."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio

from voxpipe.pipeline import AudioFrame, OpenRoute, Pipeline, VoxpipeError
from voxpipe.processors.audio import Decode, Encode, Mono, Resample, Stereo
from voxpipe.processors.realtime import Realtime, Said, Session, open_session
from voxpipe.processors.recorder import WavRecorder
from voxpipe.processors.tools import ToolRouter
from voxpipe.processors.vad import Vad
from voxpipe.simulator import Line, Script, Simulator
from voxpipe.transports import MemoryPhone

from . import restaurant
from .caller import (
    Listener,
    Plot,
    Recording,
    guest,
    guest_recordings,
    recording,
    somebody,
)
from .chronicle import Chronicle

from .report import table, to_json


MODEL_RATE = 24_000  # Hz, of the model's PCM
HANGOVER = 0.6  # seconds; the guest pauses 0.45 s between sentences
DEADLINE = 900.0  # seconds; no demo lasts longer

_EPILOG = """\
Without WAV, recordings that come with voxpipe play a guest who calls a restaurant: asks
for something that needs a tool, interrupts an answer in mid-sentence, books, and thanks.
With WAV, your own recording calls instead: 16-bit or G.711, any rate, mono or stereo. The
simulator does not understand speech: put the words into a .txt beside it, or it answers
by telling how much it heard.

  voxpipe demo
  voxpipe demo question.wav
  OPENAI_API_KEY=sk-... voxpipe demo --live      talks to the real model, and costs money
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``demo`` to the command line."""
    parser = commands.add_parser(
        "demo",
        help="hold a conversation and show what became of it",
        description="Hold a spoken, tool-using, interruptible conversation.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("wav", nargs="?", type=Path, metavar="WAV")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("demo-out"),
        help="folder for conversation.wav, timeline.svg and report.json",
    )
    parser.add_argument(
        "--live",
        action="store_true",
        help="talk to the service at OPENAI_BASE_URL, with OPENAI_API_KEY",
    )
    parser.add_argument(
        "--model", default="gpt-realtime-2.1", help="default: %(default)s"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Hold the conversation and print the report; returns the exit code."""
    anyio.run(demo, arguments.wav, arguments.out, arguments.live, arguments.model)
    return 0


async def demo(wav: Path | None, out: Path, live: bool, model: str) -> None:
    """Play a caller to an agent, and leave a recording, a picture and a report."""
    if wav is None:
        spoken = guest_recordings()
        plot: Plot = guest
        script = restaurant.script(tuple(each.words for each in spoken))
        expected = 45.0  # seconds; measured
    else:
        own = recording(wav)
        spoken, plot, script = (own,), somebody(own), _echo(own)
        expected = own.seconds * 2 + 5
    out.mkdir(parents=True, exist_ok=True)
    tools = restaurant.tools()
    async with (
        _service(script, live) as (url, key),
        open_session(
            model=model,
            instructions=restaurant.INSTRUCTIONS,
            tools=tools.schemas,
            turns="local",
            base_url=url,
            api_key=key,
        ) as session,
    ):
        conversation = Conversation(session, tools, spoken[0], out)
        await conversation.hold(plot, expected)
    report = conversation.chronicle.report()
    (out / "report.json").write_text(json.dumps(to_json(report), indent=2) + "\n")
    picture = timeline_svg(report, *conversation.chronicle.envelopes())
    (out / "timeline.svg").write_text(picture, encoding="utf-8")
    print(table(report))
    for name in ("conversation.wav", "timeline.svg", "report.json"):
        print(out / name)


class Conversation:
    """The demo's pipeline, and the two who talk through it."""

    def __init__(
        self, session: Session, tools: ToolRouter, caller: Recording, out: Path
    ) -> None:
        self.progress = Progress()
        self.chronicle = Chronicle(session.settings.model, self.progress.line)
        self._phone = phone = MemoryPhone(caller.format, background="silence")
        self._model = model = Realtime(session)
        self._listener = listener = Listener()
        recorder = WavRecorder(out / "conversation.wav")
        chronicle = self.chronicle
        hears = _to_model(phone) >> Vad(hangover=HANGOVER) >> Resample(MODEL_RATE)
        self._pipeline = Pipeline(
            hears >> model.hears,
            hears >> recorder.caller,
            hears >> chronicle.caller,
            _from_model(model, phone) >> phone.speaks,
            phone.played >> Resample(MODEL_RATE) >> recorder.agent,
            phone.played >> chronicle.agent,
            model.calls >> tools.calls,
            tools.results >> model.results,
            model.says >> listener.says,
            model.says >> chronicle.says,
            model.transcripts >> chronicle.transcripts,
            model.interruptions >> chronicle.interruptions,
            model.usage >> chronicle.usage,
            model.calls >> chronicle.calls,
            tools.results >> chronicle.results,
        )

    async def hold(self, plot: Plot, expected: float) -> None:
        """Let both talk until the caller hangs up."""
        print(self._pipeline.drawing())
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.progress.run, expected)
            tasks.start_soon(plot, self._phone, self._listener)
            self._model.say(restaurant.GREETING)
            await self._pipeline.run(deadline=DEADLINE)
            tasks.cancel_scope.cancel()


def _to_model(phone: MemoryPhone) -> OpenRoute[AudioFrame]:
    """From the phone's audio to 16-bit mono, which boxes can work on."""
    route = phone.heard.drawn()
    if phone.format.encoding != "pcm16":
        route = route >> Decode()
    return route >> Mono() if phone.format.channels == 2 else route


def _from_model(model: Realtime, phone: MemoryPhone) -> OpenRoute[Said]:
    """From the model's audio to what the phone plays."""
    route = model.says >> Resample(phone.format.rate)
    if phone.format.channels == 2:
        route = route >> Stereo()
    if phone.format.encoding != "pcm16":
        route = route >> Encode(phone.format.encoding)
    return route


@asynccontextmanager
async def _service(
    script: Script, live: bool
) -> AsyncGenerator[tuple[str | None, str | None]]:
    """Where the model is, and the key: the simulator's, or the environment's."""
    if live:
        if not os.environ.get("OPENAI_API_KEY"):
            raise VoxpipeError("--live needs OPENAI_API_KEY in the environment")
        yield None, None
        return
    async with Simulator(script) as simulator:
        yield simulator.url, "sk-simulated"


def _echo(spoken: Recording) -> Script:
    """For a recording with known words: say them back, one line a turn."""
    lines = [line.strip() for line in spoken.words.splitlines() if line.strip()]
    return Script(replies=tuple(Line(heard=line, say="{heard}") for line in lines))
