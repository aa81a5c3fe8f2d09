"""Ctrl-C ends a command without a traceback, however early it comes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from voxpipe.console import entry, main

# Interrupted by what imports the first of our own modules: as early as can be.
EARLY = """
import builtins, sys
load = builtins.__import__
def interrupt(name, *rest):
    if name == "argparse":
        raise KeyboardInterrupt
    return load(name, *rest)
builtins.__import__ = interrupt
from voxpipe.console.entry import main
sys.exit(main())
"""


def test_an_interrupt_while_the_commands_are_loaded_is_quiet() -> None:
    ended = subprocess.run([sys.executable, "-c", EARLY], capture_output=True)
    assert (ended.returncode, ended.stderr) == (130, b"")


@pytest.mark.parametrize(
    "error",
    [
        KeyboardInterrupt(),
        BaseExceptionGroup("", [KeyboardInterrupt(), OSError()]),
    ],
)
def test_an_interrupt_while_a_command_runs_is_quiet(
    error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main, "main", raising(error))
    assert entry.main() == 130


def test_other_errors_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "main", raising(ExceptionGroup("", [OSError()])))
    with pytest.raises(ExceptionGroup):
        entry.main()


def raising(error: BaseException) -> Callable[[], int]:
    def run() -> int:
        raise error

    return run
