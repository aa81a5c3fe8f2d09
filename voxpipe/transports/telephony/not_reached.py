"""Why nobody could be spoken to, whoever was to bring the call about.

NotReached
├── LineBusy     they were on the phone, or did not want to talk
├── NotAnswered  it rang, and nobody picked up
└── CallFailed   it could not be connected, or ended before anything was heard of it
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from voxpipe.pipeline import TransportError

Unreached = Literal["busy", "no-answer", "failed", "canceled", "completed", "lost"]
"""Why no conversation came of a call: the carrier's word, or nothing was heard."""


class NotReached(TransportError):
    """Nobody could be spoken to.

    Attributes:
        why: in the carrier's words.
        status: of SIP; 0 where the carrier does not tell it.
    """

    def __init__(self, why: Unreached, *, status: int = 0, said: str = "") -> None:
        more = f"SIP status {status}, {said}" if status else _CURES.get(why, "")
        super().__init__(": ".join(filter(None, (_WORDS[why], more))))
        self.why: Unreached = why
        self.status = status


class LineBusy(NotReached):
    """They were on the phone, or did not want to talk."""


class NotAnswered(NotReached):
    """It rang, and nobody picked up."""


class CallFailed(NotReached):
    """It could not be connected, or ended before anything was heard of it."""


def not_reached(why: Unreached, *, status: int = 0, said: str = "") -> NotReached:
    """The error for a call of which nothing came.

    Args:
        why: in the carrier's words.
        status: of SIP, if there was one.
        said: what that stands for.
    """
    return _KINDS.get(why, CallFailed)(why, status=status, said=said)


_KINDS: Mapping[Unreached, type[NotReached]] = {
    "busy": LineBusy,
    "no-answer": NotAnswered,
}
_WORDS: Mapping[Unreached, str] = {
    "busy": "the line is busy",
    "no-answer": "nobody has answered",
    "failed": "the carrier could not connect the call",
    "canceled": "the call was cancelled before anybody answered",
    "completed": "the call was over before its stream came",
    "lost": "the carrier has not said what became of the call",
}
_CURES: Mapping[Unreached, str] = {
    "failed": "its log says why",
    "completed": "they hung up, or the carrier cannot reach this server (its log says)",
    "lost": "do its callbacks reach this server? (see public_url)",
}
