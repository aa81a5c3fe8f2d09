"""Tools: functions that the model may call."""

from .errors import ArgumentsError, ToolError
from .router import ToolRouter
from .tool import Tool, tool

__all__ = ["ArgumentsError", "Tool", "ToolError", "ToolRouter", "tool"]
