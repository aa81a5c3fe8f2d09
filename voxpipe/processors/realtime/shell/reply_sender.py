"""The model's mouth: what replies have in store goes out, one after the other."""

from __future__ import annotations

from collections.abc import Callable

from voxpipe.pipeline import AudioFrame, Output, ReplyEnd
from voxpipe.pipeline.runtime.wakeup import Wakeup
from voxpipe.processors.realtime.protocol.conversation import Conversation
from voxpipe.processors.realtime.protocol.reply import Reply

Said = AudioFrame | ReplyEnd


class ReplySender:
    """Sends the audio of replies in the order of the conversation, ahead of time.

    Args:
        says: where it goes; an ear behind it paces it.
        conversation: whose replies are spoken.
        sent: rung when the end of a reply has gone out.
        now: the time.

    Attributes:
        audio: to be rung when a reply may have more in store.
    """

    def __init__(
        self,
        says: Output[Said],
        conversation: Conversation,
        sent: Wakeup,
        now: Callable[[], float],
    ) -> None:
        self.audio = Wakeup()
        self._says = says
        self._conversation = conversation
        self._sent = sent
        self._now = now

    async def speak(self) -> None:
        """Speak until cancelled."""
        while True:
            reply = self._next()
            if reply is None:
                await self.audio.wait()
                continue
            frame = reply.store.take()
            if frame is None:
                reply.ended = True
                if not await self._says.send(ReplyEnd(turn=reply.turn)):
                    reply.turn.cut()  # who was to hear it has gone
                self._sent.set()
                continue
            timings = reply.turn.timings
            if timings.first_sent is None:
                timings.first_sent = self._now()
            await self._says.send(frame)

    def _next(self) -> Reply | None:
        for reply in self._conversation.spoken:
            if not reply.ended and not reply.turn.is_over:
                return reply if reply.store or reply.store.closed else None
        return None
