"""`voxpipe talk`: one conversation with an app, at the desk or through a pipe."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

import anyio

from voxpipe.pipeline import (
    AudioFormat,
    Input,
    Processor,
    Transcript,
    VoxpipeError,
)
from voxpipe.transports.telephony import App

from . import assistant, desk, numbers
from .app import load_app
from .demo.plain import safe
from .model import DEFAULT_APP, add_model, model_of
from .pipe_call import PipeCall
from .pipes import AtRate, Pipes
from .process import log_to_console
from .watched import WATCH, watched

MODEL = AudioFormat("pcm16", 24_000)  # the linear one that the model speaks

_EPILOG = """\
APP is module:function, as for `voxpipe serve`: an async function that is called with a
`Call`. Without APP a friendly assistant talks. The last line on the terminal shows both
levels, and what is said as it is heard; at the end there is a table of the turns.

  voxpipe talk --simulator
      no key, no network: a simulated model, which says how long you spoke

  OPENAI_API_KEY=sk-... voxpipe talk my_agent:answer --headphones
      an app of yours; one can interrupt it by voice

  voxpipe talk --devices
  voxpipe talk --microphone usb --loudspeaker 3
      which devices there are; others than the system prefers, by number or a part of
      the name

Space mutes the microphone, Enter interrupts the agent, Ctrl-C ends. On loudspeakers the
microphone is shut while the agent speaks and 0.3 s longer, or it would hear itself: so
there Enter interrupts, and your voice does only with --headphones. voxpipe has no echo
canceller of its own; docs/talk.md says how to have the system's. It needs
pip install 'voxpipe[mic]', and on Linux the library PortAudio (libportaudio2).

With --stdin it talks through a pipe of raw audio instead. Whatever an app prints goes
to standard error then: standard output is for the audio.

  voxpipe talk --stdin --simulator < question.raw > answer.raw
      no key, no network: a simulated model

  sox question.wav -t raw -e signed -b 16 -c 1 -r 24000 - |
      voxpipe talk --stdin my_agent:answer > answer.raw
      an app of yours, with a recording

That audio is mono, in both directions alike. pcm16 is signed, little-endian, of any
rate from 8,000 to 48,000 Hz (24,000 is the model's own, others are resampled); ulaw and
alaw are G.711 at 8,000 Hz, and go straight through. A recording is heard at the speed
of speech. Between replies nothing is written. It ends when the input does, once what
was said was answered; when the app hangs up, after its last word; when nobody reads
the output any more; and at Ctrl-C.

Environment: OPENAI_API_KEY; OPENAI_BASE_URL, where the model is, which --realtime-url
and --simulator set for this process, so that an app calls open_session() without
saying so; NO_COLOR.
"""


class PipeError(VoxpipeError):
    """Standard input or output is not what raw audio can go through; says the cure."""


def add_parser(commands: Any) -> None:
    """Add ``talk`` to the commands."""
    parser = commands.add_parser(
        "talk",
        help="talk to an app of yours: microphone and loudspeaker, or a pipe",
        description="Talk to an app, by this machine's microphone and loudspeaker.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "app", nargs="?", default=DEFAULT_APP, metavar="APP", help="module:function"
    )
    here = parser.add_argument_group("at the desk")
    here.add_argument(
        "--devices", action="store_true", help="list the sound devices, and end"
    )
    which = "number, or a part of the name; default: what the system prefers"
    here.add_argument("--microphone", metavar="DEVICE", help=which)
    here.add_argument("--loudspeaker", metavar="DEVICE", help=which)
    here.add_argument(
        "--headphones",
        action="store_true",
        help="open the microphone while the agent speaks, to interrupt it by voice",
    )
    pipe = parser.add_argument_group("through a pipe")
    pipe.add_argument(
        "--stdin", action="store_true", help="raw audio in, and out on standard output"
    )
    pipe.add_argument(
        "--format", choices=("pcm16", "ulaw", "alaw"), help="default: pcm16"
    )
    pipe.add_argument(
        "--rate",
        type=numbers.rate,
        metavar="HZ",
        help="samples per second; default: 24000, and 8000 for ulaw and alaw",
    )
    add_model(parser)
    parser.add_argument("--watch", **WATCH)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Talk until one side ends it; returns the exit code."""
    if not arguments.stdin:
        if arguments.format or arguments.rate:
            raise PipeError("--format and --rate are those of a pipe: add --stdin")
        with watched(arguments, arguments.app):
            return desk.run(arguments)
    at_the_desk = arguments.microphone or arguments.loudspeaker or arguments.headphones
    if arguments.devices or at_the_desk:
        raise PipeError("with --stdin the audio is a pipe's: leave the devices out")
    format = _format(arguments.format or "pcm16", arguments.rate)
    _check_pipes()
    app = _app(arguments.app)
    log_to_console(stream=sys.stderr)
    with _audio_alone() as sink, watched(arguments, arguments.app):
        anyio.run(talk, arguments, app, format, sink)
    return 0


async def talk(
    arguments: argparse.Namespace, app: App, format: AudioFormat, sink: int
) -> None:
    """One conversation.

    Args:
        arguments: of the command line.
        app: holds it.
        format: of both pipes.
        sink: where the audio goes.

    Raises:
        ConfigurationError: no model can be reached with what was given.
        TransportError: the input is no raw audio.
        Exception: whatever the app raises.
    """
    pipes = Pipes(sys.stdin.fileno(), sink, format)
    inside = MODEL if format.encoding == "pcm16" else format
    stream = pipes if inside == format else AtRate(pipes, format, inside)
    model = model_of(arguments)
    async with model.simulator or nullcontext():
        with model.found() as line:
            print(f"voxpipe talk: {format}, model {line}", file=sys.stderr, flush=True)
            await app(PipeCall(stream, inside))


class Teller(Processor):
    """Writes down what is said, a line for each, on standard error."""

    said = Input[Transcript](capacity=256)

    async def run(self) -> None:
        """Until all was said."""
        async for each in self.said:
            if each.final and each.text:
                who = "you  " if each.speaker == "user" else "agent"
                print(f"{who}  {safe(each.text)}", file=sys.stderr, flush=True)


def _app(name: str) -> App:
    if name != DEFAULT_APP:
        return load_app(name)
    return partial(assistant.answer, told=Teller().said)


def _format(encoding: Any, rate: int | None) -> AudioFormat:
    usual = MODEL.rate if encoding == "pcm16" else 8_000
    if encoding != "pcm16" and rate not in (None, usual):
        raise PipeError(f"{encoding} has 8000 samples a second: leave --rate out")
    return AudioFormat(encoding, rate or usual)


def _check_pipes() -> None:
    if os.name == "nt":
        raise PipeError("pipes of raw audio are not supported on Windows")
    if not _is_open(0, os.O_WRONLY):
        raise PipeError("standard input is closed, or for writing: lead raw audio in")
    if not _is_open(1, os.O_RDONLY):
        raise PipeError("standard output is closed, or for reading: lead it on")
    if sys.stdin is None or sys.stdin.isatty():
        raise PipeError(
            "standard input is a terminal: lead raw audio into it, as in "
            "arecord -t raw -f S16_LE -r 24000 | voxpipe talk --stdin"
        )
    if sys.stdout is None or sys.stdout.isatty():
        raise PipeError(
            "standard output is a terminal, and audio would garble it: lead it on, as "
            "in voxpipe talk --stdin | aplay -t raw -f S16_LE -r 24000"
        )


def _is_open(descriptor: int, other_way: int) -> bool:
    """Whether it can be used, and not the other way only."""
    import fcntl  # Windows has none

    try:
        flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    except OSError:
        return False
    return flags & os.O_ACCMODE != other_way


@contextmanager
def _audio_alone() -> Generator[int]:
    """Keep standard output for audio: what is printed goes to standard error."""
    sys.stdout.flush()
    audio, before = os.dup(1), sys.stdout
    os.dup2(2, 1)  # also what libraries and other programs print
    sys.stdout = sys.stderr
    try:
        yield audio
    finally:
        sys.stdout = before
        os.dup2(audio, 1)
        os.close(audio)
