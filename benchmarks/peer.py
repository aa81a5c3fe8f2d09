"""Pipecat, measured by its own interpreter and on demand, so that rounds interleave."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Literal, Self

from .report import CannotMeasure, Options

ROOT = Path(__file__).parent.parent
PYTHON = ROOT / ".bench-venv" / "bin" / "python"
SCRIPT = Path(__file__).parent / "peers" / "pipecat_chain.py"
HOW_TO_GET = "`make bench` installs Pipecat into .bench-venv, to compare with"

Kind = Literal["input", "output", "direct"]


class Pipecat:
    """The same chain in Pipecat (see ``peers/pipecat_chain.py``).

    Attributes:
        version: of pipecat-ai.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [str(PYTHON), str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.version = str(self._answer()["pipecat"])

    @classmethod
    def if_wanted(cls, options: Options) -> AbstractContextManager[Pipecat | None]:
        """One to compare with; ``None`` when it is not wanted, or not installed."""
        if not options.peers:
            return nullcontext()
        if not PYTHON.exists():
            print(HOW_TO_GET, file=sys.stderr)
            return nullcontext()
        return cls()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()

    def per_box(self, kind: Kind, boxes: int, frames: int) -> float:
        """CPU microseconds per frame and processor, without the two ends."""
        ends = self._seconds(kind, 0, frames)
        return (self._seconds(kind, boxes, frames) - ends) / (boxes * frames) * 1e6

    def _seconds(self, kind: Kind, boxes: int, frames: int) -> float:
        assert self._process.stdin
        with suppress(BrokenPipeError):  # its answer, which is none, says so too
            self._process.stdin.write(f"{kind} {boxes} {frames}\n")
            self._process.stdin.flush()
        return float(self._answer()["seconds"])

    def _answer(self) -> dict[str, str]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise CannotMeasure("Pipecat's process ended; its last words are above")
        answer: dict[str, str] = json.loads(line)
        return answer
