"""Who looks at what runs from outside of its pipeline: a page, a window.

Whoever shows a call puts an observer around the app. What runs in it, however deep,
tells the observer of itself and of its news, whether or not a route is drawn for them;
a context variable reaches from one to the other (as ``runtime/call_record.py``). When
nobody looks, that is one look-up for each run of a box.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from .audioframe import Frame
from .image import Image
from .processor import Processor

if TYPE_CHECKING:
    from .pipeline import Pipeline

Activity = Literal["listening", "hearing", "thinking", "speaking"]
"""What an agent does: nothing, it hears a person, it makes a reply, it is heard."""


class Observer:
    """Looks at what runs; each method does nothing until it is overridden.

    They are called at once, in no task of the observer's, and must neither wait nor
    raise.

    Attributes:
        wants: names of the ports whose frames it is to be told: what nobody wants is
            not made. Besides outputs there are ``results``, those that an agent is
            given by its tools; ``spoken``, what the caller has said when the words are
            still to come; and ``faults``, replies that have failed.
    """

    wants: frozenset[str] = frozenset()

    def starts(self, pipeline: Pipeline) -> None:
        """A pipeline is about to run; it can be watched from now on."""

    def begun(self, box: Processor) -> None:
        """A box that tells of itself begins to run."""

    def ended(self, box: Processor) -> None:
        """It does not run any more."""

    def told(self, box: Processor, port: str, frame: Frame) -> None:
        """A frame for one of its ports; also when nobody else reads that."""

    def moved(self, box: Processor) -> None:
        """Something about it may be other than before, such as its `Activity`."""


@runtime_checkable
class Agent(Protocol):
    """A box that holds a conversation, and can be asked for more than audio."""

    @property
    def activity(self) -> Activity:
        """What it does now."""
        ...

    @property
    def transcribes(self) -> bool:
        """Whether it tells the words of the caller, too."""
        ...

    def interrupt(self) -> object:
        """Silence it now."""
        ...

    def send_text(self, text: str) -> object:
        """Say something in writing, as the caller, and ask for a reply."""
        ...

    def send_image(self, image: Image, text: str = "") -> object:
        """Show it a picture."""
        ...

    def ask(self) -> object:
        """Ask it for a reply."""
        ...


_OBSERVERS: ContextVar[tuple[Observer, ...]] = ContextVar(
    "voxpipe observers", default=()
)


@contextmanager
def observed(observer: Observer) -> Generator[None]:
    """Have what runs in this block, and in tasks started in it, looked at as well."""
    token = _OBSERVERS.set((*_OBSERVERS.get(), observer))
    try:
        yield
    finally:
        _OBSERVERS.reset(token)


def observers() -> tuple[Observer, ...]:
    """Who looks at what runs here."""
    return _OBSERVERS.get()
