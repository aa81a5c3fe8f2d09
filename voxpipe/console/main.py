"""The door to the commands: what is on the command line is read here, once."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module

from voxpipe import __version__
from voxpipe.pipeline import VoxpipeError

from .entry import INTERRUPTED
from .lookalikes import use_lookalikes

COMMANDS = {
    "demo": ".demo.command",
    "simulate": ".simulate",
    "serve": ".serve",
    "bench": ".bench",
    "talk": ".talk",
    "watch": ".watch",
}
"""Where each of them is, in the order of the help."""

_ABOUT = """\
Voice pipelines around gpt-realtime.

  voxpipe demo                hold a conversation here, without key or network
  voxpipe demo call.wav       the same with your own recording
  voxpipe simulate            serve the Realtime protocol on this machine
  voxpipe serve               answer calls by browser, telephone and SIP, with your app
  voxpipe talk                talk to an app of yours: microphone and loudspeaker
  voxpipe bench               measure how soon an app answers, and where time goes
  voxpipe watch               look into a session, of any client of the service
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    known = command_line([each for each in COMMANDS if each in given[:1]] or COMMANDS)
    use_lookalikes()
    chosen = known.parse_args(given)
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


def command_line(wanted: Iterable[str] = COMMANDS) -> argparse.ArgumentParser:
    """What may stand on the command line; what is found there has ``run``.

    Args:
        wanted: commands; others are not loaded, which takes long for some.
    """
    parser = argparse.ArgumentParser(
        prog="voxpipe",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in wanted:
        import_module(COMMANDS[name], __package__).add_parser(commands)
    return parser
