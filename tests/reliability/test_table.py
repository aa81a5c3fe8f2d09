"""The table says what was measured, and nothing better."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .__main__ import chosen, line, report, summary, told
from .proved import run
from .row import Figure, Row, judged
from .rows import ROWS

FIGURE = Figure("3 of 3", kept=True)
ROW = Row(1, "nothing is late", "≤ 20 ms", lambda: FIGURE, timed=True)
BUSY = ("others use 40% of core 0",)


def test_a_figure_at_its_target_holds_and_another_is_short() -> None:
    assert judged(ROW, FIGURE, ()).verdict == "holds"
    assert judged(ROW, Figure("2 of 3", kept=False), ()).verdict == "short"


def test_lateness_on_a_busy_machine_is_neither_and_says_why() -> None:
    for kept in (True, False):
        result = judged(ROW, Figure("30 ms", kept), BUSY)
        assert result.verdict == "INVALID"
        assert result.said == "30 ms; but others use 40% of core 0"


def test_what_is_no_lateness_is_judged_on_a_busy_machine_too() -> None:
    row = Row(2, "nothing is lost", "0", lambda: FIGURE)
    assert judged(row, FIGURE, BUSY).verdict == "holds"


def test_what_nothing_measures_is_missing_and_says_why() -> None:
    row = Row(5, "the call goes on", "60 of 60", "issue: reconnect")
    result = judged(row, None, ())
    assert (result.verdict, result.said) == ("missing", "issue: reconnect")


def test_a_row_is_read_in_one_line_and_by_programs() -> None:
    result = judged(ROW, FIGURE, (), 4.2)
    said = " ".join(line(result).split())
    assert said == "1 nothing is late ≤ 20 ms holds 3 of 3 (4 s)"
    assert summary([result, result]) == "2 holds; 8 s in all"
    (row,) = json.loads(report([result], BUSY))["rows"]
    assert row == {
        "row": 1,
        "promise": "nothing is late",
        "target": "≤ 20 ms",
        "figure": "3 of 3",
        "verdict": "holds",
        "seconds": 4.2,
    }


def test_all_thirty_rows_are_there_in_order() -> None:
    assert [row.number for row in ROWS] == list(range(1, 31))
    assert [row.number for row in chosen("16,8")] == [16, 8]
    for wrong in ("31", "eight", ""):
        with pytest.raises(ValueError, match="from 1 to 30, such as 8,16"):
            chosen(wrong)


def test_a_row_that_ends_its_process_is_short_and_says_how() -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('broken')"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told(done) == Figure("it ended with exit code 1: broken", kept=False)
    silent = subprocess.CompletedProcess(command, -9, "", "")
    assert told(silent).said == "it ended with exit code -9: it said nothing"


@pytest.mark.slow
def test_tests_that_fail_or_are_skipped_or_are_not_there_prove_nothing(
    tmp_path: Path,
) -> None:
    good, bad = tmp_path / "test_good.py", tmp_path / "test_bad.py"
    good.write_text("def test_one(): pass\n")
    bad.write_text(
        "import pytest\ndef test_one(): assert 0\ndef test_two(): pytest.skip()\n"
    )
    assert run(str(good), marks="not soak") == Figure("1 of 1 tests", kept=True)
    failed = run(str(bad), str(good), marks="not soak")
    assert failed.said.startswith("1 of 3 tests; not test_")  # the first to end
    assert not failed.kept
    assert not run(str(good), marks="soak").kept
    assert run("tests/nowhere.py") == Figure(
        "tests/nowhere.py is not there", kept=False
    )


def test_every_row_that_tests_prove_names_tests_that_are_there() -> None:
    text = (Path(__file__).parent / "rows.py").read_text("utf-8")
    for name, at in (
        ("{TELEPHONY}", "transports/telephony"),
        ("{REALTIME}", "processors/realtime"),
    ):
        text = text.replace(name, at)
    tests = Path(__file__).parent.parent
    files = [each for each in text.split('"') if each.endswith(".py")]
    assert len(files) > 20
    files.remove("rfc6455/test_*.py")  # which may be missing, and then says so
    assert not [each for each in files if not (tests / each).exists()]
