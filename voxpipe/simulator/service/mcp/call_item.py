"""A call of an MCP tool as an item of a response, which may outlive the response."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from voxpipe.simulator.service.conversation.items import Item, ItemStatus
from voxpipe.simulator.service.session.output_item import OutputItem, Place


class McpCallItem(OutputItem):
    """A call: written by the model, then run by the service.

    Args:
        place: where it stands.
        item: the ``mcp_call``, with empty arguments.
        on_written: called when the model has written all of it.
    """

    def __init__(
        self, place: Place, item: Item, on_written: Callable[[McpCallItem], None]
    ) -> None:
        super().__init__(place, item)
        self._on_written = on_written

    def write(self, piece: str) -> None:
        """Add a piece of its arguments."""
        self.item.call["arguments"] += piece
        self._emit(
            "response.mcp_call_arguments.delta",
            delta=piece,
            **self._session.padding(),
        )

    def close(self, status: ItemStatus) -> None:
        """The arguments are final; the item ends with the call."""
        arguments = self.item.call["arguments"]
        self._emit("response.mcp_call_arguments.done", arguments=arguments)
        if status == "completed":
            self._on_written(self)
        else:
            super().close(status)

    def begin(self) -> None:
        """Tell the client that it runs."""
        self._progress("in_progress")

    def succeed(self, output: str) -> None:
        """It has run."""
        self.item.call["output"] = output
        self._progress("completed")
        super().close("completed")

    def fail(self, error: dict[str, Any]) -> None:
        """It could not be run, or has failed."""
        self.item.call["error"] = error
        self._progress("failed")
        super().close("completed")

    def reject(self, error: dict[str, Any]) -> None:
        """The client does not want it run."""
        self.item.call["error"] = error
        super().close("completed")

    def _progress(self, how: str) -> None:
        # These events name no response: it may be long over.
        self._session.outbox.emit(
            f"response.mcp_call.{how}",
            item_id=self.item.id,
            output_index=self._ids["output_index"],
        )
