"""Tools that the service calls itself: declared, told, approved."""

from voxpipe.processors.realtime.config.hosted_mcp import (
    Connector,
    HostedMcp,
    McpApprovalRule,
    McpFilter,
)
from voxpipe.processors.realtime.protocol.mcp_frames import (
    McpApproval,
    McpCall,
    McpDecision,
    McpListed,
    McpNews,
)

from .approvals import Approvals, VoiceApprovals

__all__ = [
    "Approvals",
    "Connector",
    "HostedMcp",
    "McpApproval",
    "McpApprovalRule",
    "McpCall",
    "McpDecision",
    "McpFilter",
    "McpListed",
    "McpNews",
    "VoiceApprovals",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this
