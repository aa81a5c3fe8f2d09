"""Which event loop runs: for the few places where a library has a shell for each."""

from __future__ import annotations

import sys


def in_trio() -> bool:
    """Whether the current task is one of trio's."""
    trio = sys.modules.get("trio")  # absent, unless it is what runs
    return trio is not None and bool(trio.lowlevel.in_trio_run())
