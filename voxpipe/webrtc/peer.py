"""One end of a connection, on aiortc: the one place that knows it.

What it does badly, and what is done about it here:

- It asks a server of Google's for our address unless it is told to ask nobody.
- It offers every address of the machine but loopback; there is no setting. The list is
  given to the ICE connection of this peer, by an attribute that aiortc keeps private.
- It keeps sound back for 80 ms and more: see ``arrival.py``.
- What it decodes is queued without a bound: it is taken at once, whoever listens. What
  is to be decoded, too: by `_ToDecode`, for an attribute that aiortc keeps private.
- It asks for sound as fast as it can: the pace is kept here.
- It says nothing when a connection never comes about: whoever opens a peer has to set
  it a time.
- Left to itself at the end it warns of tasks that were destroyed: it is closed, and
  waited for, also when its task is cancelled.
- A connection that is closed while it is looked for leaves a task, for 20 ms: likewise.
- A decoder is a thread for each peer.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import Any, Protocol

from anyio import CancelScope, Event, move_on_after

from .arrival import hasten
from .ice import Ice
from .opening import PeerListener
from .sdp import checked_sdp, has_media, unreadable
from .sound import PACKET, Downsampled, Upsampled

try:
    from aiortc import (
        MediaStreamTrack,
        RTCBundlePolicy,
        RTCConfiguration,
        RTCDataChannel,
        RTCIceServer,
        RTCPeerConnection,
        RTCSessionDescription,
        clock,
    )
    from aiortc.mediastreams import MediaStreamError
    from av import AudioFrame
except ImportError as error:
    raise ImportError("aiortc: pip install 'voxpipe[webrtc]'") from error

LOOPBACK = "127.0.0.1"
LATE = 0.1  # seconds that a loop which was busy may catch up with
CHECK = 0.02  # seconds between two looks of ICE, at one of which it finds it is closed
CLOSE_TIMEOUT = 2.0  # seconds for good-byes that nobody has to answer
WAITING = 256  # packets to be decoded, 5 s of speech; aiortc reorders 128 at most
_TO_DECODE = "_RTCRtpReceiver__decoder_queue"
LOW = 16_384  # bytes that wait to be sent, from which on there is room again


class Peer:
    """One end of a connection; made by `open_peer`.

    Args:
        listener: who is told, and asked for sound.
        rate: samples a second of sound, both ways.
        ice: how it is reached.
    """

    def __init__(self, listener: PeerListener, rate: int, ice: Ice) -> None:
        self._listener = listener
        self._rate = rate
        self._ice = ice
        self._pc = RTCPeerConnection(
            RTCConfiguration(
                iceServers=[
                    RTCIceServer(
                        each.url,
                        each.username or None,
                        each.credential.get_secret_value() or None,
                    )
                    for each in ice.servers
                ],
                bundlePolicy=RTCBundlePolicy.MAX_BUNDLE,
            )
        )
        self._channel: RTCDataChannel | None = None
        self._reader: asyncio.Task[None] | None = None
        self._is_over = False
        self.connected = Event()  # or never will be
        self._pc.on("track", self._take_track)
        self._pc.on("datachannel", self._take_channel)
        self._pc.on("connectionstatechange", self._changed)

    # --- to begin

    async def answer(self, offer: str) -> str:
        """The answer to an offer, with all candidates in it.

        Raises:
            OfferError: it is no offer that can be answered.
        """
        await self._heed(offer, "offer")
        self._pc.addTrack(_Loudspeaker(self._listener, self._rate))
        return await self._describe(self._pc.createAnswer, offer)

    async def offer(self, channel: str) -> str:
        """An offer of sound and a channel for messages, with all candidates in it."""
        self._pc.addTrack(_Loudspeaker(self._listener, self._rate))
        self._take_channel(self._pc.createDataChannel(channel))
        return await self._describe(self._pc.createOffer, "")

    async def accept(self, answer: str) -> None:
        """Take the answer to the offer.

        Raises:
            OfferError: it is none.
        """
        await self._heed(answer, "answer")

    async def _heed(self, text: str, kind: str) -> None:
        if not has_media(checked_sdp(text)):
            # Without a fingerprint the library would connect to anybody.
            raise unreadable(f"an {kind} with ICE's and DTLS' attributes", "none")
        try:
            await self._pc.setRemoteDescription(RTCSessionDescription(text, kind))
        except Exception as error:  # noqa: BLE001  # asserts, KeyErrors, errors of its own
            told = type(error).__name__
        else:
            return
        # Here, so that it does not carry the error above, which may quote addresses.
        raise unreadable(f"an {kind} that can be read", told)

    async def _describe(self, make: Any, offer: str) -> str:
        try:
            description = await make()
            for each in self._connections():
                addresses = list(self._ice.addresses)
                each.get_component_candidates = partial(
                    _at, each.get_component_candidates, addresses
                )
            for transceiver in self._pc.getTransceivers():
                vars(transceiver.receiver)[_TO_DECODE] = _ToDecode()
            await self._pc.setLocalDescription(description)
        except Exception as error:  # noqa: BLE001  # as above
            told = type(error).__name__
        else:
            return str(self._pc.localDescription.sdp)
        raise unreadable("an offer that can be answered", told)

    def _connections(self) -> list[Any]:
        transports = [each.receiver.transport for each in self._pc.getTransceivers()]
        if self._pc.sctp is not None:
            transports.append(self._pc.sctp.transport)
        found = {each.transport.iceGatherer for each in transports}
        return [vars(each)["_connection"] for each in found]

    # --- messages

    def send(self, message: str | bytes) -> bool:
        """Send a message; says whether there is a channel for it."""
        channel = self._channel
        if channel is None or channel.readyState != "open":
            return False
        channel.send(message)
        return True

    @property
    def now(self) -> int:
        """Milliseconds since 1900, on the clock that its RTCP reports go by."""
        return clock.current_ms()

    @property
    def waiting(self) -> int:
        """Bytes that are to be sent; `PeerListener.drained` tells when few are left."""
        return 0 if self._channel is None else self._channel.bufferedAmount

    # --- to end

    async def close(self) -> None:
        """End it; the other side is told."""
        self._is_over = True
        is_checking = self._pc.iceConnectionState == "checking"
        with CancelScope(shield=True), move_on_after(CLOSE_TIMEOUT):
            await self._pc.close()
            if is_checking:
                await asyncio.sleep(2 * CHECK)
        reader = self._reader
        if reader is not None:
            reader.cancel()
            with CancelScope(shield=True), suppress(asyncio.CancelledError):
                await reader

    # --- what aiortc says

    def _changed(self) -> None:
        state = self._pc.connectionState
        if state == "connected":
            self.connected.set()
        elif state in ("failed", "closed"):
            self._end()

    def _end(self) -> None:
        self.connected.set()
        if not self._is_over:
            self._is_over = True
            self._listener.over()

    def _take_channel(self, channel: RTCDataChannel) -> None:
        if self._channel is not None:
            channel.close()  # one will do
            return
        self._channel = channel
        channel.bufferedAmountLowThreshold = LOW
        channel.on("message", self._listener.said)
        channel.on("bufferedamountlow", self._listener.drained)
        channel.on("close", self._end)
        if channel.readyState == "open":
            self._listener.opened()
        else:
            channel.on("open", self._listener.opened)

    def _take_track(self, track: _Microphone) -> None:
        if self._reader is None and track.kind == "audio":
            for each in self._pc.getTransceivers():
                if each.receiver.track is track:
                    hasten(each.receiver)
            self._reader = asyncio.create_task(self._read(track))

    async def _read(self, track: _Microphone) -> None:
        down = Downsampled(self._rate)
        with suppress(MediaStreamError):  # which is how a track ends
            while True:
                frame = await track.recv()
                if isinstance(frame, AudioFrame):
                    pcm, before = down.pcm(frame)
                    if pcm and not self._is_over:
                        self._listener.heard(pcm, before)


class _ToDecode(SimpleQueue[Any]):
    """What waits for the decoder: a page may send faster than it works.

    Neither may the loop wait for it, nor may it be filled: what is too much goes, as
    what a network loses.
    """

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Take a packet, unless `WAITING` wait; ``None``, the end, always."""
        if item is None or self.qsize() < WAITING:
            super().put(item)


class _Microphone(Protocol):
    """The track of what is said there; aiortc's types say less of it."""

    kind: str

    async def recv(self) -> object: ...


class _Loudspeaker(MediaStreamTrack):
    """What is played there: 20 ms at a time, and silence when nothing is."""

    kind = "audio"

    def __init__(self, listener: PeerListener, rate: int) -> None:
        super().__init__()
        self._listener = listener
        self._up = Upsampled(rate)
        self._due: float | None = None  # of the loop's clock

    async def recv(self) -> AudioFrame:
        now = asyncio.get_running_loop().time()
        if self._due is None or now > self._due + LATE:
            self._due = now  # what was missed is late, and not sent in a rush
        elif self._due > now:
            await asyncio.sleep(self._due - now)
        self._due += PACKET
        return self._up.packet(self._listener.sound())


async def _at(
    gather: Any, only: list[str], component: int, addresses: list[str]
) -> Any:
    """As aiortc gathers candidates, at other addresses."""
    wanted = only or [*addresses, LOOPBACK]
    return await gather(component=component, addresses=wanted)
