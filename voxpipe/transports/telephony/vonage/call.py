"""A call by Vonage."""

from __future__ import annotations

from voxpipe.transports.telephony.carrier.call import CarrierCall

from .codec import VonageCodec


class VonageCall(CarrierCall):
    """One call by Vonage's Voice API, over a WebSocket; made by ``accept``."""

    codec = VonageCodec
