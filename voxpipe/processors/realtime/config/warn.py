"""Warnings that point at the program's own line."""

from __future__ import annotations

import sys
import warnings

_OURS = ("voxpipe.", "contextlib")  # and what stands between two of ours


def warn_program(message: str, category: type[Warning]) -> None:
    """Warn of what the program asks for; Python shows the same line's warning once."""
    level, frame = 2, sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(_OURS):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
