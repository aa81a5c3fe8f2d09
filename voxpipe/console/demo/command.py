"""`voxpipe demo`: one whole conversation from end to end, and what became of it."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import numpy as np
from anyio import to_thread

from voxpipe.console.watched import WATCH, watched
from voxpipe.pipeline import (
    AudioFrame,
    OpenRoute,
    Output,
    Pipeline,
    ReplyFrame,
    VoxpipeError,
)
from voxpipe.pipeline.runtime.private import private_folder
from voxpipe.processors.audio import Decode, Encode, Mono, Resample, Stereo
from voxpipe.processors.realtime import Realtime, Service, Session, open_session
from voxpipe.processors.recorder import WavRecorder
from voxpipe.processors.tools import ToolRouter
from voxpipe.processors.vad import Vad
from voxpipe.simulator import Line, Script, Simulator, ToneVoice, find_voice
from voxpipe.transports import MemoryPhone, read_header

from . import restaurant
from .barge_in import silent_after_ms
from .call_log import CallLog
from .caller import (
    CallerSpeech,
    Plot,
    ReplyWatcher,
    guest,
    guest_speech,
    read_speech,
    somebody,
)
from .plain import wrapped
from .player import how_to_play
from .progress import LEGEND, live
from .report import Report, table, to_json
from .timeline import envelope, timeline_svg

MODEL_RATE = 24_000  # Hz, of the model's PCM
PREROLL = 0.2  # seconds before the first sound that count as speech
HANGOVER = 0.6  # seconds; the guest pauses 0.45 s between sentences
DEADLINE = 900.0  # seconds; no demo lasts longer

_EPILOG = """\
Without WAV, recordings that come with voxpipe play a guest who calls a restaurant:
asks for something that needs a tool, interrupts an answer in mid-sentence, books, and
thanks. With WAV, your own recording calls instead: any rate and width, mono or stereo.
The simulator does not understand speech: put the words into a .txt beside it, one line
for each turn, or it answers by telling how much it heard.

  voxpipe demo
  voxpipe demo question.wav
  OPENAI_API_KEY=sk-... voxpipe demo --live     the real model; costs some cents
"""


def add_parser(commands: Any) -> None:
    """Add ``demo`` to the commands."""
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
    parser.add_argument("--watch", **WATCH)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Hold the conversation and print the report; returns the exit code."""
    private_folder(arguments.out)
    before = os.umask(0o077)  # what people said is for their owner alone
    try:
        with watched(arguments, "demo"):
            anyio.run(
                demo, arguments.wav, arguments.out, arguments.live, arguments.model
            )
    finally:
        os.umask(before)
    return 0


async def demo(wav: Path | None, out: Path, live: bool, model: str) -> None:
    """Play a caller to an agent, and leave a recording, a picture and a report."""
    if wav is None:
        spoken = guest_speech()
        plot: Plot = guest
        script = restaurant.script(tuple(each.words for each in spoken))
        expected = 45.0  # seconds; measured
    else:
        own = read_speech(wav)
        spoken, plot, script = (own,), somebody(own), echo(own)
        expected = own.seconds * 2 + 5
    tools = restaurant.tools()
    async with (
        _service(script, live) as (url, key),
        open_session(
            model=model,
            instructions=restaurant.INSTRUCTIONS,
            tools=tools.schemas,
            turn_detection="local",
            service=Service(base_url=url, api_key=key),
        ) as session,
    ):
        print(await to_thread.run_sync(about, script, live))
        call = DemoCall(session, tools, spoken[0], out, expected, simulated=not live)
        await call.hold(plot)
    leave(call.log.summary(), out)


def about(script: Script, live: bool) -> str:
    """Who answers, and how."""
    if live:
        return "The model is the real one: it costs some cents.\n"
    lines = [
        "The model is simulated: it says what its script says, and takes "
        f"{script.timing.first_audio_ms:.0f} ms for it because the script does. All "
        "else is what a call is made of: sockets, queues, a Vad, tools, interruption."
    ]
    if isinstance(find_voice(), ToneVoice):
        lines.append(
            "Its voice is a hum for each syllable: pip install 'voxpipe[speech]' has "
            "it speak."
        )
    width = shutil.get_terminal_size().columns
    return "\n".join(line for text in lines for line in wrapped(text, width)) + "\n"


def leave(report: Report, out: Path) -> None:
    """Print the report, and put it and the picture beside the recording."""
    recorded = out / "conversation.wav"
    with recorded.open("rb") as file:
        header = read_header(file)
        sides = np.frombuffer(header.read(file), np.int16).reshape(-1, 2)
    rate = header.format.rate
    report = replace(
        report,
        seconds=header.seconds,
        interruptions=tuple(
            replace(each, silent_after_ms=silent_after_ms(sides, rate, each.at))
            for each in report.interruptions
        ),
    )
    peaks = (envelope(sides[:, side], rate) for side in (0, 1))
    picture, data = out / "timeline.svg", out / "report.json"
    picture.write_text(timeline_svg(report, *peaks), encoding="utf-8")
    data.write_text(json.dumps(to_json(report), indent=2) + "\n", encoding="utf-8")
    print()
    print(table(report, shutil.get_terminal_size().columns))
    print()
    print(f"{recorded}  caller left, agent right, as it was played")
    print(f"{picture}      who spoke when, what was cut, which tool ran")
    print(f"{data}       all of it, for programs")
    print(f"\nHear it:  {how_to_play(str(recorded))}")


class DemoCall:
    """The demo's pipeline, and the two who talk through it."""

    def __init__(
        self,
        session: Session,
        tools: ToolRouter,
        caller: CallerSpeech,
        out: Path,
        expected: float,
        *,
        simulated: bool,
    ) -> None:
        self._view = live(sys.stdout, seconds=expected)
        self.log = log = CallLog(
            session.settings.model, self._view, simulated=simulated, preroll=PREROLL
        )
        self._phone = phone = MemoryPhone(caller.format, background="silence")
        self._model = model = Realtime(session)
        self._replies = replies = ReplyWatcher()
        recorder = WavRecorder(_anew(out / "conversation.wav"))
        vad = Vad(hangover=HANGOVER, preroll=PREROLL)
        hears = _pcm(phone.heard, phone) >> vad >> Resample(MODEL_RATE)
        product = (
            hears >> model.hears,
            hears >> recorder.caller,
            _from_model(model, phone) >> phone.speaks,
            _pcm(phone.played, phone) >> Resample(MODEL_RATE) >> recorder.agent,
            model.calls >> tools.calls,
            tools.results >> model.results,
        )
        self._drawing = Pipeline(*product).drawing()
        self._pipeline = Pipeline(
            *product,
            # What follows plays the caller, and writes the report.
            hears >> log.caller,
            model.says >> replies.says,
            model.says >> log.says,
            model.transcripts >> log.transcripts,
            model.interruptions >> log.interruptions,
            model.usage >> log.usage,
            model.calls >> log.calls,
            tools.results >> log.results,
        )

    async def hold(self, plot: Plot) -> None:
        """Let both talk until the caller hangs up."""
        print(self._drawing)
        print(f"{LEGEND}\n")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(plot, self._phone, self._replies)
            self._model.say(restaurant.GREETING)
            await self._pipeline.run(deadline=DEADLINE)
            tasks.cancel_scope.cancel()
        self._view.close()


def _anew(path: Path) -> Path:
    """An empty file that others may read: nobody real speaks in the demo's."""
    path.unlink(missing_ok=True)
    path.touch()
    return path


def _pcm(output: Output[AudioFrame], phone: MemoryPhone) -> OpenRoute[AudioFrame]:
    """From the phone's audio to 16-bit mono, which boxes can work on."""
    route = output.drawn()
    if phone.format.encoding != "pcm16":
        route = route >> Decode()
    return route >> Mono() if phone.format.channels == 2 else route


def _from_model(model: Realtime, phone: MemoryPhone) -> OpenRoute[ReplyFrame]:
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


def echo(spoken: CallerSpeech) -> Script:
    """For a recording with known words: say them back, one line a turn."""
    lines = [line.strip() for line in spoken.words.splitlines() if line.strip()]
    return Script(replies=tuple(Line(heard=line, say="{heard}") for line in lines))
