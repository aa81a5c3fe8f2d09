"""Calls by Twilio's Media Streams: ``<Connect><Stream>`` in the answer to its webhook.

Source: https://www.twilio.com/docs/voice/media-streams/websocket-messages
"""

from .answer import connect_stream
from .call import TwilioCall
from .endpoints import TwilioEndpoints
from .guard import ConfigurationError

__all__ = ["ConfigurationError", "TwilioCall", "TwilioEndpoints", "connect_stream"]
