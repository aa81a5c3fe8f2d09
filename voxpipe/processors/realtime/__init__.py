"""gpt-realtime as a box: the session, the conversation, and what it costs."""

from .address import Address
from .connection import Connect, Connection
from .errors import ConfigurationError, SessionRefused
from .events import ServerEvent
from .history import Entry, History
from .prices import PRICES, Bill, Price
from .processor import Heard, Realtime, Said
from .replies import Outcome, Reply
from .session import Session, open_session
from .settings import SemanticVad, ServerVad, Settings

__all__ = [
    "PRICES",
    "Address",
    "Bill",
    "ConfigurationError",
    "Connect",
    "Connection",
    "Entry",
    "Heard",
    "History",
    "Outcome",
    "Price",
    "Realtime",
    "Reply",
    "Said",
    "SemanticVad",
    "ServerEvent",
    "ServerVad",
    "Session",
    "SessionRefused",
    "Settings",
    "open_session",
]
