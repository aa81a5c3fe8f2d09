"""That the five paths are found, and have not become longer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.paths.recorder import Figures, Step, Trace

ROOT = Path(__file__).parent.parent.parent
NAMES = ("caller", "delta", "interruption", "tool", "start")

# What was measured on 30 November 2026; of the first path, where a timer came in. Who
# shortens a path lowers them.
MOST = {
    "caller": Figures(calls=34, files=17, moves=24, returns=8, tasks=0),
    "delta": Figures(calls=40, files=18, moves=27, returns=10, tasks=1),
    "interruption": Figures(calls=124, files=43, moves=69, returns=27, tasks=1),
    "tool": Figures(calls=230, files=51, moves=124, returns=74, tasks=6),
    "start": Figures(calls=107, files=49, moves=74, returns=26, tasks=3),
}


@pytest.fixture(scope="module")
def printed() -> list[str]:
    """What the program prints; in a process of its own, for it taps all sockets."""
    command = [sys.executable, "-m", "benchmarks.paths", "--runs", "5", "--show", "1"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr
    return done.stdout.splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_path_is_no_longer_than_it_was(name: str, printed: list[str]) -> None:
    told: dict[str, Any] = json.loads(printed[-1])["shortest"][name]
    found = Figures(**told)
    assert min(found[:-1]) > 0
    assert found.moves == found.files - 1 + found.returns
    assert not [
        f"{field} of {name}: {got}, more than {most}"
        for field, got, most in zip(Figures._fields, found, MOST[name], strict=True)
        if got > most
    ]


@pytest.mark.slow
def test_a_path_can_be_read_along(printed: list[str]) -> None:
    shown = printed[: printed.index("")]
    assert shown[0] == "-- the event loop"
    assert all(": " in line for line in shown[1:])
    assert len(shown) > 20


def test_to_come_back_to_a_caller_is_no_move_but_to_call_again_is() -> None:
    files = ("a.py", "a.py", "b.py", "c.py", "b.py", "b.py")
    trace = Trace([Step(file, "f", 0, task=0) for file in files])
    assert trace.figures() == Figures(calls=6, files=3, moves=3, returns=1, tasks=0)


def test_a_trace_is_cut_where_a_task_is_first_woken() -> None:
    steps = [Step("a.py", "f", 0, task) for task in (0, 1, 2, 1)]
    trace = Trace(steps, ["one", "two"])
    assert trace.before_task(2).steps == steps[:2]
    assert trace.before_task(0).steps == steps
    assert trace.before_task(3).steps == steps


def test_a_trace_is_the_same_in_another_process() -> None:
    trace = Trace([Step("a.py", "f", 0, task=1)], ["one"])
    assert Trace.from_json(json.loads(json.dumps(trace.as_json()))) == trace
