"""Each of the protocol's 110 numbered statements has a test that carries its number."""

from __future__ import annotations

import re
from pathlib import Path

STATEMENTS = 110
NUMBERED = re.compile(r"^\s*(?:async )?def test_(\d+)(?:_to_(\d+))?_", re.MULTILINE)


def test_no_statement_is_without_a_test() -> None:
    proven: set[int] = set()
    for path in Path(__file__).parent.rglob("test_*.py"):
        for first, last in NUMBERED.findall(path.read_text()):
            proven.update(range(int(first), int(last or first) + 1))
    assert proven == set(range(1, STATEMENTS + 1))
