"""What can go wrong with a tool before it runs."""

from __future__ import annotations

from typing import get_args

from voxpipe.pipeline import VoxpipeError


class ToolError(VoxpipeError):
    """A tool that cannot be offered to a model; raised where it is declared."""


class ArgumentsError(VoxpipeError):
    """Arguments that the model wrote and that the tool cannot take.

    The text is for the model: one line a field, with what was expected.
    """


class Unavailable(VoxpipeError):
    """What a tool needs is out of reach just now.

    Raise it in a tool to have the call answered as ``unavailable``; the text is told to
    the model.
    """


def check_choice(name: str, value: object, choices: object) -> None:
    """Whether a value is one of those that there are.

    Raises:
        ToolError: it is another.
    """
    known = get_args(choices)
    if value not in known:
        raise ToolError(f"{name} is one of {', '.join(known)}, not {value!r}")
