"""``--watch``: a window into what another command runs."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

WATCH: Mapping[str, Any] = {
    "action": "store_true",
    "help": "show it in the browser while it runs: prints a link",
}
"""What ``--watch`` is, for a command's parser."""


def watched(arguments: argparse.Namespace, title: str) -> AbstractContextManager[Any]:
    """Show what runs in this context, if that was asked for."""
    if not arguments.watch:
        return nullcontext()
    from voxpipe.watch import watching  # takes a while: commands start quickly

    return watching(title=title)
