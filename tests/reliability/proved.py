"""Rows that tests prove already: they are run, and counted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

from .row import Figure, Measure

ROOT = Path(__file__).parent.parent.parent
PARALLEL = ("-n", "2", "--dist", "worksteal")


def proved(*where: str, marks: str = "not soak and not system") -> Measure:
    """By all the tests of some files.

    Args:
        where: files, or single tests, as pytest takes them, from ``tests/``.
        marks: which of them.
    """
    return lambda: run(*(f"tests/{each}" for each in where), marks=marks)


def proved_by(pattern: str, issue: str) -> Measure | str:
    """By the test files with such a path from ``tests/``; else by none yet."""
    found = sorted((ROOT / "tests").glob(pattern))
    names = [str(each.relative_to(ROOT / "tests")) for each in found]
    return proved(*names) if names else issue


def both(measure: Measure, other: Measure) -> Measure:
    """Two figures of one row, which both have to be kept."""

    def together() -> Figure:
        figures = measure(), other()
        said = "; ".join(each.said for each in figures)
        return Figure(said, kept=all(each.kept for each in figures))

    return together


def run(*where: str, marks: str = "") -> Figure:
    """Run tests; kept when there are some and all of them pass."""
    missing = [each for each in where if not (ROOT / each.split("::")[0]).exists()]
    if missing:
        return Figure(f"{', '.join(missing)} is not there", kept=False)
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = (sys.executable, "-m", "pytest", "-q", *PARALLEL, "-m", marks)
        # Long tests, beside others: a row has its own patience.
        more = ("-o", "faulthandler_timeout=600", "-p", "no:cacheprovider")
        done = subprocess.run(
            (*command, *more, f"--junitxml={report}", *where),
            cwd=ROOT,
            env={**os.environ, "CI": "1"},  # the same examples each time
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if not report.exists():
            return Figure(f"no test was run: {_last(done.stdout)}", kept=False)
        suite = ElementTree.parse(report).getroot().find("testsuite")
    assert suite is not None
    total, bad = int(suite.attrib["tests"]), _names(suite)
    said = f"{total - len(bad):,} of {total:,} tests"
    if bad:
        said += f"; not {bad[0]}"
    return Figure(said, kept=not bad and total > 0 and done.returncode == 0)


def _names(suite: ElementTree.Element) -> list[str]:
    """Tests that did not pass, also those that were skipped."""
    return [
        each.attrib["name"]
        for each in suite.iter("testcase")
        if any(each.find(what) is not None for what in ("failure", "error", "skipped"))
    ]


def _last(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[-1]
