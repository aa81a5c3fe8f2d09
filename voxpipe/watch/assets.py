"""The files of the page, read once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from voxpipe.transports.browser.files import KINDS, PAGE

_HERE = Path(__file__).parent / "page"


@cache
def page() -> Mapping[str, tuple[str, bytes]]:
    """By name: media type and bytes."""
    icon = PAGE / "icon.svg"  # that of the page that talks
    return {
        path.name: (KINDS[path.suffix], path.read_bytes())
        for path in [*sorted(_HERE.iterdir()), icon]
        if path.suffix in KINDS
    }
