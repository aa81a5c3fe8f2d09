"""What can go wrong with a tool before it runs."""

from __future__ import annotations

from voxpipe.pipeline import VoxpipeError


class ToolError(VoxpipeError):
    """A tool that cannot be offered to a model; raised where it is declared."""


class ArgumentsError(VoxpipeError):
    """Arguments that the model wrote and that the tool cannot take.

    The text is for the model: one line a field, with what was expected.
    """
