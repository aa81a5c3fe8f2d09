"""A call by Plivo."""

from __future__ import annotations

from voxpipe.transports.telephony.carrier.call import CarrierCall

from .codec import PlivoCodec


class PlivoCall(CarrierCall):
    """One call by Plivo's audio streaming; made by ``accept``."""

    codec = PlivoCodec
