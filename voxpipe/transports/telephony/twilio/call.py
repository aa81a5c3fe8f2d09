"""A call by Twilio."""

from __future__ import annotations

from voxpipe.transports.telephony.carrier.call import CarrierCall

from .codec import TwilioCodec


class TwilioCall(CarrierCall):
    """One call by Twilio's Media Streams; made by ``accept``."""

    codec = TwilioCodec
