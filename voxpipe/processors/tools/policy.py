"""How a tool is treated while it works: how long, what is said, who must agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from voxpipe.pipeline import ReplyWanted
from voxpipe.pipeline.runtime.expect import expect, is_a

from .approval import Ask, ByVoice
from .errors import ToolError, check_choice

OnInterruption = Literal["continue", "cancel", "detach"]
"""What becomes of a call when the caller cuts the model off while it is at work."""


@dataclass(frozen=True, slots=True)
class Filler:
    """What is said while a tool is at work and nobody speaks.

    Attributes:
        words: to be said as they stand; without any, the model finds its own.
        after: seconds of silence before it is said.
        every: seconds of silence before it is said again; ``None`` for once only.

    Raises:
        ToolError: a time that is none.
    """

    words: str = ""
    after: float = 2.0  # about as long as a person waits before they ask "hello?"
    every: float | None = None

    def __post_init__(self) -> None:
        every = 1.0 if self.every is None else self.every
        if not 0 <= self.after <= 600 or not 1 <= every <= 600:
            raise ToolError(
                "a filler is said after 0 to 600 seconds, and every 1 to 600, not "
                f"{self.after!r} and {self.every!r}"
            )


def check_filler(given: object) -> None:
    """Whether it is one.

    Raises:
        ToolError: it is something else, such as its words alone.
    """
    words = given if isinstance(given, str) else "One moment."
    told = f'filler is a Filler, such as Filler("{words}")'
    expect(is_a(given, Filler), given, told, ToolError)


@dataclass(frozen=True, slots=True)
class Policy:
    """How one tool is treated.

    Attributes:
        timeout: seconds that one call may take, the wait for an approval not included;
            ``None`` leaves it to the router.
        filler: what is said while it is at work; ``None`` leaves it to the router.
        approval: who must agree before it runs: an async function that is given the
            `Proposal`, or the caller (`ByVoice`). ``None`` for nobody.
        on_interruption: ``"continue"``: it goes on, and what it gives is used by the
            reply to what the caller says, or told when the floor is free.
            ``"cancel"``: it is stopped, and answered as ``cancelled``. ``"detach"``: it
            goes on beside the conversation: nothing is said of it and no other call
            waits for it, until its result is told when the floor is free.
        reply: whether the model is to speak once it has the result. ``"if_silent"``:
            only if it has said nothing in the reply that called. ``"never"``: not
            because of this tool, for a note that is taken beside, or a farewell that
            was said. What has failed is always told.

    Raises:
        ToolError: a value that is none of these.
    """

    timeout: float | None = None
    filler: Filler | None = None
    approval: Ask | ByVoice | None = None
    on_interruption: OnInterruption = "continue"
    reply: ReplyWanted = "always"

    def __post_init__(self) -> None:
        if self.timeout is not None and not self.timeout > 0:
            raise ToolError(
                f"a timeout is a number of seconds above 0, not {self.timeout!r}"
            )
        if self.filler is not None:
            check_filler(self.filler)
        check_choice("on_interruption", self.on_interruption, OnInterruption)
        check_choice("reply", self.reply, ReplyWanted)
        approval = self.approval
        if not (
            approval is None or isinstance(approval, ByVoice) or callable(approval)
        ):
            raise ToolError(
                "an approval is an async function that takes a Proposal, or ByVoice(), "
                f"not {approval!r}"
            )
