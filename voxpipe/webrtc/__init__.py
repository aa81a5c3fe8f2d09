"""One end of a WebRTC connection: sound both ways, and messages beside it.

Whoever answers a browser (`voxpipe.transports.webrtc`), and the simulator, which
answers in the service's place, stand on it. ICE, DTLS, SRTP and SCTP are aiortc's:
``pip install 'voxpipe[webrtc]'``. It runs on asyncio, not on trio. What it does badly
is handled in ``peer.py``, ``arrival.py`` and ``sound.py``, and said there.
"""

from .ice import Ice, IceServer
from .opening import PeerListener, available, open_peer, require
from .sdp import OfferError, checked_sdp, has_media, reachable

__all__ = [
    "Ice",
    "IceServer",
    "OfferError",
    "PeerListener",
    "available",
    "checked_sdp",
    "has_media",
    "open_peer",
    "reachable",
    "require",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this
