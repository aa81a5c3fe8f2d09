"""gpt-realtime as a box: the session, the conversation, and what it costs."""

from .address import Address
from .budget import Budget, BudgetSpent
from .changes import Changes
from .connection import Connect, Connection, websocket
from .detection import SemanticVad, ServerVad
from .errors import ConfigurationError, ItemRefused, SessionRefused, UpdateRefused
from .events import ServerEvent
from .history import Entry, History
from .host import HostWarning
from .items import Items, NoSummary
from .mcp_approvals import Approvals, VoiceApprovals
from .mcp_frames import McpApproval, McpCall, McpDecision, McpListed, McpNews
from .mcp_servers import Connector, HostedMcp, McpApprovalRule, McpFilter
from .models import (
    MODELS,
    Model,
    Retirement,
    RetirementWarning,
    model_named,
    retirement_of,
)
from .mouth import Said
from .options import (
    McpChoice,
    NoiseReduction,
    Prompt,
    Retention,
    Tracing,
    Transcription,
)
from .prices import PRICES, Bill, Price
from .processor import Heard, Realtime
from .replies import Outcome, Reply
from .retold import LeftOut, Retold, retold
from .session import Session, open_session
from .settings import Settings
from .summary import Summary
from .terms import Update
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
    "Heard",
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
    "Retold",
    "Said",
    "SemanticVad",
    "ServerEvent",
    "ServerVad",
    "Session",
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
    "model_named",
    "open_session",
    "open_transcription",
    "open_translation",
    "retirement_of",
    "retold",
    "websocket",
]
