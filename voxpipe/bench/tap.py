"""Listens in on the connection to the model: when did what of a turn pass it?

It hands messages on as they are and looks at their first words only; a reply's
``response.created`` is read, and the audio of the last seconds when a turn ends, to
find its last loud message. The session cannot tell it from its connection.
"""

from __future__ import annotations

import binascii
import json
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

from anyio import create_task_group, current_time

from voxpipe.pipeline import AudioFormat
from voxpipe.processors.realtime import Connect, Connection
from voxpipe.processors.realtime.connect import Address
from voxpipe.processors.realtime.connect.tapped import Tapped
from voxpipe.transports.telephony.loudness import loudness

from .carriage import Carriage
from .network import Network, Road
from .turns import Exchange

KEPT = 250  # messages of the caller's audio: 5 s of telephone frames
MAX_EXCHANGES = 1_000  # of a call
GAP = 0.15  # seconds; the service sends a reply's audio five times faster, or more
HEAD = 200  # characters in which a message says what it is
_APPEND = '{"type":"input_audio_buffer.append"'
_PCM = AudioFormat("pcm16", 24_000)
_FORMATS = {
    "audio/pcmu": AudioFormat("ulaw", 8_000),
    "audio/pcma": AudioFormat("alaw", 8_000),
}


@dataclass(slots=True)
class ToolTime:
    """What a tool has taken, of all its calls.

    Attributes:
        calls: how many.
        seconds: on anyio's clock.
        worked: seconds of the processor's clock, in which the loop may have stood still
            though its own time did not pass (virtual time).
    """

    calls: int = 0
    seconds: float = 0.0
    worked: float = 0.0


@dataclass(slots=True)
class SessionLog:
    """What passed the connections of one call.

    Attributes:
        exchanges: its replies.
        round_trips: seconds from ``session.update`` to its answer.
        tools: by name.
        gaps: seconds between two pieces of a reply's audio, where they were long.
    """

    exchanges: list[Exchange] = field(default_factory=list[Exchange])
    round_trips: list[float] = field(default_factory=list[float])
    tools: dict[str, ToolTime] = field(default_factory=dict[str, ToolTime])
    gaps: list[float] = field(default_factory=list[float])


class Listener:
    """Makes of messages what is in a `SessionLog`.

    Args:
        log: to be filled.
    """

    def __init__(self, log: SessionLog) -> None:
        self._log = log
        self._next = Exchange(reply="")
        self._is_loud = loudness(_PCM)
        self._audio = deque[tuple[float, str]](maxlen=KEPT)
        self._updated_at: float | None = None
        self._awaits_delta = False
        self._delta_at = 0.0
        self._open: dict[str, tuple[str, float, float]] = {}  # tools at work

    def sent(self, message: str) -> None:
        """A message has left."""
        now = current_time()
        if message.startswith(_APPEND):
            self._audio.append((now, message))
            return
        head = message[:HEAD]
        if "input_audio_buffer.commit" in head:
            self._decided(now, "ours")
        elif "function_call_output" in message[: 2 * HEAD]:
            self._returned(message, now)
        elif "session.update" in head:
            self._updated_at = now
            self._configure(json.loads(message))

    def received(self, message: str) -> None:
        """A message has come."""
        head = message[:HEAD]
        if 'response.output_audio.delta"' in head:
            self._delta(current_time())
        elif 'input_audio_buffer.speech_stopped"' in head:
            self._decided(current_time(), "model")
        elif 'input_audio_buffer.committed"' in head:
            self._next = replace(self._next, committed=current_time())
        elif 'response.created"' in head:
            self._created(json.loads(message))
        elif 'response.function_call_arguments.done"' in head:
            self._called(json.loads(message))
        elif 'session.updated"' in head and self._updated_at is not None:
            self._log.round_trips.append(current_time() - self._updated_at)
            self._updated_at = None

    # --- what they mean

    def _configure(self, event: Any) -> None:
        try:
            format = event["session"]["audio"]["input"]["format"]["type"]
        except (KeyError, TypeError):
            return
        self._is_loud = loudness(_FORMATS.get(format, _PCM))

    def _decided(self, now: float, by: Any) -> None:
        sent = self._last_loud()
        self._next = Exchange(reply="", sent=sent, decided=now, decider=by)
        self._audio.clear()

    def _last_loud(self) -> float | None:
        for at, message in reversed(self._audio):
            begin = message.index('"audio":"', len(_APPEND)) + 9
            audio = message[begin : message.index('"', begin)]
            if self._is_loud(binascii.a2b_base64(audio)):
                return at
        return None

    def _created(self, event: Any) -> None:
        reply = str(event.get("response", {}).get("id", ""))
        if len(self._log.exchanges) < MAX_EXCHANGES:
            self._log.exchanges.append(replace(self._next, reply=reply))
            self._awaits_delta = True

    def _delta(self, now: float) -> None:
        if self._awaits_delta:
            self._awaits_delta = False
            newest = replace(self._log.exchanges[-1], first_delta=now)
            self._log.exchanges[-1] = newest
        elif now - self._delta_at > GAP and len(self._log.gaps) < MAX_EXCHANGES:
            self._log.gaps.append(now - self._delta_at)
        self._delta_at = now

    def _called(self, event: Any) -> None:
        now = current_time()
        call, name = str(event.get("call_id", "")), str(event.get("name", "a tool"))
        self._open[call] = name, now, perf_counter()
        if self._next.tools_from is None:
            self._next = replace(self._next, tools_from=now)

    def _returned(self, message: str, now: float) -> None:
        call = str(json.loads(message).get("item", {}).get("call_id", ""))
        if call not in self._open:
            return
        name, began, worked = self._open.pop(call)
        tool = self._log.tools.setdefault(name, ToolTime())
        tool.calls += 1
        tool.seconds += now - began
        tool.worked += perf_counter() - worked
        self._next = replace(self._next, tools_to=now)


class _Distant:
    """A connection with a network in between."""

    def __init__(self, up: Carriage[str], down: Carriage[str]) -> None:
        self._up, self._down = up, down

    async def send(self, message: str, /) -> None:
        await self._up.send(message)

    async def receive(self) -> str:
        return await self._down.receive()


@dataclass(frozen=True, slots=True)
class Tap:
    """Connects, and listens in.

    Attributes:
        connect: connects.
        log: to be filled.
        network: in between.
        seed: of its dice.
    """

    connect: Connect
    log: SessionLog
    network: Network = field(default_factory=Network)
    seed: int = 0

    @property
    def needs_key(self) -> bool:
        """As the one that connects."""
        return bool(getattr(self.connect, "needs_key", True))

    def __call__(self, address: Address) -> AbstractAsyncContextManager[Connection]:
        """Connect."""
        return self._connected(address)

    @asynccontextmanager
    async def _connected(self, address: Address) -> AsyncGenerator[Connection]:
        async with self.connect(address) as connection:
            if not self.network:
                yield self._tapped(connection)
                return
            up = Carriage[str](Road(self.network, 2 * self.seed))
            down = Carriage[str](Road(self.network, 2 * self.seed + 1))
            async with create_task_group() as tasks:
                tasks.start_soon(down.collect, connection.receive)
                tasks.start_soon(_given, up, connection)
                try:
                    yield self._tapped(_Distant(up, down))
                finally:
                    tasks.cancel_scope.cancel()
                    up.close()
                    down.close()

    def _tapped(self, connection: Connection) -> Connection:
        listener = Listener(self.log)
        return Tapped(connection, sent=listener.sent, received=listener.received)


async def _given(up: Carriage[str], connection: Connection) -> None:
    try:
        await up.deliver(connection.send)
    except Exception:  # noqa: BLE001  # it has ended: `receive` tells why
        return
