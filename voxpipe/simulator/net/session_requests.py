"""What a session asks of others, done in tasks: speech of a voice, answers of MCP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

from anyio import current_time, to_thread
from anyio.abc import TaskGroup

from voxpipe.simulator.errors import VoiceError
from voxpipe.simulator.service.mcp.requests import McpRequest
from voxpipe.simulator.service.sans_io_session import Requester
from voxpipe.simulator.service.session.speech_request import SpeechRequest
from voxpipe.simulator.voices.speech import CachedVoice

from .mcp_client import ask_server

Speak = Callable[[SpeechRequest], Awaitable[bytes]]


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
        for speech in self._session.speech_requests():
            tasks.start_soon(self._have_spoken, speech)
        for request in self._session.mcp_requests():
            tasks.start_soon(self._ask, request)

    async def _have_spoken(self, request: SpeechRequest) -> None:
        pcm: bytes | None = None
        with suppress(VoiceError):  # the response fails then, and says so
            pcm = await self._speak(request)
        self._session.spoken(request, pcm, current_time())
        self._notify()

    async def _ask(self, request: McpRequest) -> None:
        outcome = await ask_server(request)
        self._session.mcp_answered(request, outcome, current_time())
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
