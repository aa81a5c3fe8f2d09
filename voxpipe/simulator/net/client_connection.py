"""A connection to one client, whatever it is made of."""

from __future__ import annotations

from typing import Protocol


class ClientConnection(Protocol):
    """Text frames both ways. The methods raise ``EndOfStream`` when it is gone."""

    async def send(self, text: str) -> None:
        """Send a text frame; waits while the client does not read."""
        ...

    async def receive(self) -> str | bytes:
        """The next frame of the client."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye."""
        ...

    async def gone(self) -> None:
        """Wait for the client to go, reading nothing of what it sends."""
        ...
