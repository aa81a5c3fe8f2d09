"""One item of a response, with the events that open and close it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from voxpipe.simulator.service.conversation.items import Item, ItemStatus

from .state import SessionState


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item stands.

    Attributes:
        session: whose client is told.
        response_id: of the response that makes it.
        index: its number there.
        aside: whether it stays out of the conversation.
    """

    session: SessionState
    response_id: str
    index: int
    aside: bool


class OutputItem(ABC):
    """One item of a response; ``item`` is in progress and without content."""

    def __init__(self, place: Place, item: Item) -> None:
        self.item = item
        self._session = place.session
        self.aside = place.aside
        self._ids = {"response_id": place.response_id, "output_index": place.index}

    def open(self) -> None:
        """Tell the client that it begins."""
        self._tell("response.output_item.added")
        if not self.aside:
            self._session.conversation.add(self.item)
            self._session.announce(self.item)

    @abstractmethod
    def write(self, piece: str) -> None:
        """Add a piece of its text, transcript or arguments."""

    def close(self, status: ItemStatus) -> None:
        """Tell the client that it is final."""
        self.item.status = status
        self.item.revision += 1
        if not self.aside:
            self._session.conclude(self.item, made=True)
        self._tell("response.output_item.done")

    def _tell(self, event: str) -> None:
        self._session.outbox.emit(
            event,
            **self._ids,
            item=self.item.to_wire(),
        )

    def _emit(self, event: str, **fields: Any) -> None:
        self._session.outbox.emit(event, item_id=self.item.id, **self._ids, **fields)
