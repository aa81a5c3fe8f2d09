"""Each threat of ``docs/security.md`` has a defence, and a test that is there."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
LEAST = 42  # threats; one that is no longer one goes with its reason


def rows(page: str) -> list[list[str]]:
    """The threats: what it is, the defence, its file, its test."""
    found = [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in page.splitlines()
        if line.startswith("|") and not line.startswith(("|---", "| threat "))
    ]
    return [[cell.strip("| `") for cell in row] for row in found]


@cache
def names_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, functions)}


def complaints(page: str) -> list[str]:
    """What a row lacks: a cell, its file, or its test."""
    found: list[str] = []
    for row in rows(page):
        if len(row) != 4 or not all(row):
            found.append(f"{row[0]}: expected threat, defence, file and test")
            continue
        threat, _, file, test = row
        path, _, name = test.partition("::")
        if not (ROOT / file).is_file():
            found.append(f"{threat}: no file {file}")
        if not (ROOT / path).is_file() or name not in names_in(ROOT / path):
            found.append(f"{threat}: no test {test}")
    return found


def test_every_threat_has_a_defence_and_a_test() -> None:
    assert len(rows(PAGE)) >= LEAST
    assert not complaints(PAGE)


@pytest.mark.parametrize(
    "row",
    [
        "| a | b | `voxpipe/__init__.py` |",
        "| a | b | `voxpipe/__init__.py` | |",
        "| a | b | `voxpipe/nowhere.py` | `tests/test_threats.py::rows` |",
        "| a | b | `voxpipe/__init__.py` | `tests/test_threats.py::test_nothing` |",
        "| a | b | `voxpipe/__init__.py` | `tests/test_nowhere.py::test_it` |",
    ],
)
def test_a_row_that_lacks_something_is_found(row: str) -> None:
    assert complaints(row)


def test_a_row_is_read_as_it_is_written() -> None:
    test = "tests/test_threats.py::test_a_row_is_read_as_it_is_written"
    assert not complaints(f"| a | b | `voxpipe/__init__.py` | `{test}` |")
