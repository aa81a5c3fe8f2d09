"""A call by Exotel."""

from __future__ import annotations

from voxpipe.transports.telephony.carrier.call import CarrierCall

from .codec import ExotelCodec


class ExotelCall(CarrierCall):
    """One call by Exotel's Voicebot applet; made by ``accept``."""

    codec = ExotelCodec
    longest = 3_600.0  # "a maximum of 60 minutes"
