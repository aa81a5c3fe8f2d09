"""The media of a WebRTC call: real sound over UDP, and events over a data channel.

It needs ``voxpipe[webrtc]``, and asyncio. Without them, or with an offer that says not
how its sender is reached, a call has a session and no media (``sdp.py``).
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from anyio import (
    TASK_STATUS_IGNORED,
    EndOfStream,
    Event,
    create_task_group,
    move_on_after,
)
from anyio.abc import TaskStatus

from voxpipe.pipeline.runtime.wakeup import Wakeup
from voxpipe.simulator.audio.sound import VOICE_RATE
from voxpipe.simulator.errors import Refusal
from voxpipe.webrtc import Ice, OfferError, open_peer

from .call import SimulatedCall
from .microphone import PIECE, CallEnded

if TYPE_CHECKING:
    from voxpipe.webrtc.peer import Peer

CONNECT_TIMEOUT = 15.0  # seconds from the answer to the first packet
_SIZE = int(VOICE_RATE * PIECE) * 2  # bytes
_MAX_WAITING = 1024  # messages of a client; then it is hung up on
_FULL = 1_048_576  # bytes that it has not taken, until events wait


class CallMedia:
    """The service's end of one call.

    Args:
        ice: how it is reached.
    """

    def __init__(self, ice: Ice) -> None:
        self._ice = ice
        self._call: SimulatedCall | None = None
        self._begun = Event()  # there is a session, or never will be one
        self._gone = Event()  # the caller is
        self._channel: _Channel | None = None
        self._opened = Event()
        self.peer: Peer | None = None

    async def run(
        self, offer: str, *, task_status: TaskStatus[str] = TASK_STATUS_IGNORED
    ) -> None:
        """Answer an offer, and carry the call until it is over.

        Raises:
            Refusal: it cannot be answered; before the task has started.
        """
        async with open_peer(self, rate=VOICE_RATE, ice=self._ice) as self.peer:
            try:
                answer = await self.peer.answer(offer)
            except OfferError as error:
                raise Refusal("invalid_sdp", f"Invalid 'sdp': {error}", "sdp") from None
            task_status.started(answer)
            await self._begun.wait()
            if self._call is not None:
                await self._carry(self._call)

    def begin(self, call: SimulatedCall | None) -> None:
        """There is a session; or ``None``, there will be none."""
        self._call = call
        self._begun.set()

    async def _carry(self, call: SimulatedCall) -> None:
        async with create_task_group() as tasks:

            async def follow() -> None:
                with move_on_after(CONNECT_TIMEOUT) as waiting:
                    await self._connected()
                if not waiting.cancelled_caught:
                    await self._gone.wait()
                call.end("caller")

            tasks.start_soon(follow)
            tasks.start_soon(self._converse, call)
            await call.over()
            tasks.cancel_scope.cancel()

    async def _connected(self) -> None:
        assert self.peer is not None
        await self.peer.connected.wait()

    async def _converse(self, call: SimulatedCall) -> None:
        await self._opened.wait()
        assert self.peer is not None
        self._channel = _Channel(self.peer)
        await call.pump.join(self._channel)

    # --- as `PeerListener`

    def sound(self) -> bytes:
        """What the model says in the next 20 ms."""
        try:
            return b"" if self._call is None else self._call.pump.sound(_SIZE)
        except CallEnded:
            return b""

    def heard(self, pcm: bytes, before: int) -> None:
        """The caller says something."""
        try:
            if self._call is not None:
                self._call.pump.hear(pcm)
        except CallEnded:
            pass

    def opened(self) -> None:
        """Events can be sent."""
        self._opened.set()

    def said(self, message: str | bytes) -> None:
        """A client event has come."""
        if self._channel is not None and not self._channel.put(message):
            self.over()

    def drained(self) -> None:
        """There is room for more events."""
        if self._channel is not None:
            self._channel.room.set()

    def over(self) -> None:
        """The caller has gone."""
        self._gone.set()
        if self._channel is not None:
            self._channel.end()


class _Channel:
    """A data channel as the connection of a client."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._waiting: deque[str | bytes] = deque()
        self._has_come = Wakeup()
        self._is_over = False
        self.room = Wakeup()

    def put(self, message: str | bytes) -> bool:
        """Something has come; whether there was room for it."""
        if len(self._waiting) >= _MAX_WAITING:
            return False
        self._waiting.append(message)
        self._has_come.set()
        return True

    def end(self) -> None:
        """Nothing more comes."""
        self._is_over = True
        self._has_come.set()
        self.room.set()

    async def send(self, text: str) -> None:
        """Send an event; waits while the client does not read."""
        while not self._is_over and self._peer.waiting > _FULL:
            await self.room.wait()
        if self._is_over or not self._peer.send(text):
            raise EndOfStream

    async def receive(self) -> str | bytes:
        """The next client event."""
        while not self._waiting:
            if self._is_over:
                raise EndOfStream
            await self._has_come.wait()
        return self._waiting.popleft()

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye: the call is over, and its connection ends with it."""

    async def gone(self) -> None:
        """Wait for the client to go."""
        while not self._is_over:
            await self._has_come.wait()
