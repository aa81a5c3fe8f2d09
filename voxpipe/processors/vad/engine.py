"""What a `Vad` needs of the thing that tells speech from noise."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Listener(Protocol):
    """Listens to one stream for an engine, with what it remembers of it."""

    @property
    def window(self) -> int:
        """How many samples it wants at a time."""
        ...

    def probability(self, samples: NDArray[np.int16]) -> float:
        """How likely, from 0 to 1, somebody speaks in the next window of the stream."""
        ...


class Engine(Protocol):
    """Tells speech from noise; one may serve any number of streams."""

    @property
    def rates(self) -> tuple[int, ...]:
        """The sample rates in Hz that it understands; empty for any.

        The preferred one comes first: audio at others is resampled to that.
        """
        ...

    def listen(self, rate: int) -> Listener:
        """Begin with a new stream, mono at ``rate``."""
        ...
