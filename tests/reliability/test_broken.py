"""Every row has something that breaks it: a row that nothing breaks proves nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .broken import BROKEN, ROW
from .rows import ROWS

ROOT = Path(__file__).parent.parent.parent
# Broken in test_rows.py, or beside the test that they are.
MEASURED = {1, 2, 4, 5, 6, 7, 8, 9, 11, 16, 17, 18, 19, 21, 22, 27, 28, 29}
ITSELF = {15: "tests/test_bounds.py::test_the_test_above_can_fail"}


def test_every_row_that_is_measured_is_broken_somewhere() -> None:
    measured = {row.number for row in ROWS if not isinstance(row.measure, str)}
    assert measured == MEASURED | set(ITSELF) | set(BROKEN)
    told = (Path(__file__).parent / "test_rows.py").read_text("utf-8")
    broken = {
        int(number)
        for rows in re.findall(r"^# rows? ([\d, ]+)", told, re.M)
        for number in rows.split(",")
    }
    assert broken == MEASURED
    for each in ITSELF.values():
        path, _, name = each.partition("::")
        assert f"def {name}(" in (ROOT / path).read_text("utf-8")


@pytest.mark.slow  # a pytest of its own for each
@pytest.mark.parametrize("number", BROKEN)
def test_a_row_that_tests_prove_notices_what_is_broken(number: int) -> None:
    command = (sys.executable, "-m", "pytest", "-q", "-x", "-n", "0")
    plugin = ("-p", "tests.reliability.broken", "-p", "no:cacheprovider")
    marks = ("-m", "not soak and not system and not slow")
    done = subprocess.run(
        (*command, *plugin, *marks, f"tests/{BROKEN[number].test}"),
        cwd=ROOT,
        env={**os.environ, "CI": "1", ROW: str(number)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1, done.stdout[-2_000:]
    assert re.search(r"1 failed", done.stdout)
