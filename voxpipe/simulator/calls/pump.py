"""Drives the session of a call: its caller in real time, and the clients that join."""

from __future__ import annotations

import json
from contextlib import suppress

from anyio import (
    BrokenResourceError,
    ClosedResourceError,
    EndOfStream,
    WouldBlock,
    create_memory_object_stream,
    create_task_group,
    current_time,
    move_on_after,
    sleep_until,
)
from anyio import Event as Signal
from anyio.abc import TaskGroup

from voxpipe.simulator.errors import Farewell, VoiceError
from voxpipe.simulator.net.pump import Speak, Wire
from voxpipe.simulator.protocol.outbox import Event
from voxpipe.simulator.service.mcp.remote import run_errand
from voxpipe.simulator.service.mcp.requests import McpRequest
from voxpipe.simulator.service.responses.reply import Speech

from .ear import Ear
from .line import PIECE, Line
from .session import CallSession

_MOST_WAITING = 1024  # events that a client may be behind; then it is sent away
_TOO_SLOW = Farewell(1011, "The client does not read.")
_HUNG_UP = Farewell(1000, "")


class _Client:
    """A client that has joined, with the events that wait for it."""

    def __init__(self) -> None:
        self._send, self.events = create_memory_object_stream[Event](_MOST_WAITING)
        self.farewell = _HUNG_UP

    def post(self, event: Event) -> None:
        """Let it have an event, unless it is far behind or has gone."""
        try:
            self._send.send_nowait(event)
        except WouldBlock:
            self.close(_TOO_SLOW)
        except (BrokenResourceError, ClosedResourceError):
            pass

    def close(self, farewell: Farewell) -> None:
        """Nothing more comes."""
        self.farewell = farewell
        self._send.close()


class CallPump:
    """Runs the session of a call until either side hangs up.

    Args:
        session: not started by anybody else.
        speak: makes sound of words; may raise `VoiceError`.
        line: the caller's mouth; ``None`` for a call without media.

    Attributes:
        ear: what the caller has heard.
    """

    def __init__(self, session: CallSession, speak: Speak, line: Line | None) -> None:
        self._session = session
        self._speak = speak
        self._line = line
        self._clients: list[_Client] = []
        self._news = Signal()
        self._hung_up = False
        self.ear = Ear()

    async def run(self) -> None:
        """Returns when the call is over."""
        try:
            async with create_task_group() as tasks:
                if self._line is not None:
                    tasks.start_soon(self._listen, self._line)
                await self._work(tasks)
                tasks.cancel_scope.cancel()
        finally:
            self.ear.close()
            for client in self._clients:
                client.close(self._session.farewell or _HUNG_UP)

    def hang_up(self) -> None:
        """End the call."""
        self._hung_up = True
        self._news.set()

    def press(self, key: str, received_at: int) -> None:
        """The caller has pressed a key; ``received_at`` in unix seconds."""
        self._session.press(key, received_at)
        self._news.set()

    async def say(self, pcm: bytes) -> None:
        """The caller says something: 16-bit mono at 24 kHz.

        Raises:
            CallEnded: before it was said.
        """
        assert self._line is not None
        await self._line.say(pcm, self._session.takes)

    async def join(self, wire: Wire) -> None:
        """Let a client have the session's events, and follow what it sends."""
        client = _Client()
        client.post(self._session.greeting())
        self._clients.append(client)
        try:
            async with create_task_group() as tasks:
                tasks.start_soon(self._read, wire, client, tasks)
                with suppress(EndOfStream):
                    async for event in client.events:
                        await wire.send(json.dumps(event, separators=(",", ":")))
                    await wire.close(*client.farewell)
                tasks.cancel_scope.cancel()
        finally:
            self._clients.remove(client)
            client.close(_HUNG_UP)
            client.events.close()

    async def _read(self, wire: Wire, client: _Client, tasks: TaskGroup) -> None:
        try:
            while True:
                message = await wire.receive()
                for error in self._session.receive(message, current_time()):
                    client.post(error)
                self._news.set()
        except EndOfStream:
            tasks.cancel_scope.cancel()

    async def _work(self, tasks: TaskGroup) -> None:
        session = self._session
        while not self._hung_up:
            self._news = Signal()
            for speech in session.speeches():
                tasks.start_soon(self._say, speech)
            for errand in session.errands():
                tasks.start_soon(self._ask, errand)
            self._hand_out()
            if session.farewell is not None:
                return
            due = session.next_timer
            if due is None:
                await self._news.wait()
            else:
                with move_on_after(max(0.0, due - current_time())):
                    await self._news.wait()
            session.advance(current_time())
        session.hang_up(current_time())
        self._hand_out()

    def _hand_out(self) -> None:
        for event in self._session.outgoing():
            for client in self._clients:
                client.post(event)
        for heard in self._session.heard():
            self.ear.hear(heard)

    async def _listen(self, line: Line) -> None:
        due = current_time()
        try:
            while True:
                self._session.hear(line.next(self._session.takes), current_time())
                self._news.set()
                due += PIECE
                await sleep_until(due)
        finally:
            line.close()

    async def _say(self, speech: Speech) -> None:
        pcm: bytes | None = None
        with suppress(VoiceError):  # the response fails then, and says so
            pcm = await self._speak(speech)
        self._session.spoken(speech, pcm, current_time())
        self._news.set()

    async def _ask(self, errand: McpRequest) -> None:
        outcome = await run_errand(errand)
        self._session.returned(errand, outcome, current_time())
        self._news.set()
