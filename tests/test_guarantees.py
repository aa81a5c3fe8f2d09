"""Each promise of ``docs/guarantees.md`` is measured by a row, and has a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from .reliability.rows import ROWS
from .test_threats import names_in

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "guarantees.md").read_text("utf-8")
LEAST = 18  # promises; one is not taken back without a word in CHANGELOG.md
MEASURED = {row.number for row in ROWS if not isinstance(row.measure, str)}


def promises(page: str) -> list[list[str]]:
    """What is promised, the row, the test."""
    found = [
        [cell.strip("` ") for cell in line.strip("|").split(" | ")]
        for line in page.splitlines()
        if line.startswith("|") and not line.startswith(("|---", "| promise "))
    ]
    return [[cell.strip() for cell in each] for each in found]


def complaints(page: str) -> list[str]:
    """What is promised without a row that is measured, or a test."""
    found: list[str] = []
    for promise, row, test in promises(page):
        path, _, name = test.partition("::")
        if not row.isdigit() or int(row) not in MEASURED:
            found.append(f"{promise}: row {row} measures nothing")
        if not (ROOT / path).is_file() or name not in names_in(ROOT / path):
            found.append(f"{promise}: no test {test}")
    return found


def test_every_promise_is_measured_and_tested() -> None:
    assert len(promises(PAGE)) >= LEAST
    assert not complaints(PAGE)


@pytest.mark.parametrize(
    "row",
    [
        "| a | 23 | `tests/test_guarantees.py::test_every_promise_is_measured` |",
        "| a | 31 | `tests/test_guarantees.py::complaints` |",
        "| a | none | `tests/test_guarantees.py::complaints` |",
        "| a | 1 | `tests/test_nowhere.py::test_it` |",
    ],
)
def test_a_promise_without_is_found(row: str) -> None:
    assert complaints(row)


def test_what_is_not_promised_is_said() -> None:
    _, _, rest = PAGE.partition("## What is not promised")
    assert rest.count("\n* **") >= 5
