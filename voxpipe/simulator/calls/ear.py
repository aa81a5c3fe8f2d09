"""The caller's ear: replies wait here until somebody asks what was heard."""

from __future__ import annotations

from collections import deque

from anyio import EndOfStream, Event

from .playback import Heard

_MOST_HEARD = 64  # replies that nobody has asked for; then the oldest goes


class Ear:
    """Replies in the order in which they were heard."""

    def __init__(self) -> None:
        self._heard: deque[Heard] = deque(maxlen=_MOST_HEARD)
        self._news = Event()
        self._closed = False

    def hear(self, heard: Heard) -> None:
        """Keep a reply."""
        self._heard.append(heard)
        self._news.set()

    def close(self) -> None:
        """Nothing more is heard."""
        self._closed = True
        self._news.set()

    async def receive(self) -> Heard:
        """The next reply.

        Raises:
            EndOfStream: there is none any more.
        """
        while not self._heard:
            if self._closed:
                raise EndOfStream
            self._news = Event()
            await self._news.wait()
        return self._heard.popleft()
