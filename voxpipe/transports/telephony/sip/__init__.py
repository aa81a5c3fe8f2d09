"""SIP calls that OpenAI itself carries: it announces them, the program steers them.

Their audio never comes here. `SipEndpoint` hears of each call; the program accepts it
(``voxpipe.processors.realtime.rest``) and controls it by ``open_session(call_id=…)``.
"""

from voxpipe.transports.telephony.replays import Replays

from .endpoint import SipApp, SipEndpoint
from .incoming import IncomingCall
from .webhook import Secret, SecretError, Webhook, WebhookRefused, sign, unwrap

__all__ = [
    "IncomingCall",
    "Replays",
    "Secret",
    "SecretError",
    "SipApp",
    "SipEndpoint",
    "Webhook",
    "WebhookRefused",
    "sign",
    "unwrap",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this
