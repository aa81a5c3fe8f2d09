"""The door to a peer: it loads aiortc when one is wanted, and says what is missing."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

from anyio import to_thread

from voxpipe.pipeline import TransportError
from voxpipe.pipeline.runtime.opening import opened_by_block

from .ice import Ice

if TYPE_CHECKING:
    from .peer import Peer


class PeerListener(Protocol):
    """Who is behind a peer. None of these may wait, or raise."""

    def sound(self) -> bytes:
        """The next 20 ms to be played there, or less, if there is no more."""
        ...

    def heard(self, pcm: bytes, before: int) -> None:
        """Sound has come, behind so many samples; a jump in that number is a gap."""
        ...

    def opened(self) -> None:
        """Messages can be sent from now on."""
        ...

    def said(self, message: str | bytes) -> None:
        """A message has come."""
        ...

    def drained(self) -> None:
        """Most of what was to be sent has been taken."""
        ...

    def over(self) -> None:
        """The other side is gone; nothing else comes."""
        ...


def require() -> None:
    """See that there is all that a peer needs.

    Raises:
        ImportError: aiortc is not installed.
        TransportError: the event loop is not asyncio's.
    """
    if find_spec("aiortc") is None:
        raise ImportError("WebRTC needs aiortc: pip install 'voxpipe[webrtc]'")
    if not on_asyncio():
        raise TransportError(
            "WebRTC runs on asyncio (or uvloop), which aiortc is written for, and not "
            "on trio: begin with anyio.run(main), or asyncio.run(main())"
        )


def on_asyncio() -> bool:
    """Whether a task of asyncio asks."""
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def available() -> bool:
    """Whether there can be peers here and now."""
    return find_spec("aiortc") is not None and on_asyncio()


@opened_by_block
async def open_peer(
    listener: PeerListener, *, rate: int, ice: Ice | None = None
) -> AsyncGenerator[Peer]:
    """One end of a connection, which ends with the block.

    Args:
        listener: who is told, and asked for sound.
        rate: samples a second of sound, both ways; 16-bit mono.
        ice: how it is reached.

    Raises:
        ImportError: aiortc is not installed.
        TransportError: the event loop is not asyncio's.
    """
    require()
    # It loads FFmpeg, which takes half a second: not in the loop.
    made = await to_thread.run_sync(_load)
    peer = made(listener, rate, ice or Ice())
    try:
        yield peer
    finally:
        await peer.close()


def _load() -> type[Peer]:
    from .peer import Peer

    return Peer
