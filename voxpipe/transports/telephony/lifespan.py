"""What endpoints do for a server's ``lifespan``, as ASGI has it."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext

from voxpipe.transports.asgi import Receive, Send

from .switchboard import Switchboard


async def lifespan(
    receive: Receive,
    send: Send,
    board: Switchboard | None = None,
    opened: AbstractAsyncContextManager[object] | None = None,
) -> None:
    """Answer it, from startup to shutdown.

    Args:
        receive: of the app.
        send: likewise.
        board: whose calls end with it. By now servers have closed their connections, so
            there is nothing to wait for: who wants to drain does it before.
        opened: stays open meanwhile.
    """
    await receive()  # lifespan.startup
    async with opened or nullcontext():
        await send({"type": "lifespan.startup.complete"})
        await receive()  # lifespan.shutdown
        if board is not None:
            await board.drain(0)
    await send({"type": "lifespan.shutdown.complete"})
