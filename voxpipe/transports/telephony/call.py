"""A telephone call, whichever carrier brought it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Dtmf,
    Input,
    Output,
    PlayoutInput,
    Processor,
    ReplyFrame,
    Usage,
)

from .placed import AnsweredBy, PlacedCall

CallEnd = Literal["", "caller", "agent", "lost"]
"""Who ended a call: nobody yet, the caller, the agent, or the connection by itself."""


class Call(Processor):
    """One call: what an app is given to answer.

    Attributes:
        heard: the caller, in `format`, as the carrier sent it.
        pressed: the keys that the caller presses.
        speaks: the agent's replies; paced, and cleared within a frame when they are
            interrupted. A call for which nothing speaks goes on until somebody hangs
            up, or nobody listens any more.
        played: what the caller really heard of them.
        charges: what the replies cost (``model.usage >> call.charges``), for the line
            that ``voxpipe serve`` logs when the call is over.
        format: of both directions; known, because the carrier has said it.
        id: the carrier's name for the call.
        caller: who is calling, where the carrier said so; else empty.
        called: the number that they called; likewise.
        parameters: what the webhook's answer passed on, by name.
        ended: who has ended the call; empty while it lasts.
        replies: those of which something was sent to the caller.
        underruns: how often its line ran dry within a reply, as far as is known here.
        cost_usd: the sum of `charges`; ``None`` if nothing was charged, or one of them
            had no price.
        spoke_at: until when (`anyio.current_time`) the caller hears what was sent last,
            of a reply or not, at least.
        caller_spoke_at: when the caller was last found to speak (``loudness.py``).
        heard_at: when the carrier's last message came.
        placed: the order that it came of, if it was placed from here.
        paused: the carrier has paused the stream: nothing comes, nothing may be said.
        longest: seconds after which its carrier ends it, whatever is said.
        shows_words: its other side reads what both say: worth a transcription.
    """

    heard = Output[AudioFrame]()
    pressed = Output[Dtmf]()
    speaks = PlayoutInput[ReplyFrame](optional=True)
    played = Output[AudioFrame]()
    # Feedback, for it closes a loop (call, model, call); two come with each reply.
    charges = Input[Usage](optional=True, feedback=True, capacity=256)

    format: AudioFormat
    id: str
    caller: str
    called: str
    parameters: Mapping[str, str]
    ended: CallEnd
    replies: int
    cost_usd: float | None
    spoke_at: float
    caller_spoke_at: float
    heard_at: float
    placed: PlacedCall | None = None
    paused: bool = False
    longest: float = math.inf
    underruns: int = 0
    shows_words: bool = False

    @property
    def answered_by(self) -> AnsweredBy:
        """Who has answered a call that was placed, so far as the carrier has said it.

        ``await call.placed.detected()`` waits for it. Empty for calls that came in.
        """
        return "" if self.placed is None else self.placed.answered_by

    @property
    def sending_since(self) -> float | None:
        """When a message was begun that the carrier has not taken yet, if there is one.

        Where it says what it has played: since when it does not, though it should.
        """
        return None

    def hang_up(self) -> None:
        """End the call after the last word: the caller is not listened to any more.

        Safe from any task of the conversation, a tool included. What the agent has
        still to say is said and heard; then the pipeline ends, and the call with it.
        """
        raise NotImplementedError

    async def disconnect(self) -> None:
        """The line is gone now: what was not yet heard never will be."""
        raise NotImplementedError

    def press(self, keys: str) -> None:
        """Press keys (``0-9*#A-D``; ``,`` is a pause of half a second), as tones.

        They sound at once, before what waits to be said.

        Raises:
            ValueError: a key that no telephone has.
        """
        raise NotImplementedError
