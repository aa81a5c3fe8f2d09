"""Files that hold what people said: for their owner alone, whatever the umask says."""

from __future__ import annotations

import os
from io import FileIO
from pathlib import Path


def private_file(path: Path) -> FileIO:
    """A file made anew, over what was there; a new one has mode 0600.

    Raises:
        OSError: it cannot be made.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
    return FileIO(os.open(path, flags, 0o600), "w")


def private_folder(path: Path) -> None:
    """Make a folder and those above it, where they are missing, with mode 0700.

    Raises:
        OSError: one cannot be made.
    """
    missing = [each for each in (path, *path.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
    path.mkdir(exist_ok=True)  # or the name is another's
