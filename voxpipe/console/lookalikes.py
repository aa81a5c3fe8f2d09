"""Output on consoles that cannot show every character: cp1252 on Windows, ASCII.

Python would rather raise than print a "?". A command that has done its work is not to
end so, and its arrows and dashes have look-alikes in ASCII.
"""

from __future__ import annotations

import codecs
import io
import sys

ERRORS = "voxpipe.lookalikes"  # the name of the way out, for codecs
_LOOKALIKES = {
    "→": "->",
    "←": "<-",
    "▶": ">",
    "›": ">",
    "‹": "<",
    "…": "...",
    "–": "-",
    "—": "-",
    "─": "-",
    "│": "|",
    "┬": "+",
    "├": "+",
    "└": "+",
    "“": '"',
    "”": '"',
    "„": '"',
    "‘": "'",
    "’": "'",
    "×": "x",
    "·": "-",
    "µ": "u",
    "μ": "u",
    "≥": ">=",
    "≤": "<=",
    "\u00a0": " ",
    "\u202f": " ",
}


def use_lookalikes() -> None:
    """Let standard output and errors take what their encoding lacks."""
    codecs.register_error(ERRORS, _replaced)
    for stream in (sys.stdout, sys.stderr):
        # Whoever has chosen another way than to raise keeps it.
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors=ERRORS)


def shown(text: str, encoding: str) -> str:
    """``text`` as a console of this encoding can show it."""
    codecs.register_error(ERRORS, _replaced)
    return text.encode(encoding, ERRORS).decode(encoding)


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    return "".join(_LOOKALIKES.get(char, "?") for char in lost), error.end
