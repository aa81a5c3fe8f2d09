"""Drives the session of a call: its caller in real time, and the clients that join."""

from __future__ import annotations

import json
from collections import deque
from contextlib import suppress

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
from voxpipe.simulator.net.pump import ClientConnection
from voxpipe.simulator.net.session_requests import SessionRequests, Speak
from voxpipe.simulator.protocol.outbox import Event

from .microphone import PIECE, CallEnded, Microphone
from .output_audio_buffer import PlayedAudio
from .session import CallSession

_MAX_WAITING = 1024  # events that a client may be behind; then it is sent away
_MAX_REPLIES = 64  # that nobody has asked for; then the oldest goes
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
        microphone: the caller's; ``None`` where `hear` is called for what it says.
    """

    def __init__(
        self, session: CallSession, speak: Speak, microphone: Microphone | None
    ) -> None:
        self._session = session
        self._microphone = microphone
        self._clients: list[_Client] = []
        self._changed = Wakeup()
        self._requests = SessionRequests(session, speak, self._changed.set)
        self._hung_up: CloseFrame | None = None
        self._over = False
        self._played: deque[PlayedAudio] = deque(maxlen=_MAX_REPLIES)
        self._reply_played = Wakeup()

    async def run(self) -> None:
        """Returns when the call is over."""
        try:
            async with create_task_group() as tasks:
                if self._microphone is not None:
                    tasks.start_soon(self._hear, self._microphone)
                await self._work(tasks)
                tasks.cancel_scope.cancel()
        finally:
            self._session.journal.note("closed: the call is over")
            self._over = True
            self._reply_played.set()
            for client in self._clients:
                client.close(self._session.close_frame or self._hung_up or _HUNG_UP)

    def hang_up(self, code: int = _HUNG_UP.code) -> None:
        """End the call, and with this close code its clients' connections."""
        self._hung_up = CloseFrame(code, "")
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

    def hear(self, pcm: bytes) -> None:
        """The caller has said something: 16-bit mono at 24 kHz, as it comes."""
        session = self._session
        session.hear(session.takes.of_voice(pcm), current_time())
        self._changed.set()

    def sound(self, size: int) -> bytes:
        """What leaves next for the caller: likewise, at most so many bytes."""
        return self._session.sound(size)

    async def listen(self) -> PlayedAudio:
        """The next reply, as far as the caller got it; one task listens.

        Raises:
            CallEnded: there is none any more, and all have been heard.
        """
        while not self._played:
            if self._over:
                raise CallEnded("the call is over: nothing more is said")
            await self._reply_played.wait()
        return self._played.popleft()

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
        while self._hung_up is None:
            self._requests.start(tasks)
            self._hand_out()
            if session.close_frame is not None:
                return
            with CancelScope(deadline=session.next_timer):
                await self._changed.wait()
            session.advance(current_time())
        session.hang_up(current_time())
        self._hand_out()

    def _hand_out(self) -> None:
        for event in self._session.outgoing():
            for client in self._clients:
                client.post(event)
        if replies := self._session.played():
            self._played += replies
            self._reply_played.set()

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
