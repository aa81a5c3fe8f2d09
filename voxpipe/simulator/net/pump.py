"""Drives a session over a connection, whatever that is made of."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Protocol

from anyio import CancelScope, EndOfStream, create_task_group, current_time
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from voxpipe.pipeline.runtime.wakeup import Wakeup
from voxpipe.simulator.protocol.dialogue import SansIOSession

from .session_requests import SessionRequests, Speak

_MAX_PENDING = 256  # events; more wait until the client reads
_CHECKPOINT_EVERY = 16  # messages, when the client is always ahead of us


class ClientConnection(Protocol):
    """Text frames both ways. The methods raise ``EndOfStream`` when it is gone."""

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
        session: not started by anybody else.
        client: where its events go, and its client's come from.
        speak: makes sound of words; may raise `VoiceError`.
    """

    def __init__(
        self, session: SansIOSession, client: ClientConnection, speak: Speak
    ) -> None:
        self._session = session
        self._client = client
        self._changed = Wakeup()
        self._room = Wakeup()
        self._requests = SessionRequests(session, speak, self._changed.set)

    async def run(self) -> None:
        """Returns when the session is over, or the client has gone."""
        try:
            await self._run()
        finally:
            closed = self._session.close_frame
            how = "" if closed is None else f" with {closed.code}"
            self._session.journal.note(f"closed{how}")

    async def _run(self) -> None:
        async with create_task_group() as tasks:
            tasks.start_soon(self._read, tasks)
            with suppress(EndOfStream):  # the client has gone: nobody is left to tell
                await self._write(tasks)
            tasks.cancel_scope.cancel()

    async def _read(self, tasks: TaskGroup) -> None:
        session, count = self._session, 0
        try:
            while True:
                message = await self._client.receive()
                due = session.next_timer
                session.receive(message, current_time())
                # Most appends change nothing that the writer would have to know.
                if session.pending or session.next_timer != due:
                    self._changed.set()
                while session.pending > _MAX_PENDING:
                    await self._room.wait()
                count += 1
                if count % _CHECKPOINT_EVERY == 0:
                    await checkpoint()
        except EndOfStream:
            tasks.cancel_scope.cancel()

    async def _write(self, tasks: TaskGroup) -> None:
        session = self._session
        while True:
            self._requests.start(tasks)
            events = session.outgoing()
            self._room.set()
            for event in events:
                await self._client.send(json.dumps(event, separators=(",", ":")))
            if events:
                continue  # sending may have taken long: look again before waiting
            if session.close_frame is not None:
                await self._client.close(*session.close_frame)
                return
            with CancelScope(deadline=session.next_timer):
                await self._changed.wait()
            # Only here does the session's clock move: while the client does not read,
            # nothing more is generated.
            session.advance(current_time())
