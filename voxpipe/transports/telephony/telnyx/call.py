"""A call by Telnyx."""

from __future__ import annotations

from voxpipe.transports.telephony.carrier.call import CarrierCall

from .codec import TelnyxCodec


class TelnyxCall(CarrierCall):
    """One call by Telnyx' media streaming; made by ``accept``."""

    codec = TelnyxCodec
