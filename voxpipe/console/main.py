"""The door to the commands: what is on the command line is read here, once."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from voxpipe import __version__
from voxpipe.pipeline import VoxpipeError

from . import bench, probe, serve, simulate, talk
from .demo import command as demo
from .entry import INTERRUPTED
from .lookalikes import use_lookalikes

_ABOUT = """\
Voice pipelines around gpt-realtime.

  voxpipe demo                hold a conversation here, without key or network
  voxpipe demo call.wav       the same with your own recording
  voxpipe simulate            serve the Realtime protocol on this machine
  voxpipe serve               answer calls by browser, telephone and SIP, with your app
  voxpipe talk                talk to an app of yours: microphone and loudspeaker
  voxpipe bench               measure how soon an app answers, and where time goes
  voxpipe probe URL           call a deployment that runs, and tell how it was
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    use_lookalikes()
    chosen = command_line().parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except VoxpipeError as error:
        print(f"voxpipe: {error}", file=sys.stderr)
        for note in getattr(error, "__notes__", ()):
            print(f"  {note}", file=sys.stderr)
        return 1
    except OSError as error:  # a file that is not there, a folder that is not ours
        print(f"voxpipe: {error.strerror}: {error.filename}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


def command_line() -> argparse.ArgumentParser:
    """What may stand on the command line; what is found there has ``run``."""
    parser = argparse.ArgumentParser(
        prog="voxpipe",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    demo.add_parser(commands)
    simulate.add_parser(commands)
    serve.add_parser(commands)
    bench.add_parser(commands)
    probe.add_parser(commands)
    talk.add_parser(commands)
    return parser
