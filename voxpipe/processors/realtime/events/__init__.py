"""All that the service and a client of it say, as types; see `SERVER_EVENTS`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import get_args

from .buffers import (
    ClearedEvent,
    CommittedEvent,
    DtmfEvent,
    PlaybackEvent,
    SpeechEvent,
)
from .client import ClientEvent, Order, read_order
from .event import Event, OfItem, ServerEvent
from .items import (
    Content,
    ConversationEvent,
    DeletedEvent,
    Item,
    ItemEvent,
    RetrievedEvent,
    TruncatedEvent,
)
from .mcp import McpCallEvent, McpListEvent
from .responses import (
    ArgumentsEvent,
    ContentPartEvent,
    DeltaEvent,
    OutputItemEvent,
    PartDoneEvent,
    Response,
    ResponseEvent,
)
from .session import ErrorDetail, ErrorEvent, RateLimitsEvent, SessionEvent
from .transcription import SegmentEvent, TranscriptionEvent
from .translation import (
    SessionClosedEvent,
    TranslatedAudioEvent,
    TranslatedWordsEvent,
)
from .usage import TokenUsage, TranscriptionUsage

SERVER_EVENTS: Mapping[str, type[Event]] = MappingProxyType(
    {
        kind: model
        # All of this package, which are imported.
        for model in (*Event.__subclasses__(), *OfItem.__subclasses__())
        for kind in get_args(model.model_fields["type"].annotation)
    }
)
"""The model of every type of event, but for ``response.output_audio.delta``: audio is
nine tenths of the traffic, is checked by hand, and leaves by `Realtime.says`."""

__all__ = [
    "SERVER_EVENTS",
    "ArgumentsEvent",
    "ClearedEvent",
    "ClientEvent",
    "CommittedEvent",
    "Content",
    "ContentPartEvent",
    "ConversationEvent",
    "DeletedEvent",
    "DeltaEvent",
    "DtmfEvent",
    "ErrorDetail",
    "ErrorEvent",
    "Event",
    "Item",
    "ItemEvent",
    "McpCallEvent",
    "McpListEvent",
    "Order",
    "OutputItemEvent",
    "PartDoneEvent",
    "PlaybackEvent",
    "RateLimitsEvent",
    "Response",
    "ResponseEvent",
    "RetrievedEvent",
    "SegmentEvent",
    "ServerEvent",
    "SessionClosedEvent",
    "SessionEvent",
    "SpeechEvent",
    "TokenUsage",
    "TranscriptionEvent",
    "TranscriptionUsage",
    "TranslatedAudioEvent",
    "TranslatedWordsEvent",
    "TruncatedEvent",
    "read_order",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this
