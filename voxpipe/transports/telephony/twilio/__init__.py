"""Calls by Twilio's Media Streams: ``<Connect><Stream>`` in the answer to its webhook.

Source: https://www.twilio.com/docs/voice/media-streams/websocket-messages
"""

from .call import TwilioCall

__all__ = ["TwilioCall"]
