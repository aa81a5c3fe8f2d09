"""To whom a session is lent: two boxes on one would each hear half of what comes."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Literal, Self

from voxpipe.pipeline import WiringError

_OBJECTIONS = {
    "open": "",
    "lent": "its session is lent to another box that runs: open one for each",
    "closed": (
        "its session is closed: run the pipeline within the `async with` that opens it"
    ),
    "used up": "its session has been closed by a box before it: open one for each run",
}
CLOSED = "the session was closed"
_CLOSED_EARLY = (
    "the session was closed here, by the end of its `async with`, while its pipeline "
    "still ran: keep it open until Pipeline.run() has returned, or cancel that before"
)


class Loan:
    """The state of one session; a context, at the end of which it is closed."""

    __slots__ = ("_ends", "_state")

    def __init__(self) -> None:
        self._state: Literal["open", "lent", "closed", "used up"] = "open"
        self._ends: list[Callable[[str], object]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._state = "closed"
        for end in tuple(self._ends):
            end(CLOSED)
        self._ends.clear()

    @property
    def objection(self) -> str:
        """Why a box cannot have it now; empty if it can."""
        return _OBJECTIONS[self._state]

    def at_close(self, end: Callable[[str], object]) -> None:
        """Have it called when the session is closed before it was lent to this one."""
        self._ends.append(end)

    @contextmanager
    def lent(self, name: str, end: Callable[[str], object]) -> Generator[None]:
        """Lend it while the block runs.

        Args:
            name: of the box that runs.
            end: what was given to `at_close`.

        Raises:
            WiringError: it is lent already, or closed.
        """
        if self.objection:
            raise WiringError(f"{name}: {self.objection}")
        if end in self._ends:
            self._ends.remove(end)
        self._state = "lent"
        try:
            yield
        finally:
            if self._state == "lent":
                self._state = "open"

    @property
    def closed_early(self) -> str:
        """Why the box that has it has lost it, if it was closed here; else empty."""
        return _CLOSED_EARLY if self._state == "closed" else ""

    def use_up(self) -> None:
        """The box that has it has asked the service to close it."""
        self._state = "used up"
