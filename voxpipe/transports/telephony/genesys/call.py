"""A call by Genesys."""

from __future__ import annotations

from voxpipe.transports.telephony.carrier.call import CarrierCall

from .codec import GenesysCodec


class GenesysCall(CarrierCall):
    """One call by a Genesys Audio Connector; made by ``accept``."""

    codec = GenesysCodec
    _codec: GenesysCodec

    @property
    def session(self) -> str:
        """What Genesys calls the stream of the call."""
        return self._codec.session.id

    @property
    def organization(self) -> str:
        """Whose call it is."""
        return self._codec.organization

    async def pause(self) -> None:
        """Have the caller not streamed, such as while they spell out a card number."""
        await self._send(self._codec.pause)

    async def resume(self) -> None:
        """Have them streamed again."""
        await self._send(self._codec.resume)
