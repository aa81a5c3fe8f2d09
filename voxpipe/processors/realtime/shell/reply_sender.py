"""The way of replies to their sink: what they have in store goes out, one by one."""

from __future__ import annotations

from voxpipe.pipeline import Output, ReplyEnd, ReplyFrame
from voxpipe.processors.realtime.protocol.response import Response
from voxpipe.processors.realtime.protocol.responses import Responses

from .link import Link


class ReplySender:
    """Sends the audio of replies in the order of the conversation, ahead of time.

    Args:
        says: where it goes; a playout behind it paces it.
        responses: whose audio is to be played.
        link: tells when there is more, and is told when all of a reply has left.
    """

    def __init__(
        self, says: Output[ReplyFrame], responses: Responses, link: Link
    ) -> None:
        self._says = says
        self._responses = responses
        self._link = link

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            response = self._next()
            if response is None:
                await self._link.audio.wait()
                continue
            frame = response.take(self._link.now())
            if frame is not None:
                await self._says.send(frame)
                continue
            if not await self._says.send(ReplyEnd(turn=response.turn)):
                response.turn.cut()  # who was to hear it has gone
            response.all_left()
            self._link.flush()

    def forsake(self) -> None:
        """It is over: who waits for the end of a reply that nobody plays is told."""
        if self._says.read:
            return  # who plays them knows of their end
        for response in tuple(self._responses.spoken):
            response.turn.unwatch(response.watch)  # its words stay as they are
            response.turn.cut()

    def _next(self) -> Response | None:
        for response in self._responses.spoken:
            if response.left != "all" and not response.turn.is_over:
                is_ready = response.store or response.store.closed
                return response if is_ready else None
        return None
