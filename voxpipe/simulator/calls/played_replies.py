"""Replies that were played to the caller, until somebody asks for them."""

from __future__ import annotations

from collections import deque

from anyio import EndOfStream

from voxpipe.pipeline.runtime.wakeup import Wakeup

from .output_audio_buffer import PlayedAudio

_MAX_REPLIES = 64  # that nobody has asked for; then the oldest goes


class PlayedReplies:
    """A queue in the order in which they were played; one task receives."""

    def __init__(self) -> None:
        self._replies: deque[PlayedAudio] = deque(maxlen=_MAX_REPLIES)
        self._changed = Wakeup()
        self._closed = False

    def put(self, reply: PlayedAudio) -> None:
        """Keep a reply."""
        self._replies.append(reply)
        self._changed.set()

    def close(self) -> None:
        """Nothing more is played."""
        self._closed = True
        self._changed.set()

    async def receive(self) -> PlayedAudio:
        """The next reply.

        Raises:
            EndOfStream: there is none any more.
        """
        while not self._replies:
            if self._closed:
                raise EndOfStream
            await self._changed.wait()
        return self._replies.popleft()
