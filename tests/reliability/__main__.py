"""The reliability table: ``python -m tests.reliability``, or ``make reliability``.

Each row runs in a process of its own, so that one which hangs, or ends its process,
is only short itself. Exits with 1 when a row falls short; a row that nothing measures
yet, or whose machine is too busy to tell, does not count as that.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.calls.machine import look

from .row import Figure, Result, Row, judged
from .rows import ROWS

PATIENCE = 600.0  # seconds for one row; each takes far less where nothing else runs
REPORT = Path("build/reliability.json")
WIDTHS = (2, 50, 28)  # of number, promise and target, in the table


def main() -> int:
    """Measure the rows that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.reliability")
    parser.add_argument("--only", metavar="8,16", help="these rows, by their numbers")
    parser.add_argument("--json", type=Path, default=REPORT, help="where to write it")
    parser.add_argument("--row", type=int, help=argparse.SUPPRESS)  # in its process
    arguments = parser.parse_args()
    if arguments.row is not None:
        return alone(arguments.row)
    try:
        rows = chosen(arguments.only)
    except ValueError as error:
        parser.error(str(error))
    print("looking whether this machine is quiet …", flush=True)
    objections = look([0, 1])
    print("; ".join(objections) or "it is", end="\n\n", flush=True)
    results: list[Result] = []
    for row in rows:
        results.append(measured(row, objections))
        print(line(results[-1]), flush=True)
    print(f"\n{summary(results)}")
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(report(results, objections), "utf-8")
    print(arguments.json)
    return int(any(each.verdict == "short" for each in results))


def chosen(only: str | None) -> list[Row]:
    """The rows with these numbers, or all.

    Raises:
        ValueError: there is no such row.
    """
    if only is None:
        return list(ROWS)
    numbers = {row.number: row for row in ROWS}
    try:
        return [numbers[int(each)] for each in only.split(",")]
    except (KeyError, ValueError):
        last = ROWS[-1].number
        raise ValueError(
            f"--only takes numbers of rows from 1 to {last}, such as 8,16: not {only!r}"
        ) from None


def alone(number: int) -> int:
    """Measure one row here; the last line of what it says is the figure."""
    (row,) = chosen(str(number))
    assert callable(row.measure), "nothing measures it"
    figure = row.measure()
    print(json.dumps({"said": figure.said, "kept": figure.kept}))
    return 0


def measured(row: Row, objections: Sequence[str]) -> Result:
    """Measure one row in a process of its own."""
    if isinstance(row.measure, str):
        return judged(row, None, objections)
    command = (sys.executable, "-m", "tests.reliability", "--row", str(row.number))
    began = time.monotonic()
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        figure = told(done)
    except subprocess.TimeoutExpired:
        figure = Figure(f"it has not ended after {PATIENCE:g} s", kept=False)
    return judged(row, figure, objections, time.monotonic() - began)


def told(done: subprocess.CompletedProcess[str]) -> Figure:
    """The figure of a process that has ended, however it did."""
    if done.returncode == 0 and done.stdout.strip():
        return Figure(**json.loads(done.stdout.strip().splitlines()[-1]))
    why = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
    return Figure(f"it ended with exit code {done.returncode}: {why}", kept=False)


def line(result: Result) -> str:
    """A row, as people read it."""
    row = result.row
    cells = (str(row.number).rjust(2), row.promise, row.target)
    left = "  ".join(
        cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)
    )
    took = f"  ({result.seconds:.0f} s)" if result.verdict != "missing" else ""
    return f"{left}  {result.verdict:<7}  {result.said}{took}"


def summary(results: Sequence[Result]) -> str:
    """How many of each, in one line."""
    verdicts = [each.verdict for each in results]
    counts = {each: verdicts.count(each) for each in dict.fromkeys(verdicts)}
    took = sum(each.seconds for each in results)
    return f"{', '.join(f'{n} {v}' for v, n in counts.items())}; {took:.0f} s in all"


def report(results: Sequence[Result], objections: Sequence[str]) -> str:
    """The same for a program."""
    table = [
        {
            "row": each.row.number,
            "promise": each.row.promise,
            "target": each.row.target,
            "figure": each.said,
            "verdict": each.verdict,
            "seconds": round(each.seconds, 1),
        }
        for each in results
    ]
    whole = {
        "at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "objections": list(objections),
        "rows": table,
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
