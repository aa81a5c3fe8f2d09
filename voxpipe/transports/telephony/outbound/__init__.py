"""What every carrier that places calls for us has in common: requests and refusals.

Twilio's is `open_twilio` in ``telephony.twilio.rest``, Telnyx' `open_telnyx` in
``telephony.telnyx``. Needs ``voxpipe[rest]``.
"""

from .errors import NotAuthorized, NumberRefused, PlacingError, TooManyRequests

__all__ = ["NotAuthorized", "NumberRefused", "PlacingError", "TooManyRequests"]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this
