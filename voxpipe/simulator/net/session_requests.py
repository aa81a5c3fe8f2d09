"""What a session asks of others, done in tasks: speech of a voice, answers of MCP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol

from anyio import current_time, to_thread
from anyio.abc import TaskGroup

from voxpipe.simulator.errors import VoiceError
from voxpipe.simulator.protocol.outbox import Request, T
from voxpipe.simulator.service.mcp.requests import McpRequest
from voxpipe.simulator.service.session.state import SpeechRequest
from voxpipe.simulator.voices.speech import CachedVoice

from .mcp_client import ask_server

Speak = Callable[[SpeechRequest], Awaitable[bytes]]


class Requester(Protocol):
    """A session that has others do what it cannot: speak, and call MCP servers."""

    def requests(self) -> list[Request[Any]]:
        """What others have to do for it since the last time this was asked."""
        ...

    def answered(self, request: Request[T], outcome: T, now: float) -> None:
        """Take what came of a request."""
        ...


class SessionRequests:
    """Has a session's texts spoken and its MCP servers asked.

    Args:
        session: it is given what has come of each.
        speak: makes sound of words; may raise `VoiceError`.
        notify: called when the session has been given something.
    """

    def __init__(
        self, session: Requester, speak: Speak, notify: Callable[[], None]
    ) -> None:
        self._session = session
        self._speak = speak
        self._notify = notify

    def start(self, tasks: TaskGroup) -> None:
        """Begin with what the session has asked for since the last time."""
        for request in self._session.requests():
            tasks.start_soon(self._follow, request)

    async def _follow(self, request: Request[Any]) -> None:
        outcome: Any = None
        if isinstance(request, SpeechRequest):
            with suppress(VoiceError):  # the response fails then, and says so
                outcome = await self._speak(request)
        elif isinstance(request, McpRequest):
            outcome = await ask_server(request)
        self._session.answered(request, outcome, current_time())
        self._notify()


def in_thread(voice: CachedVoice) -> Speak:
    """Speak in a worker thread, so that no other session waits."""

    async def speak(request: SpeechRequest) -> bytes:
        known = voice.recall(request.text, request.voice, request.speed)
        if known is not None:
            return known
        return await to_thread.run_sync(
            voice.speak, request.text, request.voice, request.speed
        )

    return speak


def in_line(voice: CachedVoice) -> Speak:
    """Speak at once: under virtual time a thread would be overtaken by the clock."""

    async def speak(request: SpeechRequest) -> bytes:
        return voice.speak(request.text, request.voice, request.speed)

    return speak
