"""Calls by Twilio's Media Streams: ``<Connect><Stream>`` in the answer to its webhook.

Source: https://www.twilio.com/docs/voice/media-streams/websocket-messages
"""

from .answer import connect_stream
from .call import TwilioCall
from .endpoints import TwilioEndpoints
from .rest import TwilioRest, open_twilio

__all__ = [
    "TwilioCall",
    "TwilioEndpoints",
    "TwilioRest",
    "connect_stream",
    "open_twilio",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this
