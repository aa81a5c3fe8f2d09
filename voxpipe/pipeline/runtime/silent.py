"""A logger that nobody hears, for libraries that would log what must stay private."""

from __future__ import annotations

import logging

SILENT = logging.Logger("voxpipe.silent", level=logging.CRITICAL + 1)
"""For websockets: at DEBUG it logs every header and frame, keys and words included."""
