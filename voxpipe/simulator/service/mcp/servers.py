"""The MCP side of a session: tools are imported, offered, approved and called.

It does no I/O: what a real server is to be asked leaves as a request, for a shell to
send.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from voxpipe.simulator.errors import Refusal, quoted
from voxpipe.simulator.protocol.json_types import object_in
from voxpipe.simulator.script.mcp import McpFailure
from voxpipe.simulator.service.conversation.items import Item
from voxpipe.simulator.service.session.state import SessionState

from .call_item import McpCallItem
from .definitions import ServerDefinition, ServerDefinitions
from .requests import CallMcpTool, ListMcpTools, McpOutcome, McpRequest, error_of

_MAX_TOOLS = 1 << 20  # characters that the declarations of a server's tools may take
_MAX_CALLS = 128  # open at once
_REFUSED_MS = 100  # how long importing takes where nobody is asked
# A session does not say where requests go: whoever opens it may be a web page.
_NOT_IN_SCRIPT = McpFailure(
    type="http_error",
    message="this simulator asks only MCP servers that its script names: give their "
    "tools there (mcp: [{label: ..., tools: [...]}]), or where the real one is "
    "(mcp: [{label: ..., url: http://127.0.0.1:...}])",
)
_SCRIPTED_FAILURE = McpFailure(type="http_error", message="so the script says")
_log = logging.getLogger(__name__)
_NOT_JSON = McpFailure(
    type="protocol_error", code=-32602, message="The arguments are no JSON object."
)
_TOO_MANY = McpFailure(message=f"More than {_MAX_CALLS} calls are open.")


@dataclass(slots=True)
class _Import:
    """A server whose tools are imported, or being so."""

    definition: ServerDefinition
    tools: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


class McpServers:
    """All MCP servers of one session, and what is going on with them."""

    def __init__(self, session: SessionState) -> None:
        self._session = session
        self._scripted = {each.label: each for each in session.script.mcp}
        self._definitions = ServerDefinitions()
        self._imports: dict[str, _Import] = {}
        self._unapproved: dict[str, McpCallItem] = {}  # by approval request

    # --- declaring

    def declare(self, options: Any, path: str) -> tuple[Any, list[ServerDefinition]]:
        """As `ServerDefinitions.declare`."""
        return self._definitions.declare(options, path)

    def adopt(self, definitions: Sequence[ServerDefinition], now: float) -> None:
        """Import the tools of these servers, unless that was done."""
        for definition in definitions:
            self._definitions.keep(definition)
            known = self._imports.get(definition.label)
            if known is not None and known.definition.leads_where(definition):
                known.definition = definition
            else:
                self._import(_Import(definition), now)

    def offered(self, tools: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """``tools`` with those that have been imported in place of their servers."""
        offered: list[dict[str, Any]] = []
        for tool in tools:
            if tool["type"] != "mcp":
                offered.append(tool)
                continue
            known = self._imports.get(tool["server_label"])
            offered += [
                {
                    "type": "mcp",
                    "server_label": tool["server_label"],
                    "name": each["name"],
                    "description": each.get("description"),
                    "parameters": each["input_schema"],
                }
                for each in (known.tools if known else ())
            ]
        return offered

    # --- importing

    def _import(self, begun: _Import, now: float) -> None:
        session, label = self._session, begun.definition.label
        self._imports[label] = begun
        fields: dict[str, Any] = {"server_label": label, "tools": []}
        item = Item(session.ids.new("mcpl"), "mcp_list_tools", call=fields)
        session.outbox.emit("mcp_list_tools.in_progress", item_id=item.id)
        self._add(item)
        imported = partial(self._imported, begun, item)
        scripted = self._scripted.get(label)
        if scripted is not None and scripted.url is not None:
            request = ListMcpTools(begun.definition, scripted.url)
            session.requests.ask(request, imported)
            return
        outcome: McpOutcome = _NOT_IN_SCRIPT
        if scripted is not None:
            found = [tool.to_wire() for tool in scripted.tools]
            outcome = _SCRIPTED_FAILURE if scripted.fails else found
        wait_ms = _REFUSED_MS if scripted is None else scripted.wait_ms
        session.timers.at(now + wait_ms / 1000, lambda now: imported(outcome, now))

    def _imported(
        self, begun: _Import, item: Item, outcome: McpOutcome, _now: float
    ) -> None:
        how, label = "failed", begun.definition.label
        if isinstance(outcome, McpFailure):  # the event cannot tell why
            _log.warning("cannot list the tools of %r: %s", label, outcome.message)
        if isinstance(outcome, list) and len(json.dumps(outcome)) <= _MAX_TOOLS:
            how = "completed"
            begun.tools = [t for t in outcome if begun.definition.allows(t)]
            item.call["tools"] = begun.tools
        self._session.outbox.emit(f"mcp_list_tools.{how}", item_id=item.id)
        self._session.conclude(item)

    # --- calling

    def run(self, output: McpCallItem, now: float) -> None:
        """The model has written a call: ask for approval, or run it."""
        call = output.item.call
        known = self._imports[call["server_label"]]
        waiting = self._session.requests.count(McpRequest)
        tool = next((t for t in known.tools if t["name"] == call["name"]), None)
        if tool is None:  # imported again meanwhile, without it
            output.fail(error_of(McpFailure(message="There is no such tool.")))
        elif len(self._unapproved) + waiting >= _MAX_CALLS:
            output.fail(error_of(_TOO_MANY))
        elif known.definition.gates(tool) and not output.aside:
            self._ask(output)
        else:
            # Out of band there is no conversation in which to ask [I].
            self._perform(output, known.definition, now)

    def _ask(self, output: McpCallItem) -> None:
        call, session = output.item.call, self._session
        fields = {name: call[name] for name in ("server_label", "name", "arguments")}
        request = Item(session.ids.new("mcpr"), "mcp_approval_request", call=fields)
        call["approval_request_id"] = request.id
        self._unapproved[request.id] = output
        self._add(request)
        session.conclude(request)

    def check(self, item: Item) -> None:
        """An ``mcp_approval_response`` that a client wants to create.

        Raises:
            Refusal: nothing waits for it.
        """
        request_id: str = item.call["approval_request_id"]
        if request_id not in self._unapproved:
            raise Refusal(
                "invalid_value",
                f"No approval request is open with id {quoted(request_id)}.",
                "item.approval_request_id",
            )

    def answer(self, response: Mapping[str, Any], now: float) -> None:
        """The client approves or rejects; `check` has found what."""
        output = self._unapproved.pop(response["approval_request_id"])
        if response["approve"]:
            known = self._imports[output.item.call["server_label"]]
            self._perform(output, known.definition, now)
        else:
            # It was not run, so nothing of it failed: only its item ends [I].
            why = response.get("reason") or "no reason given"
            output.reject(error_of(McpFailure(message=f"The call was rejected: {why}")))

    def _perform(
        self, output: McpCallItem, server: ServerDefinition, now: float
    ) -> None:
        call = output.item.call
        output.begin()
        arguments = object_in(call["arguments"] or "{}")
        if arguments is None:
            output.fail(error_of(_NOT_JSON))
            return

        def ended(outcome: McpOutcome, _now: float) -> None:
            if isinstance(outcome, str):
                output.succeed(outcome)
            else:
                assert isinstance(outcome, McpFailure)
                output.fail(error_of(outcome))

        scripted = self._scripted[server.label]  # what is not there has no tools
        if scripted.url is not None:
            request = CallMcpTool(server, scripted.url, call["name"], arguments)
            self._session.requests.ask(request, ended)
            return
        tool = scripted.find(call["name"])
        assert tool is not None  # it was listed
        outcome = tool.fails or tool.output
        self._session.timers.at(
            now + tool.wait_ms / 1000, lambda now: ended(outcome, now)
        )

    def _add(self, item: Item) -> None:
        try:
            self._session.conversation.add(item)
        except Refusal as refusal:  # it is full; nobody's request has failed
            self._session.outbox.refuse(refusal)
            self._session.journal.refused("an item of its own", refusal)
            return
        self._session.announce(item)
