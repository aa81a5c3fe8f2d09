"""`voxpipe probe`: exit codes for a schedule, lines for people, figures for a graph."""

from __future__ import annotations

import json
from typing import Any
from urllib.request import urlopen

import pytest

from voxpipe.bench.probe import OUTCOMES, Probed
from voxpipe.console.main import main
from voxpipe.console.probe import is_well, line
from voxpipe.monitoring.probe_figures import ProbeFigures

WELL = Probed(outcome="answered", connected=0.05, greeting=0.5, answer=0.9)


def test_all_is_well_if_it_is_answered_soon_enough() -> None:
    assert is_well(WELL, None)
    assert is_well(WELL, 0.9)
    assert not is_well(WELL, 0.8)
    assert not is_well(Probed(outcome="unanswered", why="no answer"), None)


def test_a_call_is_a_line() -> None:
    assert line(WELL) == (
        "answered, connected after 50 ms, greeted after 500 ms, answered after 900 ms"
    )
    refused = Probed(outcome="refused", why="the webhook answered HTTP 403")
    assert line(refused) == "refused: the webhook answered HTTP 403"
    gaps = Probed(outcome="answered", answer=0.9, underruns=2, violations=1)
    assert line(gaps).endswith("2 gaps, 1 messages that no carrier takes")


def test_nobody_there_is_the_exit_code_1_and_json_for_programs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["probe", "http://127.0.0.1:1", "--json"]) == 1
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert told["outcome"] == "refused"
    assert told["answer"] is None


def test_figures_are_for_what_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", "http://127.0.0.1:1", "--metrics", "0"]) == 1
    assert "give --every as well" in capsys.readouterr().err


def test_what_it_has_found_is_figures() -> None:
    figures = ProbeFigures(OUTCOMES)
    figures.add("answered", {"connected": 0.05, "greeting": None, "answer": 0.9}, 2)
    with figures.served(0) as port, urlopen(f"http://127.0.0.1:{port}/metrics") as got:
        told = got.read().decode()

    assert "voxpipe_probe_up 1.0" in told
    assert 'voxpipe_probe_calls_total{outcome="answered"} 1.0' in told
    assert 'voxpipe_probe_calls_total{outcome="lost"} 0.0' in told
    assert 'voxpipe_probe_seconds_sum{stage="answer"} 0.9' in told
    assert 'stage="greeting"' not in told
    assert "voxpipe_probe_underruns_total 2.0" in told


def test_a_call_that_failed_is_shown_at_once() -> None:
    figures = ProbeFigures(OUTCOMES)
    figures.add("answered", {}, 0)
    figures.add("refused", {}, 0)
    assert figures.registry.get_sample_value("voxpipe_probe_up") == 0
