"""Where an MCP server is: a program to start, or an address."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from pydantic import SecretStr

from voxpipe.pipeline import VoxpipeError
from voxpipe.pipeline.runtime.expect import expect, is_a
from voxpipe.pipeline.runtime.hosts import is_loopback

from .listing import readable

if TYPE_CHECKING:
    from mcp import Client, StdioServerParameters


class McpError(VoxpipeError):
    """A server that cannot be used, or a call that it says has failed.

    From `mcp_tools` it is for the program; from a call it is the tool's error, and so
    its text is told to the model.
    """


class Handle(Protocol):
    """Is given each message that the server sends by itself."""

    async def __call__(self, message: Any) -> None:
        """Take one."""


class McpServer(Protocol):
    """Something that `mcp_tools` can talk to."""

    def open(self, handle: Handle) -> AbstractAsyncContextManager[Client]:
        """Start it, or connect to it."""
        ...


class StdioServer:
    """A program that speaks MCP over its standard input and output.

    It is started by `mcp_tools`, again when it has died and a tool is called, and ends
    with it. Of the environment it sees only what every program needs, and ``env``.

    Args:
        command: the program.
        arguments: of its command line.
        env: further environment variables; keep secrets here, not in arguments.
        folder: where it runs.
    """

    def __init__(
        self,
        command: str,
        *arguments: str,
        env: Mapping[str, str | SecretStr] | None = None,
        folder: Path | str | None = None,
    ) -> None:
        told = "command is the name of a program; what follows are its arguments"
        expect(is_a(command, str), command, told, McpError)
        self._command = command
        self._arguments = arguments
        self._env = dict(env or {})
        self._folder = folder

    def __repr__(self) -> str:
        return f"<StdioServer {Path(self._command).name}>"

    def open(self, handle: Handle) -> AbstractAsyncContextManager[Client]:
        """Start the program."""
        client, parameters = _library()
        from mcp.client.stdio import stdio_client

        transport = stdio_client(
            parameters(
                command=self._command,
                args=list(self._arguments),
                env={key: _plain(value) for key, value in self._env.items()},
                cwd=self._folder,
            )
        )
        return client(readable(transport), message_handler=handle)


@dataclass(frozen=True)
class HttpServer:
    """A server that speaks MCP over streamable HTTP.

    Attributes:
        url: of its endpoint, ``https://``, or ``http://`` on this machine only.
        token: sent as ``Authorization: Bearer …``.
        headers: further ones.

    Raises:
        McpError: an address that is none, or would carry secrets in the open.
    """

    url: str = field(repr=False)  # it may hold a key
    token: SecretStr | None = None
    headers: Mapping[str, str | SecretStr] = field(
        default_factory=dict[str, str | SecretStr], repr=False
    )

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            host = parts.hostname or ""
        except ValueError:
            raise McpError("expected the URL of an MCP server, got none") from None
        if parts.scheme not in ("https", "http") or not host:
            raise McpError(
                "expected the URL of an MCP server, as https://host/mcp, got one of "
                f"the scheme {parts.scheme!r}"
            )
        if parts.scheme == "http" and not is_loopback(host):
            raise McpError(
                f"http:// is for this machine only, and {host} is another: use https://"
            )

    @asynccontextmanager
    async def open(self, handle: Handle) -> AsyncGenerator[Client]:
        """Connect to it."""
        client, _ = _library()
        import httpx2
        from mcp.client.streamable_http import streamable_http_client

        headers = {key: _plain(value) for key, value in self.headers.items()}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {_plain(self.token)}"
        # A server may hold a response open for as long as a tool works.
        timeout = httpx2.Timeout(30, read=300)
        # A client with headers of ours, which the library leaves to us to close.
        async with httpx2.AsyncClient(headers=headers, timeout=timeout) as sending:
            transport = streamable_http_client(self.url, http_client=sending)
            async with client(readable(transport), message_handler=handle) as opened:
                yield opened


def _library() -> tuple[type[Client], type[StdioServerParameters]]:
    try:
        from mcp import Client, StdioServerParameters
    except ImportError as error:
        raise McpError(
            "MCP servers need the mcp package: pip install 'voxpipe[mcp]'"
        ) from error
    return Client, StdioServerParameters


def _plain(value: str | SecretStr) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value
