"""A connection to a client on which the script's faults strike."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NoReturn, Protocol

from anyio import EndOfStream, current_time, sleep_until

from voxpipe.simulator.errors import EXPIRED, Refusal
from voxpipe.simulator.protocol.json_types import object_in
from voxpipe.simulator.script.faults import (
    Close,
    ConnectionFault,
    Duplicate,
    Expired,
    HalfOpen,
    Malformed,
    RateLimited,
    Reorder,
    Reset,
    ScriptFault,
    Slow,
    Stall,
)

from .pump import ClientConnection


class Breakable(ClientConnection, Protocol):
    """A connection that can also be broken."""

    async def reset(self) -> None:
        """Break it, without a goodbye."""
        ...


def with_faults(
    client: Breakable, faults: Iterable[ScriptFault], session: int = 1
) -> ClientConnection:
    """``client``, made as unreliable as the script wants it.

    Args:
        client: the connection to it.
        faults: of the script.
        session: which one of the server's this is, from 1.
    """
    own = [
        each
        for each in faults
        if not isinstance(each, RateLimited)
        and (each.sessions is None or session <= each.sessions)
    ]
    return _FaultyConnection(client, own) if own else client


class _FaultyConnection:
    def __init__(self, client: Breakable, faults: Iterable[ConnectionFault]) -> None:
        self._client = client
        self._faults = tuple(faults)
        self._seen = [0] * len(self._faults)  # events of the kind of each
        self._pause = 0.0  # seconds before every event
        self._until = 0.0  # on anyio's clock; nothing is sent before
        self._mute = False  # nothing is sent any more
        self._deaf = False  # nothing is read any more
        self._held: str | None = None  # until the next event has gone out

    async def send(self, text: str) -> None:
        texts = [text]
        for fault in self._strikes(text):
            texts = self._changed(fault, texts)
            await self._strike(fault)
        if self._deaf:
            await self._nobody()
        if texts and self._held is not None and text != self._held:
            texts, self._held = [*texts, self._held], None
        for each in texts:
            await sleep_until(max(self._until, current_time() + self._pause))
            if not self._mute:
                await self._client.send(each)

    async def receive(self) -> str | bytes:
        message: str | bytes = ""
        if not self._deaf:
            message = await self._client.receive()
            for fault in self._strikes(message):
                await self._strike(fault)
        if self._deaf:  # by now
            await self._nobody()
        return message

    async def _nobody(self) -> NoReturn:
        await self._client.gone()
        raise EndOfStream

    async def close(self, code: int, reason: str) -> None:
        if self._mute:
            await self._client.gone()
            return
        if self._held is not None:
            await self._client.send(self._held)
        await self._client.close(code, reason)

    async def gone(self) -> None:
        await self._client.gone()

    def _strikes(self, message: str | bytes) -> list[ConnectionFault]:
        """The faults that strike at this event."""
        event = object_in(message) or {}  # a client may send what is no event
        striking: list[ConnectionFault] = []
        for index, fault in enumerate(self._faults):
            if event.get("type") == fault.at:
                seen = self._seen[index]
                self._seen[index] += 1
                if fault.after <= seen < fault.after + getattr(fault, "times", 1):
                    striking.append(fault)
        return striking

    def _changed(self, fault: ConnectionFault, texts: list[str]) -> list[str]:
        """What goes out in place of ``texts``."""
        match fault:
            case Malformed():
                half = texts[0][: len(texts[0]) // 2] if texts else ""
                return [half if fault.text is None else fault.text]
            case Duplicate():
                return texts * 2
            case Reorder() if self._held is None and texts:
                self._held = texts[0]
                return texts[1:]
            case _:
                return texts

    async def _strike(self, fault: ConnectionFault) -> None:
        """Do to the connection what the fault does to it."""
        match fault:
            case Close():
                await self._end(fault.code, fault.reason)
            case Reset():
                await self._client.reset()
                raise EndOfStream
            case Expired():
                expiry = Refusal("session_expired", EXPIRED).event()
                await self._client.send(json.dumps(expiry))
                await self._end(1001, EXPIRED)
            case Stall(seconds=None):
                self._mute = True
            case Stall():
                self._until = current_time() + (fault.seconds or 0.0)
            case HalfOpen():
                self._mute = self._deaf = True
            case Slow():
                self._pause = fault.seconds
            case _:
                pass

    async def _end(self, code: int, reason: str) -> NoReturn:
        await self._client.close(code, reason)
        raise EndOfStream
