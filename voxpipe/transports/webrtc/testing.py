"""A page without a browser: it calls over WebRTC, speaks, listens and confirms."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from anyio import Event, move_on_after, to_thread

from voxpipe.pipeline.runtime.opening import opened_by_block
from voxpipe.pipeline.runtime.wakeup import Wakeup
from voxpipe.webrtc import Ice, open_peer

if TYPE_CHECKING:
    from voxpipe.webrtc.peer import Peer

RATE = 24_000  # Hz
SIZE = 960  # bytes of 20 ms
PATIENCE = 30.0  # seconds for what is waited for
LATE = 20  # milliseconds from a packet's leaving to its being heard, or so
_CONFIRM_EVERY = 5  # packets


@opened_by_block
async def open_page(*, ice: Ice | None = None) -> AsyncGenerator[Page]:
    """A page, with the connection that it is about to make; it leaves with the block.

    Args:
        ice: how it is reached; on loopback by default.

    Raises:
        ImportError: aiortc is not installed.
        TransportError: the event loop is not asyncio's.
    """
    page = Page()
    ice = ice or Ice(addresses=["127.0.0.1"])
    async with open_peer(page, rate=RATE, ice=ice) as page.peer:
        yield page


class Page:
    """A page; made by `open_page`.

    Attributes:
        peer: its end of the connection.
        messages: that have come over the data channel, of JSON.
        url: of the endpoint that was called.
        location: of the call, once it was answered.
        confirms: whether it says what it has played, as pages do.
    """

    def __init__(self) -> None:
        self.peer: Peer | None = None
        self.messages: list[dict[str, Any]] = []
        self.url = self.location = ""
        self.confirms = True
        self._speech = bytearray()
        self._said = Event()
        self._sound = bytearray()
        self._opened, self._gone = Event(), Event()
        self._changed = Wakeup()
        self._leaving: list[tuple[float, int, float]] = []  # when; which reply, its ms
        self._packets = 0

    # --- to call

    async def call(
        self, url: str, *, channel: str = "voxpipe", token: str = ""
    ) -> None:
        """Offer a call to an endpoint, and wait until it is connected.

        Args:
            url: of the endpoint.
            channel: the name of the data channel.
            token: for the header ``Authorization``.

        Raises:
            urllib.error.HTTPError: it was refused.
        """
        peer, self.url = self._known, url
        head = {"content-type": "application/sdp"}
        if token:
            head["authorization"] = f"Bearer {token}"
        offer = await peer.offer(channel)
        answer, self.location = await to_thread.run_sync(_posted, url, offer, head)
        await peer.accept(answer)
        await self._within(self._opened, "the connection")

    def send(self, kind: str, /, **fields: Any) -> None:
        """Say something over the data channel."""
        self._known.send(json.dumps({"type": kind, **fields}))

    async def say(self, pcm: bytes) -> None:
        """Speak, in real time, 16-bit mono at 24 kHz; returns when it has left."""
        self._said = Event()
        self._speech += pcm
        await self._within(self._said, "the end of the speech")

    async def told(self, kind: str, *, times: int = 1) -> dict[str, Any]:
        """Wait for a message of a kind, or give the one that has come.

        Args:
            kind: its type.
            times: how many of them must have come.
        """
        with move_on_after(PATIENCE):
            while True:
                found = [each for each in self.messages if each.get("type") == kind]
                if len(found) >= times:
                    return found[-1]
                await self._changed.wait()
        raise TimeoutError(f"no {kind} has come within {PATIENCE:g} s")

    async def listen(self, enough: Callable[[bytes], bool]) -> bytes:
        """Wait until what was heard so far is enough; gives it."""
        with move_on_after(PATIENCE):
            while not enough(bytes(self._sound)):
                await self._changed.wait()
            return bytes(self._sound)
        raise TimeoutError(f"not enough was heard within {PATIENCE:g} s")

    async def gone(self) -> None:
        """Wait until the other side has ended the connection."""
        await self._within(self._gone, "the end of the connection")

    # --- as `PeerListener`

    def sound(self) -> bytes:
        """What it says in the next 20 ms."""
        piece = bytes(self._speech[:SIZE])
        del self._speech[:SIZE]
        if not self._speech:
            self._said.set()
        return piece

    def heard(self, pcm: bytes, before: int) -> None:
        """It hears something."""
        self._sound += pcm
        self._packets += 1
        if self.confirms and self._packets % _CONFIRM_EVERY == 0:
            self._confirm()
        self._changed.set()

    def opened(self) -> None:
        """It can send."""
        self._opened.set()

    def said(self, message: str | bytes) -> None:
        """The other side has sent something."""
        value: Mapping[str, Any] = json.loads(message)
        if value["type"] == "playing":
            self._leaving.append((value["at"], value["reply"], value["ms"]))
        self.messages.append(dict(value))
        self._changed.set()

    def drained(self) -> None:
        """It has sent most."""

    def over(self) -> None:
        """The other side has gone."""
        self._opened.set()
        self._gone.set()

    def _confirm(self) -> None:
        """Say how much was heard of what has left: a browser knows, here it is so."""
        heard, leaving = self._known.now - LATE, self._leaving
        while len(leaving) > 1 and leaving[1][0] <= heard:
            at, reply, ms = leaving.pop(0)
            self._tell(reply, ms + leaving[0][0] - at)
        if leaving and leaving[0][0] <= heard:
            at, reply, ms = leaving[0]
            self._tell(reply, ms + heard - at)

    def _tell(self, reply: int, ms: float) -> None:
        if reply:
            self.send("played", reply=reply, ms=round(ms))

    @property
    def _known(self) -> Peer:
        assert self.peer is not None
        return self.peer

    async def _within(self, event: Event, what: str) -> None:
        with move_on_after(PATIENCE):
            await event.wait()
            return
        raise TimeoutError(f"{what} has not come within {PATIENCE:g} s")


def _posted(url: str, offer: str, head: dict[str, str]) -> tuple[str, str]:
    request = Request(url, offer.encode(), head)
    with urlopen(request, timeout=PATIENCE) as answer:
        return answer.read().decode(), answer.headers["location"]
