"""What can go wrong, and who is to blame.

VoxpipeError
├── WiringError        your drawing: raised before anything runs, with the cure
├── ConfigurationError a session or endpoints as you asked for them; likewise
├── FormatError        audio that is not what was announced
├── FrameError         what a box gave is no frame, or of no kind that it says it gives
├── ImageError         a picture that a model cannot be shown
├── TurnError          an order that a reply cannot follow
├── FeedbackOverflow   a feedback input was sent more than can be outstanding
└── TransportError     the other side of a transport
    └── SessionLost    a model session ended that nobody had asked to end
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, cast

HowLost = Literal["closed", "ended", "reset", "silent", "unread", "refused", "told"]


class VoxpipeError(Exception):
    """The root of every error that voxpipe raises by itself."""


class WiringError(VoxpipeError):
    """The pipeline as drawn cannot work; the message says how to redraw it."""


class ConfigurationError(VoxpipeError):
    """A session, or endpoints, that cannot be had as asked for, or would be unsafe.

    By the program or by its environment; the message says the cure.
    """


class FormatError(VoxpipeError):
    """Audio in a format that the place it came to cannot take."""


class FrameError(VoxpipeError, TypeError):
    """What a box gave is no frame, or of no kind that it was declared with."""


class ImageError(VoxpipeError):
    """A picture that a model cannot be shown: of another kind, or too large."""


class TurnError(VoxpipeError):
    """A turn was asked for something that it cannot do."""


class FeedbackOverflow(VoxpipeError):
    """More was sent to a feedback input than can be outstanding there."""


class TransportError(VoxpipeError):
    """The other side of a transport failed or broke its protocol."""


class SessionLost(TransportError):
    """A model session ended without anybody having asked for it.

    Attributes:
        code: the WebSocket close code, or ``None`` when the connection just broke.
        reason: what the peer gave as its reason; may be empty. It stands in no text:
            it can quote what somebody said.
        how: ``closed`` by the peer, with a code; ``ended`` or ``reset`` by it without
            one; it was ``silent`` for too long, or left ``unread`` what it was sent;
            what it sent was ``refused`` from here, with a code; or it was ``told``
            otherwise.
    """

    def __init__(
        self,
        message: str,
        *,
        code: int | None = None,
        reason: str = "",
        how: HowLost = "told",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.how: HowLost = how


BLAME = "raised by the box "  # how the note of `blame` begins
BLAMED = "raised by "  # and every other note of the kind


def blame(error: BaseException, box: str) -> bool:
    """Note on ``error`` which box raised it; the innermost box is named, once.

    A group is only a wrapping: each error in it is noted by itself.

    Returns:
        Whether nobody had been named before.
    """
    is_new = False
    for each in leaves_of(error):
        if not any(note.startswith(BLAMED) for note in getattr(each, "__notes__", ())):
            each.add_note(f"{BLAME}{box!r}")
            is_new = True
    return is_new


def leaves_of(error: BaseException) -> Iterator[BaseException]:
    """The single errors in a group, and in the groups within it; else ``error``."""
    if isinstance(error, BaseExceptionGroup):
        for each in cast("BaseExceptionGroup[BaseException]", error).exceptions:
            yield from leaves_of(each)
    else:
        yield error
