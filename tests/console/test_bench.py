"""`voxpipe bench` on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from voxpipe.console.main import main

QUICK = ("--virtual", "--calls", "2", "--seconds", "4", "--model-delay")
APP = "tests.bench.apps:plain"


def ran(out: Path, delay: int, *more: str, app: str = APP) -> int:
    return main(["bench", app, *QUICK, str(delay), "--out", str(out), *more])


def report(out: Path) -> Any:
    return json.loads((out / "report.json").read_text("utf-8"))


def test_it_leaves_a_page_and_all_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ran(tmp_path / "out", 200) == 0

    told = report(tmp_path / "out")
    assert told["calls"] == 2
    assert told["turns"] >= 2
    assert set(told["latency_ms"]) >= {"total", "ours", "model", *told["stages"]}
    for each in told["latency_ms"].values():
        assert each.keys() >= {"p50", "p95", "p99"}
    assert told.keys() >= {
        "barge_in_ms",
        "stale_frames",
        "underruns",
        "cpu_percent_per_call",
        "memory_kb_per_call",
    }
    assert "<!DOCTYPE html>" in (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "first delta" in capsys.readouterr().out


def test_nobody_else_may_read_what_was_said(tmp_path: Path) -> None:
    ran(tmp_path / "out", 200)

    for name in ("report.json", "report.html"):
        assert (tmp_path / "out" / name).stat().st_mode & 0o077 == 0


def test_a_limit_that_is_broken_is_an_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ran(tmp_path, 200, "--fail-on", "turn.p95 > 900ms") == 0
    assert ran(tmp_path, 500, "--fail-on", "turn.p95 > 900ms") == 3
    assert "BROKEN: turn.p95 > 900ms" in capsys.readouterr().out


@pytest.mark.slow
def test_a_run_is_compared_with_an_older_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ran(tmp_path / "old", 200, "--calls", "8")
    older = str(tmp_path / "old" / "report.json")
    rule = ("--compare", older, "--calls", "8", "--fail-on", "turn.p95 > +10%")

    assert ran(tmp_path / "same", 200, *rule, "--seed", "4") == 0
    assert "none of" in capsys.readouterr().out
    assert ran(tmp_path / "new", 400, *rule) == 3
    told = capsys.readouterr().out
    assert "first_delta.p50: 200 → 400 ms (+100.0 %), slower" in told
    assert "not measured alike: timing" in told


@pytest.mark.parametrize(
    ("more", "cure"),
    [
        (("--fail-on", "turn.p95 > +10%"), "give --compare"),
        (("--fail-on", "turn > 3"), "a latency has one of"),
        (("--caller-network", "bad"), "expected such as latency=40"),
        (("--compare", "{here}/callers.yaml"), "is no report"),
        (("--callers", "{here}/callers.yaml"), "expected callers:"),
        (("--find-limit",), "any number of calls"),
        (("--realtime-url", "http://127.0.0.1:1/v1"), "real time"),
    ],
)
def test_what_cannot_be_is_told_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], cure: str
) -> None:
    (tmp_path / "callers.yaml").write_text("people: 3")

    assert ran(tmp_path, 200, *(each.format(here=tmp_path) for each in more)) == 1
    assert cure in capsys.readouterr().err


def test_an_app_that_is_not_there_is_told_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ran(tmp_path, 200, app="tests.bench.apps:plane") == 1
    assert "there is no plane" in capsys.readouterr().err
