"""gpt-realtime as a box: the session, the conversation, and what it costs."""

from .config.changes import Changes, SessionOptions
from .config.hosted_mcp import Connector, HostedMcp, McpApprovalRule, McpFilter
from .config.models import (
    MODELS,
    Model,
    Retirement,
    RetirementWarning,
    model_named,
    retirement_of,
)
from .config.options import (
    McpChoice,
    NoiseReduction,
    Prompt,
    Retention,
    Tracing,
    Transcription,
)
from .config.settings import Settings
from .config.turn_detection import SemanticVad, ServerVad
from .connect.connection import Connect, Connection, websocket
from .connect.host import Address, HostWarning
from .connect.service import Service
from .errors import ConfigurationError, ItemRefused, SessionRefused, UpdateRefused
from .events import ServerEvent
from .hosted_mcp.approvals import Approvals, VoiceApprovals
from .memory.export import Export, LeftOut, exported
from .memory.items import Items, NoSummary
from .memory.summary import Summary
from .money.budget import Budget, BudgetSpent
from .money.prices import PRICES, Bill, Price
from .processor import Realtime
from .protocol.history import Entry, History
from .protocol.mcp_frames import McpApproval, McpCall, McpDecision, McpListed, McpNews
from .protocol.response import Outcome, Reply
from .protocol.updates import Update
from .session import Session, open_session
from .transcription import Transcribe, TranscriptionSession, open_transcription
from .translation import Translate, TranslationSession, open_translation

__all__ = [
    "MODELS",
    "PRICES",
    "Address",
    "Approvals",
    "Bill",
    "Budget",
    "BudgetSpent",
    "Changes",
    "ConfigurationError",
    "Connect",
    "Connection",
    "Connector",
    "Entry",
    "Export",
    "History",
    "HostWarning",
    "HostedMcp",
    "ItemRefused",
    "Items",
    "LeftOut",
    "McpApproval",
    "McpApprovalRule",
    "McpCall",
    "McpChoice",
    "McpDecision",
    "McpFilter",
    "McpListed",
    "McpNews",
    "Model",
    "NoSummary",
    "NoiseReduction",
    "Outcome",
    "Price",
    "Prompt",
    "Realtime",
    "Reply",
    "Retention",
    "Retirement",
    "RetirementWarning",
    "SemanticVad",
    "ServerEvent",
    "ServerVad",
    "Service",
    "Session",
    "SessionOptions",
    "SessionRefused",
    "Settings",
    "Summary",
    "Tracing",
    "Transcribe",
    "Transcription",
    "TranscriptionSession",
    "Translate",
    "TranslationSession",
    "Update",
    "UpdateRefused",
    "VoiceApprovals",
    "exported",
    "model_named",
    "open_session",
    "open_transcription",
    "open_translation",
    "retirement_of",
    "websocket",
]
