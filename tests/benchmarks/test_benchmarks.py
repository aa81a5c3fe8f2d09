"""That the benchmarks run, and end as they say; `make bench` does the measuring."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from benchmarks import barge_in, chain, hop, imports
from benchmarks.report import Options, Promise, Report

LITTLE = Options(share=0.002, peers=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    "measure", [chain.measure, hop.measure, barge_in.measure, imports.measure]
)
def test_the_last_line_is_the_figures_as_json(
    measure: Callable[[Report, Options], None], capsys: pytest.CaptureFixture[str]
) -> None:
    report = Report("it")
    measure(report, LITTLE)
    report.finish(LITTLE)
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["benchmark"] == "it"
    assert last["figures"]
    assert last["promises"]


def test_an_interruption_leaves_nothing_stale_and_the_naive_way_does() -> None:
    report = Report("it")
    barge_in.measure(report, LITTLE)
    after_a_cut, _, naive = report.promises
    assert after_a_cut.value == 0
    assert naive.kept


@pytest.mark.parametrize(
    ("value", "kept"), [(1.9, True), (2.0, True), (2.1, False), (None, None)]
)
def test_a_promise_is_kept_up_to_its_limit(
    value: float | None, kept: bool | None
) -> None:
    assert Promise("a hop", value, "at most", 2, "times").kept is kept


def test_a_missed_promise_is_said_loudly(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report("it")
    report.promise("cheaper", 3.0, "at least", 4, "times")
    assert report.finish(LITTLE) is False
    assert "MISSED  cheaper: 3 times, promised at least 4 times" in (
        capsys.readouterr().out
    )
