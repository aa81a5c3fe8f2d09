"""Tools: functions that the model may call."""

from .approval import Ask, ByVoice, Proposal, Refused
from .argument_schema import RawSchema
from .context import Context
from .errors import ArgumentsError, ToolError, Unavailable
from .outputs import ToolOutput
from .policy import Filler, OnInterruption, Policy
from .progress import Progress
from .router import ToolRouter
from .tool import Tool, tool

__all__ = [
    "ArgumentsError",
    "Ask",
    "ByVoice",
    "Context",
    "Filler",
    "OnInterruption",
    "Policy",
    "Progress",
    "Proposal",
    "RawSchema",
    "Refused",
    "Tool",
    "ToolError",
    "ToolOutput",
    "ToolRouter",
    "Unavailable",
    "tool",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this
