"""Trace them, and print what they come to."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from statistics import median_low

from benchmarks.report import CannotMeasure
from voxpipe.websocket.choice import SOCKETS

from .recorder import Figures, Trace
from .stage import play
from .start import starts
from .talk import talk

PATHS = {
    "caller": "a caller's 20 ms",
    "delta": "a delta of audio",
    "interruption": "an interruption",
    "tool": "a tool call",
    "start": "voxpipe serve --simulator",
}
RUNS, STARTS = 9, 3  # a start takes a second
_ABOUT = """\
Trace five paths through voxpipe's own code as they run, and count what a reader has to
follow: calls, files, moves from file to file, returns to a file that was there before,
and tasks of the event loop that take part. Over real sockets; six seconds.

  1  a caller's 20 ms: from the carrier's socket to the model's
  2  a delta of audio: from the model's socket to the sink
  3  an interruption: speech_started, truncate, clear
  4  a tool call: the item that calls, its output, response.create
  5  voxpipe serve --simulator, until it listens
"""
_EPILOG = """\
Each figure is the median; where runs differ, the least and the most stand behind it.
To read along, --show 1 prints each call of a path, indented below its caller, with the
task in which it happens: open the files beside it. The last line is JSON: the medians,
and what the shortest run comes to, into which no timer came; so two trees can be
compared. What counts as what: benchmarks/paths/__init__.py.
"""


def trace(runs: int) -> dict[str, list[Trace]]:
    """All paths, so often each.

    Raises:
        CannotMeasure: one of them was not gone to its end.
    """
    # Nothing is warm in the first round.
    talks = play(lambda stage: talk(stage, runs + 1))[1:]
    columns = [list(column) for column in zip(*talks, strict=True)]
    return dict(zip(PATHS, [*columns, starts(min(runs, STARTS))], strict=True))


def middle(traces: Sequence[Trace]) -> Figures:
    """The median of each figure."""
    return Figures(*map(median_low, zip(*(t.figures() for t in traces), strict=True)))


def shortest(traces: Sequence[Trace]) -> Trace:
    """The one in which the fewest timers came in between."""
    return min(traces, key=lambda each: each.figures().calls)


def table(traces: Mapping[str, Sequence[Trace]]) -> Iterator[str]:
    """The figures, a path a line."""
    rows: list[tuple[str, ...]] = [("", *Figures._fields)]
    for number, (name, title) in enumerate(PATHS.items(), 1):
        columns = zip(*(each.figures() for each in traces[name]), strict=True)
        rows.append((f"{number} {title}", *map(_cell, columns)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = zip(others, widths[1:], strict=True)
        yield "  ".join([first.ljust(widths[0]), *(c.rjust(w) for c, w in cells)])


def _cell(column: Sequence[int]) -> str:
    least, most = min(column), max(column)
    spread = "" if least == most else f" ({least}–{most})"
    return f"{median_low(column)}{spread}"


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.paths",
        description=_ABOUT,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--show",
        type=int,
        choices=range(1, len(PATHS) + 1),
        metavar="N",
        help="print the calls of path N, 1 to 5",
    )
    parser.add_argument(
        "--runs",
        type=int,
        default=RUNS,
        metavar="N",
        help=f"of each path; of the start at most {STARTS}; default: %(default)s",
    )
    options = parser.parse_args()
    if options.runs < 1:
        parser.error(f"expected --runs 1 or more, got {options.runs}")
    os.environ[SOCKETS] = "websockets"  # picows' way is not in Python
    try:
        traces = trace(options.runs)
    except CannotMeasure as error:
        print(f"could not measure: {error}", file=sys.stderr)
        sys.exit(1)
    shown: int | None = options.show
    if shown is not None:
        print(*shortest(list(traces.values())[shown - 1]).lines(), "", sep="\n")
    print(*table(traces), sep="\n")
    last = {
        "benchmark": "paths",
        "figures": {name: middle(each)._asdict() for name, each in traces.items()},
        "shortest": {
            name: shortest(each).figures()._asdict() for name, each in traces.items()
        },
        "python": platform.python_version(),
    }
    print(json.dumps(last))


if __name__ == "__main__":
    main()
