"""What a window cannot show, or a proxy not stand in front of."""

from __future__ import annotations

from voxpipe.pipeline.errors import VoxpipeError


class WatchError(VoxpipeError):
    """It cannot be watched; the message says what was expected."""
