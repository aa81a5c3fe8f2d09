"""The figure of an interruption, from the recording."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from voxpipe.console.demo.barge_in import silent_after_ms

RATE = 24_000


def recording(
    *, caller: tuple[float, float], agent: tuple[tuple[float, float], ...]
) -> NDArray[np.int16]:
    """Ten seconds; who is heard from when to when."""
    sides = np.zeros((10 * RATE, 2), np.int16)
    for side, heard in ((0, (caller,)), (1, agent)):
        for start, end in heard:
            sides[round(start * RATE) : round(end * RATE), side] = 5_000
    return sides


@pytest.mark.parametrize("next_reply", [(), ((5.45, 6.0),)])
def test_it_is_from_the_callers_first_sound_to_the_agents_last(
    next_reply: tuple[tuple[float, float], ...],
) -> None:
    sides = recording(caller=(5.0, 7.0), agent=((1.0, 5.083), *next_reply))
    assert silent_after_ms(sides, RATE, 5.08) == pytest.approx(83, abs=0.1)


def test_what_the_caller_said_before_does_not_count() -> None:
    sides = recording(caller=(5.0, 7.0), agent=((1.0, 5.08),))
    sides[round(4.6 * RATE) : round(4.7 * RATE), 0] = 5_000
    assert silent_after_ms(sides, RATE, 5.08) == pytest.approx(80, abs=0.1)


@pytest.mark.parametrize(
    ("caller", "agent"),
    [((8.0, 9.0), (1.0, 5.0)), ((5.0, 7.0), (1.0, 4.9)), ((5.0, 7.0), (5.4, 6.0))],
)
def test_where_one_of_them_is_not_heard_there_is_no_figure(
    caller: tuple[float, float], agent: tuple[float, float]
) -> None:
    sides = recording(caller=caller, agent=(agent,))
    assert silent_after_ms(sides, RATE, 5.08) is None


def test_an_interruption_at_the_very_beginning_is_no_error() -> None:
    assert silent_after_ms(np.zeros((0, 2), np.int16), RATE, 0.0) is None
