"""How soon the agent falls silent when it is interrupted, measured in the recording."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LOUD = 300  # of 32,767: 40 dB below full scale; softer is breath and noise
BEFORE = 1.0  # seconds before the cut in which the caller can have begun
AFTER = 0.5  # seconds after it in which the agent can still be heard
PAUSE = 0.1  # seconds without sound before somebody begins to speak
BREATH = 0.3  # seconds of pause within a reply, such as at a comma


def silent_after_ms(sides: NDArray[np.int16], rate: int, at: float) -> float | None:
    """From the caller's first loud sample to the agent's last one, in milliseconds.

    Args:
        sides: the recording, of shape ``(n, 2)``: the caller, the agent.
        rate: samples per second.
        at: seconds from its start to the interruption.

    Returns:
        ``None`` where either is not to be heard: nobody spoke, or not just then.
    """
    begin, cut = round(max(at - BEFORE, 0.0) * rate), round(at * rate)
    caller = _loud(sides[begin:cut, 0])
    if not len(caller):
        return None
    # Somebody who begins was silent before; the last such moment counts.
    breaks = np.flatnonzero(np.diff(caller) > PAUSE * rate)
    first = begin + int(caller[breaks[-1] + 1 if len(breaks) else 0])
    agent = _loud(sides[first : cut + round(AFTER * rate), 1])
    if not len(agent) or agent[0] > BREATH * rate:
        return None
    gaps = np.flatnonzero(np.diff(agent) > BREATH * rate)
    last = int(agent[gaps[0] if len(gaps) else -1])
    return last / rate * 1000


def _loud(samples: NDArray[np.int16]) -> NDArray[Any]:
    return np.flatnonzero(np.abs(samples.astype(np.int32)) > LOUD)
