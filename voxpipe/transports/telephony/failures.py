"""What may be written down of an error: where it was raised, not what it says.

The text of an error can hold what a caller said, or a key. Ours do not, so they are
told where voxpipe itself has raised them; of all others only the type and the places.
"""

from __future__ import annotations

from collections.abc import Iterator
from traceback import StackSummary, walk_tb

from voxpipe.pipeline import SessionLost, TransportError, VoxpipeError
from voxpipe.pipeline.errors import BLAME, leaves_of

MAX_PLACES = 40  # places that are told of each error


def is_transport(error: Exception) -> bool:
    """It is the other side that failed, and nothing else has."""
    return all(isinstance(each, TransportError) for each in leaves_of(error))


def in_short(error: Exception) -> str:
    """What has failed, in a line."""
    return "; ".join(_told(each) for each in leaves_of(error))


def in_full(error: Exception) -> str:
    """The same, and the places where each error passed through."""
    return "\n".join(
        "\n".join((_told(each), *_places(each))) for each in leaves_of(error)
    )


def _told(error: BaseException) -> str:
    text = type(error).__name__
    if isinstance(error, VoxpipeError) and _is_ours(error):
        text += f": {error}"
    elif isinstance(error, SessionLost):  # of a connection that is the program's own
        text += "" if error.code is None else f" with code {error.code}"
    for note in getattr(error, "__notes__", ()):
        if note.startswith(BLAME):
            text += f", {note}"
    return text


def _is_ours(error: BaseException) -> bool:
    name = ""
    for frame, _ in walk_tb(error.__traceback__):
        name = str(frame.f_globals.get("__name__", ""))
    return name.startswith("voxpipe.")


def _places(error: BaseException) -> Iterator[str]:
    stack = StackSummary.extract(walk_tb(error.__traceback__), lookup_lines=False)
    for place in stack[-MAX_PLACES:]:
        yield f"  {place.filename}:{place.lineno} in {place.name}"
