"""A small ASGI server for telephone calls: hundreds of WebSockets, and some requests.

    async with Server(app, port=8080) as server:
        print(server.url)
        await sleep_forever()

It is here because of what it costs. CPU for a media message that is received, parsed as
JSON and every tenth time answered, 100 calls, on asyncio (`benchmarks.servers`):

    this                      33 µs
    websockets.asyncio        75 µs   refuses request bodies: no webhook on its port
    uvicorn, websockets       95 µs
    hypercorn                119 µs

A whole call costs a hand-written bridge 110 µs for each such message. Any other ASGI
server serves the same app, also on trio.
"""

from .asgi import App, Disconnected
from .server import Server

__all__ = ["App", "Disconnected", "Server"]
