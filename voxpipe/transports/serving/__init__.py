"""A small ASGI server for telephone calls: hundreds of WebSockets, and some requests.

    async with Server(app, port=8080) as server:
        print(server.url)
        await sleep_forever()

It is here because of what it costs. Microseconds of CPU for each message of 350 bytes
that is received, parsed as JSON, and every tenth time answered, with 100 and 200 calls
(``python -m benchmarks.servers``, medians of 5 rounds, 22 November 2026):

                           asyncio      uvloop
    this                   41    31     33    28
    websockets.asyncio     81    68     43    37
    uvicorn               102    94     49    40
    hypercorn             105    93

A whole call costs a bridge by hand 110 to 150 for each such message. `websockets` by
itself refuses requests with a body, which webhooks are. Half of the difference on
asyncio is where a read goes to (`voxpipe.websocket.tcp`), a quarter what is parsed by
hand (`voxpipe.websocket.plain_wire`).

Any other ASGI server serves the same apps, also on trio.
"""

from voxpipe.transports.asgi import AsgiApp, Disconnected

from .server import Server

__all__ = ["AsgiApp", "Disconnected", "Server"]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this
