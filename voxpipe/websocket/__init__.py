"""Open WebSockets: messages both ways, whichever library reads and writes their frames.

The phones' side (`voxpipe.transports.serving`), the model's
(`voxpipe.processors.realtime.connect`) and the simulator's (`voxpipe.simulator.net`)
shake hands by themselves, over whatever bytes they have. From there on each has a
`Wire` to send with, and is its `Listener`. The two that serve have the rest of a port
in common, too: ``port``, ``accepted``, ``tcp``, ``requests``, ``upgrade``.

`PlainWire` reads and writes frames here, on every event loop; what is not usual is left
to websockets. Where ``voxpipe[fast]`` is installed, picows does it, in Cython, on
asyncio and uvloop.
"""

from .choice import begin_fast, connection_maker, sockets
from .plain_wire import PlainWire
from .wire import Bytes, Listener, Wire

__all__ = [
    "Bytes",
    "Listener",
    "PlainWire",
    "Wire",
    "begin_fast",
    "connection_maker",
    "sockets",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this
