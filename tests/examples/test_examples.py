"""Every example runs as it stands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))


def test_there_are_examples() -> None:
    assert EXAMPLES


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: str(path.name))
def test_the_example_runs(example: Path, tmp_path: Path) -> None:
    # Those that are tests of a conversation are run by pytest, as their users do.
    runner = ["-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command = runner if "\ndef test_" in example.read_text() else []
    subprocess.run([sys.executable, *command, str(example)], cwd=tmp_path, check=True)
