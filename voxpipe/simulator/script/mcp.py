"""MCP servers of a script: without network, in virtual time; or real ones behind it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from voxpipe.pipeline.runtime.hosts import is_loopback

from .strict import Strict


class McpFailure(Strict):
    """How a call of an MCP tool fails: ``mcp_call.error``.

    Attributes:
        type: what failed: the tool itself, the MCP server, or the way to it.
        code: of JSON-RPC or HTTP; a tool's own failure has none.
    """

    type: Literal["tool_execution_error", "protocol_error", "http_error"] = (
        "tool_execution_error"
    )
    code: int = 500
    message: str = "The tool failed."


class McpTool(Strict):
    """A tool of a scripted server.

    Attributes:
        input_schema: of its arguments, as JSON schema.
        read_only: its ``readOnlyHint``, which filters look at.
        gives: its output; what is not text becomes JSON.
        fails: in this way, instead.
        wait_ms: how long a call takes.
    """

    name: str = Field(min_length=1, max_length=128)
    description: str = ""
    input_schema: dict[str, Any] = {"type": "object", "properties": {}}
    read_only: bool = False
    gives: str | dict[str, Any] | list[Any] = ""
    fails: McpFailure | None = None
    wait_ms: float = Field(default=200, ge=0, le=600_000)

    def to_wire(self) -> dict[str, Any]:
        """As ``mcp_list_tools`` shows it."""
        return {
            "name": self.name,
            # Clients (the Agents SDK for JavaScript) drop a listing without one.
            "description": self.description,
            "input_schema": self.input_schema,
            "annotations": {"readOnlyHint": self.read_only},
        }

    @property
    def output(self) -> str:
        """What a call gives back."""
        if isinstance(self.gives, str):
            return self.gives
        return json.dumps(self.gives, ensure_ascii=False)


def _local(url: str) -> str:
    try:
        parts = urlsplit(url)
        local = parts.scheme in ("http", "https") and is_loopback(parts.hostname or "")
    except ValueError:
        local = False
    if not local:
        raise PydanticCustomError(
            "not_local",
            "MCP servers are called on this machine only: expected "
            "http://127.0.0.1:PORT/PATH",
        )
    return url


Local = Annotated[str, AfterValidator(_local)]


class McpTools(Strict):
    """A scripted MCP server: the session's one of the same ``server_label``.

    Whatever URL, connector or tunnel the session gives for it, nobody is asked but the
    one that the script itself names.

    Attributes:
        label: the ``server_label`` it stands for.
        url: of a real server on this machine, which is asked in its place.
        wait_ms: how long importing its tools takes.
        fails: importing them fails.
    """

    label: str
    url: Local | None = None
    tools: Annotated[Sequence[McpTool], AfterValidator(tuple)] = ()
    wait_ms: float = Field(default=100, ge=0, le=600_000)
    fails: bool = False

    @model_validator(mode="after")
    def _is_either(self) -> Self:
        if self.url is not None and self.tools:
            raise PydanticCustomError(
                "two_servers",
                "expected url, of a real server, or tools, of the script: not both",
            )
        return self

    def find(self, name: str) -> McpTool | None:
        """The tool of this name."""
        return next((tool for tool in self.tools if tool.name == name), None)
