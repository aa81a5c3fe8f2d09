"""The `voxpipe` command: from its first line on, Ctrl-C ends it without a word."""

from __future__ import annotations

INTERRUPTED = 130  # 128 + SIGINT, as shells count


def main() -> int:
    """Load the commands and run one; returns the exit code."""
    try:
        from . import main as commands  # takes a third of a second

        return commands.main()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BaseExceptionGroup as group:
        # Some loops raise it in a task, and so in a group with what that led to.
        if group.subgroup(KeyboardInterrupt) is None:
            raise
        return INTERRUPTED
