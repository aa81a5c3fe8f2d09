"""MCP servers as a session declares them, and the rules that a declaration obeys.

Source: the guide "Realtime with tools" (November 2026). What it does not say is marked
[I], an inference, here as in `mcp`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from voxpipe.simulator.errors import Refusal, quoted
from voxpipe.simulator.protocol.json_types import is_array, is_object
from voxpipe.simulator.protocol.session_schema import TOOLS

MAX_SERVERS = 64  # in one session; the simulator's own limit
_PLACES = ("server_url", "connector_id", "tunnel_id")
_SECRETS = ("authorization", "headers")


@dataclass(frozen=True, slots=True)
class ServerDefinition:
    """One server, as the session has declared it.

    Attributes:
        declared: the whole declaration, secrets included.
    """

    declared: Mapping[str, Any] = field(repr=False)

    @property
    def label(self) -> str:
        """The session's name for it."""
        name: str = self.declared["server_label"]
        return name

    @property
    def headers(self) -> dict[str, str]:
        """What it is sent with every request."""
        headers: dict[str, str] = dict(self.declared.get("headers") or {})
        if self.declared.get("authorization"):
            headers["Authorization"] = f"Bearer {self.declared['authorization']}"
        return headers

    @property
    def shown(self) -> dict[str, Any]:
        """As the session shows it: without secrets [I]."""
        return {k: v for k, v in self.declared.items() if k not in _SECRETS}

    def leads_where(self, other: ServerDefinition) -> bool:
        """Whether the tools of ``other`` would be the same."""
        names = (*_PLACES, *_SECRETS, "allowed_tools")
        return all(
            self.declared.get(name) == other.declared.get(name) for name in names
        )

    def allows(self, tool: Mapping[str, Any]) -> bool:
        """Whether ``tool``, as ``mcp_list_tools`` shows it, is imported."""
        allowed = self.declared.get("allowed_tools")
        if is_array(allowed):
            return tool["name"] in allowed
        return allowed is None or _matches(allowed, tool)

    def gates(self, tool: Mapping[str, Any]) -> bool:
        """Whether a call of ``tool`` needs approval."""
        # As in the Responses API, who says nothing is asked always [I].
        rule = self.declared.get("require_approval")
        if is_object(rule):
            never, always = rule.get("never"), rule.get("always")
            if always is not None and _matches(always, tool):
                return True
            return never is None or not _matches(never, tool)
        return rule != "never"


def _matches(filter: Mapping[str, Any], tool: Mapping[str, Any]) -> bool:
    names, read_only = filter.get("tool_names"), filter.get("read_only")
    if names is not None and tool["name"] not in names:
        return False
    annotations: Mapping[str, Any] = tool.get("annotations") or {}
    hint = annotations.get("readOnlyHint") is True
    return read_only is None or hint is read_only


class ServerDefinitions:
    """The servers of one session by label."""

    def __init__(self) -> None:
        self._known: dict[str, ServerDefinition] = {}

    def declare(self, options: Any, path: str) -> tuple[Any, list[ServerDefinition]]:
        """A session or response as it is shown, and the servers it declares.

        Nothing is kept of them yet.

        Raises:
            Refusal: naming the first field of a tool that will not do.
        """
        tools = options.get("tools") if is_object(options) else None
        if not is_array(tools) or not any(
            is_object(each) and each.get("type") == "mcp" for each in tools
        ):
            return options, []
        checked: list[Any] = TOOLS(tools, f"{path}.tools")
        definitions = self._read_all(checked, f"{path}.tools")
        shown = {each.label: each.shown for each in definitions}
        tools = [
            shown[each["server_label"]] if each["type"] == "mcp" else each
            for each in checked
        ]
        return {**options, "tools": tools}, definitions

    def _read_all(self, tools: list[Any], path: str) -> list[ServerDefinition]:
        found: dict[str, ServerDefinition] = {}
        for index, tool in enumerate(tools):
            if tool["type"] != "mcp":
                continue
            at = f"{path}[{index}]"
            definition = self._read(tool, at)
            if definition.label in found:
                raise Refusal(
                    "invalid_value",
                    f"Duplicate server_label {quoted(definition.label)}: each MCP "
                    "server needs its own.",
                    f"{at}.server_label",
                )
            found[definition.label] = definition
        if len(self._known.keys() | found.keys()) > MAX_SERVERS:
            raise Refusal(
                "too_many_servers",
                f"This simulator knows at most {MAX_SERVERS} MCP servers a session.",
                path,
            )
        return list(found.values())

    def keep(self, definition: ServerDefinition) -> None:
        """It is in force, and its label alone stands for it from now on."""
        self._known[definition.label] = definition

    def _read(self, tool: dict[str, Any], at: str) -> ServerDefinition:
        places = [name for name in _PLACES if tool.get(name) is not None]
        known = self._known.get(tool["server_label"])
        if len(places) > 1:
            raise Refusal(
                "invalid_value",
                f"Give one of '{places[0]}' and '{places[1]}', not both.",
                f"{at}.{places[1]}",
            )
        if not places and known is None:
            raise Refusal(
                "missing_required_parameter",
                "One of 'server_url', 'connector_id' and 'tunnel_id' is required for a "
                f"server_label that this session has not defined: "
                f"{quoted(tool['server_label'])}.",
                f"{at}.server_url",
            )
        if not places and known is not None:
            tool = {**known.declared, **tool}
        _check_authorization(tool, at)
        return ServerDefinition(tool)


def _check_authorization(tool: Mapping[str, Any], at: str) -> None:
    headers: dict[str, str] = tool.get("headers") or {}
    if not any(name.lower() == "authorization" for name in headers):
        return
    if tool.get("authorization") is not None or tool.get("connector_id") is not None:
        raise Refusal(
            "invalid_value",
            "Send the token as 'authorization' or in 'headers.Authorization', not "
            "both; connectors take 'authorization' only.",
            f"{at}.headers",
        )
