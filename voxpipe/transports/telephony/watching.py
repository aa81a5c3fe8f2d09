"""Who looks at calls from beside the app: told of each, and of how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from voxpipe.pipeline.observer import Observer, observed

from .call import Call


class CallWatch(Observer):
    """Looks at one call; what runs in it is told to it as to any `Observer`."""

    def around(self) -> AbstractContextManager[object]:
        """The call is answered in this context, and its line is logged in it."""
        return observed(self)

    def over(self, end: str, failures: Mapping[str, int]) -> None:
        """The call is over, and its app has returned.

        Args:
            end: an `Ending`.
            failures: ``failed_replies``, ``tool_errors`` and ``faults``: how often.
        """


class CallWatcher(Protocol):
    """Looks at all calls of a switchboard."""

    def watch(self, call: Call, app: str) -> CallWatch:
        """A call is about to be answered.

        Args:
            call: the call.
            app: as ``module.name``.
        """
        ...
