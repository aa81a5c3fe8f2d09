"""Tools: functions that the model may call."""

from .approval import Ask, ByVoice, Proposal, Refused
from .argument_schema import RawSchema
from .errors import ArgumentsError, ToolError, Unavailable
from .policy import Filler, OnInterruption, Policy
from .progress import Progress
from .router import ToolRouter
from .tool import Tool, tool

__all__ = [
    "ArgumentsError",
    "Ask",
    "ByVoice",
    "Filler",
    "OnInterruption",
    "Policy",
    "Progress",
    "Proposal",
    "RawSchema",
    "Refused",
    "Tool",
    "ToolError",
    "ToolRouter",
    "Unavailable",
    "tool",
]
