"""``--watch``: a window into what another command runs."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from voxpipe.watch import watching

WATCH: Mapping[str, Any] = {
    "action": "store_true",
    "help": "show it in the browser while it runs: prints a link",
}
"""What ``--watch`` is, for a command's parser."""


def watched(arguments: argparse.Namespace, title: str) -> AbstractContextManager[Any]:
    """Show what runs in this context, if that was asked for."""
    return watching(title=title) if arguments.watch else nullcontext()
