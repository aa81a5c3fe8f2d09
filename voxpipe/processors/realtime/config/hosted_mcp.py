"""MCP servers that the service calls itself: which, with what, and who must agree.

Source: OpenAI's guide "Realtime with tools"; openai 3.54, ``RealtimeToolsConfigUnion``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn, get_args
from urllib.parse import urlsplit

from pydantic import SecretStr

from voxpipe.pipeline.runtime.hosts import is_loopback
from voxpipe.processors.realtime.errors import ConfigurationError

from .options import as_wire, given, one_of

Connector = Literal[
    "dropbox",
    "gmail",
    "googlecalendar",
    "googledrive",
    "microsoftteams",
    "outlookcalendar",
    "outlookemail",
    "sharepoint",
]
"""The service's own connectors, for models released before September 2026."""

_LABEL = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class McpFilter:
    """Some tools of a server; with both conditions, those that meet both.

    Attributes:
        names: of the tools; none are named when it is empty.
        read_only: those that the server marks so (``readOnlyHint``), or all others.
            The server says it of itself: trust it as far as you trust the server.

    Raises:
        ConfigurationError: it names nothing.
    """

    names: Sequence[str] = ()
    read_only: bool | None = None

    def __post_init__(self) -> None:
        if isinstance(self.names, str):
            raise ConfigurationError(
                f"names is a list, as in [{self.names!r}], not one name"
            )
        if not self.names and self.read_only is None:
            raise ConfigurationError("a McpFilter takes names=, read_only= or both")

    def to_wire(self) -> dict[str, Any]:
        """As a session has it."""
        return given(tool_names=list(self.names) or None, read_only=self.read_only)


@dataclass(frozen=True, slots=True, kw_only=True)
class McpApprovalRule:
    """Which tools of a server need approval; one that neither names does.

    Attributes:
        always: those that need it, whatever ``never`` says.
        never: those that do not.

    Raises:
        ConfigurationError: it names nothing.
    """

    always: McpFilter | None = None
    never: McpFilter | None = None

    def __post_init__(self) -> None:
        if self.always is None and self.never is None:
            raise ConfigurationError(
                "a McpApprovalRule takes always=, never= or both, each a McpFilter"
            )

    def to_wire(self) -> dict[str, Any]:
        """As a session has it."""
        return given(always=as_wire(self.always), never=as_wire(self.never))


@dataclass(frozen=True, slots=True, kw_only=True)
class HostedMcp:
    """An MCP server whose tools the service offers to the model, and calls.

    Neither the calls nor what they give pass through here before they are made; a call
    that needs approval waits for it (`Approvals`, `VoiceApprovals`).

    Attributes:
        label: the session's name for it: letters, digits, ``_`` and ``-``.
        url: where it is: ``https://…``. Or ``connector``, or ``tunnel``.
        connector: one of the service's own; it needs ``authorization``.
        tunnel: id of a Secure MCP Tunnel.
        authorization: an OAuth token for it.
        headers: sent with every request.
        allowed_tools: those that the model may call; all unless it says so.
        require_approval: ``"always"``, unless you trust every tool that is allowed.
        description: what it is for, as the model is told.

    Raises:
        ConfigurationError: it is nowhere or in two places, or the service would refuse
            it; the text holds no secret.
    """

    label: str
    url: str | None = field(default=None, repr=False)  # some carry a key
    connector: Connector | None = None
    tunnel: str | None = None
    authorization: SecretStr | str | None = field(default=None, repr=False)
    headers: Mapping[str, SecretStr | str] = field(
        default_factory=dict[str, SecretStr | str], repr=False
    )
    allowed_tools: Sequence[str] | McpFilter | None = None
    require_approval: Literal["always", "never"] | McpApprovalRule = "always"
    description: str | None = None

    def __post_init__(self) -> None:
        if not _LABEL.fullmatch(self.label):
            raise ConfigurationError(
                "the label of an MCP server is 1 to 64 letters, digits, _ and -, not "
                f"{self.label[:80]!r}"
            )
        places = [self.url, self.connector, self.tunnel]
        if sum(place is not None for place in places) != 1:
            self._refuse("takes one of url=, connector= and tunnel=")
        if self.url is not None:
            self._check_url(self.url)
        if self.connector is not None:
            one_of("connector", self.connector, get_args(Connector))
            if self.authorization is None:
                self._refuse("is a connector: give the user's token as authorization=")
        if isinstance(self.allowed_tools, str):
            self._refuse("takes a list of allowed_tools, not one name")
        if not isinstance(self.require_approval, McpApprovalRule):
            one_of("require_approval", self.require_approval, ("always", "never"))
        if any(name.lower() == "authorization" for name in self.headers) and (
            self.authorization is not None
        ):
            self._refuse("has a token in authorization= and in headers=: keep one")

    @property
    def may_ask(self) -> bool:
        """Some of its calls may need approval."""
        return self.require_approval != "never"

    def to_wire(self) -> dict[str, Any]:
        """As a session has it, with its secrets."""
        allowed = self.allowed_tools
        if allowed is not None and not isinstance(allowed, McpFilter):
            allowed = list(allowed)
        return given(
            type="mcp",
            server_label=self.label,
            server_url=self.url,
            connector_id=self.connector and f"connector_{self.connector}",
            tunnel_id=self.tunnel,
            authorization=_plain(self.authorization),
            headers={k: _plain(v) for k, v in self.headers.items()} or None,
            allowed_tools=as_wire(allowed),
            # Always said, so that nobody depends on what the service takes for granted.
            require_approval=as_wire(self.require_approval),
            server_description=self.description,
        )

    def _check_url(self, url: str) -> None:
        try:
            parts = urlsplit(url)
        except ValueError:
            parts = urlsplit("")
        host = parts.hostname
        if not host:
            self._refuse("takes a url such as https://tools.example/mcp")
        if parts.username is not None or parts.password is not None:
            self._refuse("has a name or password in its url: use authorization=")
        if parts.scheme != "https" and not (
            parts.scheme == "http" and is_loopback(host)
        ):
            self._refuse("takes https://, and http:// only on loopback")

    def _refuse(self, why: str) -> NoReturn:
        raise ConfigurationError(f"the MCP server {self.label!r} {why}")


def check_labels(servers: Sequence[HostedMcp]) -> None:
    """Each server needs a label of its own.

    Raises:
        ConfigurationError: two have the same.
    """
    labels = [server.label for server in servers]
    twice = {label for label in labels if labels.count(label) > 1}
    if twice:
        raise ConfigurationError(
            f"each MCP server needs a label of its own: {', '.join(sorted(twice))} "
            "is there twice"
        )


def _plain(secret: SecretStr | str | None) -> str | None:
    return secret.get_secret_value() if isinstance(secret, SecretStr) else secret
