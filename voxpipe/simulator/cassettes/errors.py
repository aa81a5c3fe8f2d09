"""What can be wrong with a cassette, and with the program that meets it."""

from __future__ import annotations

from voxpipe.pipeline.errors import VoxpipeError


class CassetteError(VoxpipeError):
    """A cassette that cannot be read; the message names file, line and cure."""


class CassetteMismatch(CassetteError):
    """The client did something else than when the cassette was recorded."""
