"""What can go wrong with an MCP server."""

from __future__ import annotations

from voxpipe.pipeline import VoxpipeError


class McpError(VoxpipeError):
    """A server that cannot be used, or a call that it says has failed.

    From `mcp_tools` it is for the program; from a call it is the tool's error, and so
    its text is told to the model.
    """
