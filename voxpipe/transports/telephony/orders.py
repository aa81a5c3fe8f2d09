"""The calls that were ordered from carriers, by the token that each of them bears."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from .placed import Detect, PlacedCall

if TYPE_CHECKING:
    from .call import Call


class Orders:
    """Those that are not over; as many as the switchboard has places for, at most."""

    def __init__(self) -> None:
        self._open: dict[str, PlacedCall] = {}

    def __len__(self) -> int:
        """How many keep a place: neither answered yet, nor over."""
        self._open = {
            token: placed for token, placed in self._open.items() if not placed.is_over
        }
        return sum(placed.is_ringing for placed in self._open.values())

    def open(
        self,
        *,
        answer: Callable[[Call], Awaitable[object]] | None = None,
        parameters: Mapping[str, str] | None = None,
        detect: Detect | None = None,
        seconds: float,
    ) -> PlacedCall:
        """A new one.

        Args:
            answer: the app, if not the switchboard's.
            parameters: for it.
            detect: what the carrier is asked to listen for.
            seconds: in which its stream must have come.
        """
        placed = PlacedCall(
            secrets.token_urlsafe(),
            answer=answer,
            parameters=parameters or {},
            detect=detect,
            seconds=seconds,
        )
        self._open[placed.token] = placed
        return placed

    def find(self, token: str) -> PlacedCall | None:
        """The one that is known by this token, unless it is over."""
        # A dictionary's look-up takes no longer the more of a token is right: it
        # compares hashes, which are salted.
        placed = self._open.get(token)
        return None if placed is None or placed.is_over else placed
