"""gpt-realtime as a box: a session, and the conversation in it.

What a session can be asked for is in ``config``, what it costs in ``money``, what the
model remembers in ``memory``, tools that the service calls in ``hosted_mcp``, the way
to the service in ``connect``, all that it says in ``events``, its REST side in
``rest``.
"""

from .captions import Captions
from .config.changes import SessionOptions
from .config.settings import Settings
from .config.turn_detection import SemanticVad, ServerVad
from .connect.connection import (
    Connect,
    Connection,
    websocket,
)
from .connect.reconnect import Reconnect
from .connect.service import Service
from .errors import (
    ConfigurationError,
    ItemRefused,
    ServiceRefused,
    SessionRefused,
    UpdateRefused,
)
from .events import ServerEvent
from .processor import Realtime
from .protocol.reconnected import Reconnected
from .protocol.response import Outcome, Reply
from .protocol.updates import Update
from .session import Session, open_session
from .transcription import (
    Transcribe,
    TranscriptionSession,
    open_transcription,
)
from .translation import (
    Translate,
    TranslationSession,
    open_translation,
)

__all__ = [
    "Captions",
    "ConfigurationError",
    "Connect",
    "Connection",
    "ItemRefused",
    "Outcome",
    "Realtime",
    "Reconnect",
    "Reconnected",
    "Reply",
    "SemanticVad",
    "ServerEvent",
    "ServerVad",
    "Service",
    "ServiceRefused",
    "Session",
    "SessionOptions",
    "SessionRefused",
    "Settings",
    "Transcribe",
    "TranscriptionSession",
    "Translate",
    "TranslationSession",
    "Update",
    "UpdateRefused",
    "open_session",
    "open_transcription",
    "open_translation",
    "websocket",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this
