"""One MCP server, kept open: it may die, and be there again.

The library's client lives in a task of its own, for what goes wrong with its transport
cancels the task that opened it; so a server's death is an error of the calls it has,
and not the end of the conversation.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from anyio import (
    TASK_STATUS_IGNORED,
    BrokenResourceError,
    CancelScope,
    ClosedResourceError,
    Event,
    Lock,
    create_task_group,
    current_time,
    fail_after,
)
from anyio.abc import TaskGroup, TaskStatus

from voxpipe.pipeline.errors import leaves_of
from voxpipe.pipeline.runtime.wakeup import Wakeup
from voxpipe.processors.tools import Unavailable

from .servers import McpError, McpServer

if TYPE_CHECKING:
    from mcp import Client
    from mcp_types import CallToolResult, Tool

OPEN_TIMEOUT = 20.0  # seconds to start a server and ask it who it is
UNREADABLE_TIMEOUT = 2.0  # seconds for its tools after what cannot be read
RETRY_AFTER = 1.0  # seconds after a server could not be opened before it is tried again
MAX_TOOLS = 128  # of one server; a model chooses badly among more
_MAX_PAGES = 32

logger = logging.getLogger(__name__)


class _Open:
    """A client that is connected, until it is gone."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.gone = Event()
        self.changed = Wakeup()


class McpConnection:
    """Talks to one server.

    Args:
        server: which.
        tasks: where the client lives.
    """

    def __init__(self, server: McpServer, tasks: TaskGroup) -> None:
        self._server = server
        self._tasks = tasks
        self._open: _Open | None = None
        self._opening = Lock()
        self._not_before = 0.0
        self._offered: dict[str, dict[str, Any]] = {}
        self._stale: set[str] = set()
        self._unreadable = 0  # messages since it was opened
        self._listing: CancelScope | None = None  # while its tools are asked for

    def offer(self, tools: Mapping[str, Tool]) -> None:
        """Remember what the model was told of the tools."""
        self._offered = {name: _told(tool) for name, tool in tools.items()}

    async def open(self) -> dict[str, Tool]:
        """Connect.

        Returns:
            The server's tools, by name.

        Raises:
            McpError: it cannot be used.
        """
        opened: _Open | None = None
        self._unreadable = 0
        try:
            with fail_after(OPEN_TIMEOUT) as waiting:
                started: _Open = await self._tasks.start(self._live)
                opened, self._listing = started, waiting
                tools = await _listed(started.client)
            self._open, opened = started, None
            return tools
        except TimeoutError:
            if self._unreadable:
                raise McpError(
                    f"{self._server!r} has sent {self._unreadable} messages that "
                    "cannot be read in place of its tools: expected JSON, of at most "
                    "200 levels"
                ) from None
            raise McpError(
                f"{self._server!r} did not answer within {OPEN_TIMEOUT:g} s"
            ) from None
        except McpError:
            raise
        except Exception as error:
            raise McpError(
                f"{self._server!r} cannot be opened: {_cause(error)}"
            ) from error
        finally:
            self._listing = None
            if opened is not None:
                opened.gone.set()

    def _is_unreadable(self) -> None:
        """A message was none; if it was to be the list of tools, that never comes."""
        self._unreadable += 1
        if self._listing is not None:
            until = current_time() + UNREADABLE_TIMEOUT
            self._listing.deadline = min(self._listing.deadline, until)

    async def call(self, name: str, arguments: dict[str, Any]) -> CallToolResult:
        """Have the server run a tool.

        Raises:
            Unavailable: the server is gone, or the tool is not what it was.
            McpError: the server refused the call.
        """
        from mcp import MCPError
        from mcp_types import CONNECTION_CLOSED

        opened = await self._reached()
        if name in self._stale:
            raise Unavailable("the tool has changed since it was offered")
        result: CallToolResult | None = None
        refused: McpError | None = None
        async with create_task_group() as calling:
            calling.start_soon(_cancel_when, opened.gone, calling.cancel_scope)
            try:
                result = await opened.client.call_tool(name, arguments)
            except MCPError as error:
                if error.code == CONNECTION_CLOSED:
                    opened.gone.set()
                else:
                    refused = McpError(error.message)
            except (BrokenResourceError, ClosedResourceError):
                opened.gone.set()
            calling.cancel_scope.cancel()
        if refused is not None:
            raise refused
        if result is None:
            raise Unavailable("what runs this tool has gone away; it may not have run")
        return result

    async def _reached(self) -> _Open:
        async with self._opening:
            if self._open is not None and not self._open.gone.is_set():
                return self._open
            if current_time() < self._not_before:
                raise Unavailable("what runs this tool is out of reach")
            try:
                listed = await self.open()
            except McpError as error:
                self._not_before = current_time() + RETRY_AFTER
                logger.warning("an MCP server is out of reach: %s", error)
                raise Unavailable("what runs this tool is out of reach") from None
            self._compare(listed)
            assert self._open is not None
            return self._open

    async def _live(
        self, *, task_status: TaskStatus[_Open] = TASK_STATUS_IGNORED
    ) -> None:
        opened: _Open | None = None

        async def hear(message: object) -> None:
            if isinstance(message, Exception):
                self._is_unreadable()
            if opened is not None and _says_changed(message):
                opened.changed.set()

        try:
            async with self._server.open(hear) as client:
                opened = _Open(client)
                async with create_task_group() as tasks:
                    tasks.start_soon(_follow, opened)
                    tasks.start_soon(self._compare_again, opened)
                    task_status.started(opened)
                    await opened.gone.wait()
                    tasks.cancel_scope.cancel()
        except Exception as error:
            if opened is None:
                raise
            logger.warning("%r has gone: %s", self._server, _cause(error))
        finally:
            if opened is not None:
                opened.gone.set()

    async def _compare_again(self, opened: _Open) -> None:
        while True:
            await opened.changed.wait()
            logger.warning("the tools of %r have changed", self._server)
            try:
                self._compare(await _listed(opened.client))
            except Exception as error:  # noqa: BLE001 - the calls will tell
                logger.warning("%r cannot be asked: %s", self._server, _cause(error))

    def _compare(self, listed: Mapping[str, Tool]) -> None:
        # A tool that means something else now was not agreed to by anybody.
        now = {name: _told(tool) for name, tool in listed.items()}
        self._stale = {n for n, told in self._offered.items() if now.get(n) != told}


async def _follow(opened: _Open) -> None:
    """Listen for changes, where the server can tell of them in this way."""
    from mcp.client.subscriptions import ListenNotSupportedError

    tools = opened.client.server_capabilities.tools
    if tools is None or not tools.list_changed:
        return
    try:
        async with opened.client.listen(tools_list_changed=True) as changes:
            async for _ in changes:
                opened.changed.set()
    except ListenNotSupportedError:
        return  # it tells by itself
    except Exception as error:  # noqa: BLE001 - the calls will tell
        logger.debug("changes of an MCP server are not told: %s", _cause(error))


async def _listed(client: Client) -> dict[str, Tool]:
    tools: dict[str, Tool] = {}
    cursor: str | None = None
    for _ in range(_MAX_PAGES):
        page = await client.list_tools(cursor=cursor, cache_mode="bypass")
        tools.update({tool.name: tool for tool in page.tools})
        cursor = page.next_cursor
        if cursor is None or len(tools) > MAX_TOOLS * 8:
            break
    return tools


async def _cancel_when(gone: Event, scope: CancelScope) -> None:
    await gone.wait()
    scope.cancel()


def _says_changed(message: object) -> bool:
    from mcp_types import ToolListChangedNotification

    return isinstance(getattr(message, "root", message), ToolListChangedNotification)


def _told(tool: Tool) -> dict[str, Any]:
    return tool.model_dump(include={"description", "input_schema"})


def _cause(error: BaseException) -> str:
    """What went wrong, without what was sent: a URL may hold a key."""
    return type(next(leaves_of(error))).__name__
