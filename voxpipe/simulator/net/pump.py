"""Drives a session over a connection, whatever that is made of."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol

from anyio import (
    EndOfStream,
    Event,
    create_task_group,
    current_time,
    move_on_after,
    to_thread,
)
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from voxpipe.simulator.errors import VoiceError
from voxpipe.simulator.service.mcp.remote import run_errand
from voxpipe.simulator.service.mcp.requests import McpRequest
from voxpipe.simulator.service.sans_io import SansIOSession, Utterance
from voxpipe.simulator.voices.speech import CachedVoice

_MOST_PENDING = 256  # events; more wait until the client reads
_CHECKPOINT_EVERY = 16  # messages, when the client is always ahead of us

Speak = Callable[[Utterance], Awaitable[bytes]]


class Wire(Protocol):
    """A connection to one client; its methods raise ``EndOfStream`` when it is gone."""

    async def send(self, text: str) -> None:
        """Send a text frame; waits while the client does not read."""
        ...

    async def receive(self) -> str | bytes:
        """The next frame of the client."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye."""
        ...

    async def gone(self) -> None:
        """Wait for the client to go, reading nothing of what it sends."""
        ...


class Pump:
    """Runs one session until either side ends it.

    Args:
        machine: the session.
        wire: the client.
        speak: makes sound of words; may raise `VoiceError`.
    """

    def __init__(self, machine: SansIOSession[Any], wire: Wire, speak: Speak) -> None:
        self._machine = machine
        self._wire = wire
        self._speak = speak
        self._news = Event()
        self._room = Event()

    async def run(self) -> None:
        """Returns when the session is over, or the client has gone."""
        async with create_task_group() as tasks:
            tasks.start_soon(self._read, tasks)
            with suppress(EndOfStream):  # the client has gone: nobody is left to tell
                await self._write(tasks)
            tasks.cancel_scope.cancel()

    async def _read(self, tasks: TaskGroup) -> None:
        machine, count = self._machine, 0
        try:
            while True:
                message = await self._wire.receive()
                due = machine.next_timer
                machine.receive(message, current_time())
                # Most appends change nothing that the writer would have to know.
                if machine.pending or machine.next_timer != due:
                    self._news.set()
                while machine.pending > _MOST_PENDING:
                    self._room = Event()
                    await self._room.wait()
                count += 1
                if count % _CHECKPOINT_EVERY == 0:
                    await checkpoint()
        except EndOfStream:
            tasks.cancel_scope.cancel()

    async def _write(self, tasks: TaskGroup) -> None:
        machine = self._machine
        while True:
            self._news = Event()
            for speech in machine.speeches():
                tasks.start_soon(self._say, speech)
            for errand in machine.errands():
                tasks.start_soon(self._ask, errand)
            events = machine.outgoing()
            self._room.set()
            for event in events:
                await self._wire.send(json.dumps(event, separators=(",", ":")))
            if events:
                continue  # sending may have taken long: look again before waiting
            if machine.farewell is not None:
                await self._wire.close(*machine.farewell)
                return
            await self._wait()
            # Only here does the session's clock move: while the client does not read,
            # nothing more is generated.
            machine.advance(current_time())

    async def _wait(self) -> None:
        due = self._machine.next_timer
        if due is None:
            await self._news.wait()
            return
        with move_on_after(max(0.0, due - current_time())):
            await self._news.wait()

    async def _say(self, speech: Utterance) -> None:
        pcm: bytes | None = None
        with suppress(VoiceError):  # the response fails then, and says so
            pcm = await self._speak(speech)
        self._machine.spoken(speech, pcm, current_time())
        self._news.set()

    async def _ask(self, errand: McpRequest) -> None:
        outcome = await run_errand(errand)
        self._machine.returned(errand, outcome, current_time())
        self._news.set()


def in_thread(voice: CachedVoice) -> Speak:
    """Speak in a worker thread, so that no other session waits."""

    async def speak(speech: Utterance) -> bytes:
        known = voice.recall(speech.text, speech.voice, speech.speed)
        if known is not None:
            return known
        return await to_thread.run_sync(
            voice.speak, speech.text, speech.voice, speech.speed
        )

    return speak


def in_line(voice: CachedVoice) -> Speak:
    """Speak at once: under virtual time a thread would be overtaken by the clock."""

    async def speak(speech: Utterance) -> bytes:
        return voice.speak(speech.text, speech.voice, speech.speed)

    return speak
