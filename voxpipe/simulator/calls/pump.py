"""Drives the session of a call: its caller in real time, and the clients that join."""

from __future__ import annotations

import json
from contextlib import suppress
from math import inf

from anyio import (
    BrokenResourceError,
    CancelScope,
    ClosedResourceError,
    EndOfStream,
    WouldBlock,
    create_memory_object_stream,
    create_task_group,
    current_time,
    sleep_until,
)
from anyio.abc import TaskGroup

from voxpipe.pipeline.runtime.wakeup import Wakeup
from voxpipe.simulator.errors import CloseFrame
from voxpipe.simulator.net.client_connection import ClientConnection
from voxpipe.simulator.net.session_requests import SessionRequests, Speak
from voxpipe.simulator.protocol.outbox import Event

from .microphone import PIECE, Microphone
from .played_replies import PlayedReplies
from .session import CallSession

_MAX_WAITING = 1024  # events that a client may be behind; then it is sent away
_TOO_SLOW = CloseFrame(1011, "The client does not read.")
_HUNG_UP = CloseFrame(1000, "")


class _Client:
    """A client that has joined, with the events that wait for it."""

    def __init__(self) -> None:
        self._send, self.events = create_memory_object_stream[Event](_MAX_WAITING)
        self.close_frame = _HUNG_UP

    def post(self, event: Event) -> None:
        """Let it have an event, unless it is far behind or has gone."""
        try:
            self._send.send_nowait(event)
        except WouldBlock:
            self.close(_TOO_SLOW)
        except (BrokenResourceError, ClosedResourceError):
            pass

    def close(self, close_frame: CloseFrame) -> None:
        """Nothing more comes."""
        self.close_frame = close_frame
        self._send.close()


class CallPump:
    """Runs the session of a call until either side hangs up.

    Args:
        session: not started by anybody else.
        speak: makes sound of words; may raise `VoiceError`.
        microphone: the caller's; ``None`` for a call without media.

    Attributes:
        played: replies, as far as the caller got them.
    """

    def __init__(
        self, session: CallSession, speak: Speak, microphone: Microphone | None
    ) -> None:
        self._session = session
        self._microphone = microphone
        self._clients: list[_Client] = []
        self._changed = Wakeup()
        self._requests = SessionRequests(session, speak, self._changed.set)
        self._hung_up = False
        self.played = PlayedReplies()

    async def run(self) -> None:
        """Returns when the call is over."""
        try:
            async with create_task_group() as tasks:
                if self._microphone is not None:
                    tasks.start_soon(self._hear, self._microphone)
                await self._work(tasks)
                tasks.cancel_scope.cancel()
        finally:
            self.played.close()
            for client in self._clients:
                client.close(self._session.close_frame or _HUNG_UP)

    def hang_up(self) -> None:
        """End the call."""
        self._hung_up = True
        self._changed.set()

    def press(self, key: str, received_at: int) -> None:
        """The caller has pressed a key; ``received_at`` in unix seconds."""
        self._session.press(key, received_at)
        self._changed.set()

    async def say(self, pcm: bytes) -> None:
        """The caller says something: 16-bit mono at 24 kHz.

        Raises:
            CallEnded: before it was said.
        """
        assert self._microphone is not None
        await self._microphone.say(pcm, self._session.takes)

    async def join(self, connection: ClientConnection) -> None:
        """Let a client have the session's events, and follow what it sends."""
        client = _Client()
        client.post(self._session.greeting())
        self._clients.append(client)
        try:
            async with create_task_group() as tasks:
                tasks.start_soon(self._read, connection, client, tasks)
                with suppress(EndOfStream):
                    async for event in client.events:
                        await connection.send(json.dumps(event, separators=(",", ":")))
                    await connection.close(*client.close_frame)
                tasks.cancel_scope.cancel()
        finally:
            self._clients.remove(client)
            client.close(_HUNG_UP)
            client.events.close()

    async def _read(
        self, connection: ClientConnection, client: _Client, tasks: TaskGroup
    ) -> None:
        try:
            while True:
                message = await connection.receive()
                for error in self._session.receive(message, current_time()):
                    client.post(error)
                self._changed.set()
        except EndOfStream:
            tasks.cancel_scope.cancel()

    async def _work(self, tasks: TaskGroup) -> None:
        session = self._session
        while not self._hung_up:
            self._requests.start(tasks)
            self._hand_out()
            if session.close_frame is not None:
                return
            due = session.next_timer
            with CancelScope(deadline=inf if due is None else due):
                await self._changed.wait()
            session.advance(current_time())
        session.hang_up(current_time())
        self._hand_out()

    def _hand_out(self) -> None:
        for event in self._session.outgoing():
            for client in self._clients:
                client.post(event)
        for reply in self._session.played():
            self.played.put(reply)

    async def _hear(self, microphone: Microphone) -> None:
        due = current_time()
        try:
            while True:
                self._session.hear(microphone.next(self._session.takes), current_time())
                self._changed.set()
                due += PIECE
                await sleep_until(due)
        finally:
            microphone.close()
