"""A caller who says "mhm" while the agent speaks, and one who wants the floor."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from voxpipe.pipeline import (
    AudioFrame,
    CallerFrame,
    SpeechStarted,
    SpeechStopped,
    WiringError,
)
from voxpipe.processors.vad import BargeIn, Vad

RATE = 16_000
WINDOW = 0.02  # seconds of the frames, and of the windows of `Energy`


def spoken(*spans: tuple[float, float], seconds: float = 3.0) -> list[AudioFrame]:
    times = np.arange(round(seconds * RATE)) / RATE
    inside = np.zeros(len(times), bool)
    for begin, end in spans:
        inside |= (times >= begin) & (times < end)
    voice = np.where(inside, 0.3 * np.sin(2 * np.pi * 300 * times), 0.0)
    count = round(WINDOW * RATE)
    return [
        AudioFrame.of(voice[at : at + count], RATE, start=at / RATE)
        for at in range(0, len(voice), count)
    ]


class Agent:
    """Speaks until a moment of the caller's audio."""

    def __init__(self, until: float) -> None:
        self._until = until
        self.now = 0.0

    def is_speaking(self) -> bool:
        return self.now < self._until


def marks(
    frames: Iterable[AudioFrame], agent: Agent, **options: Any
) -> list[tuple[str, float, float]]:
    """Each mark, where it is, and when it was noticed."""
    vad = Vad(preroll=0.0, barge_in=BargeIn(agent.is_speaking, **options))
    found: list[tuple[str, float, float]] = []
    for frame in frames:
        agent.now = frame.start + frame.duration
        made: Iterable[CallerFrame] = vad.feed(frame)
        for each in made:
            if isinstance(each, SpeechStarted | SpeechStopped):
                kind = "started" if isinstance(each, SpeechStarted) else "stopped"
                found.append((kind, round(each.at, 2), round(agent.now, 2)))
    return found


MHM = (1.0, 1.2)


def test_a_backchannel_is_not_heard_while_the_agent_speaks() -> None:
    assert marks(spoken(MHM), Agent(until=9.0)) == []


def test_a_short_yes_is_heard_while_the_agent_is_silent() -> None:
    started, stopped = marks(spoken(MHM), Agent(until=0.5))
    assert started[:2] == ("started", 1.0)
    assert started[2] < 1.12
    assert stopped[:2] == ("stopped", 1.2)


def test_who_speaks_on_is_heard_from_their_first_sound() -> None:
    started, _ = marks(spoken((1.0, 2.0)), Agent(until=9.0), minimum=0.4)
    assert started[:2] == ("started", 1.0)
    assert started[2] == pytest.approx(1.4, abs=WINDOW)


def test_the_stops_within_words_do_not_begin_them_anew() -> None:
    words = spoken((1.0, 1.2), (1.3, 1.5), (1.6, 1.8))
    started, _ = marks(words, Agent(until=9.0), minimum=0.5)
    assert started[:2] == ("started", 1.0)
    assert started[2] == pytest.approx(1.7, abs=2 * WINDOW)


def test_two_backchannels_do_not_add_up() -> None:
    assert marks(spoken((1.0, 1.3), (1.8, 2.1)), Agent(until=9.0)) == []


def test_who_begins_as_the_agent_ends_is_heard_then() -> None:
    started, _ = marks(spoken((1.0, 1.6)), Agent(until=1.25))
    assert started[:2] == ("started", 1.0)
    assert started[2] == pytest.approx(1.26, abs=WINDOW)


def test_the_agent_in_the_callers_microphone_is_not_loud_enough() -> None:
    loud = spoken((1.0, 2.0))
    quiet = [AudioFrame.of(each.samples // 50, RATE, start=each.start) for each in loud]
    options = {"minimum": 0.1, "start": 0.999}
    assert marks(quiet, Agent(until=0.0), **options)
    assert marks(quiet, Agent(until=9.0), **options) == []
    assert marks(loud, Agent(until=9.0), **options)


async def asked_later() -> bool:
    return False


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"minimum": -0.1}, "minimum is seconds from 0 to 1.5, not -0.1"),
        ({"minimum": 300}, "minimum is seconds from 0 to 1.5, not 300"),
        ({"minimum": float("nan")}, "not nan"),
        ({"start": 0.0}, "start is a probability between 0 and 1, not 0.0"),
        ({"start": 1}, "not 1"),
        ({"when": False}, r"such as model.is_speaking \(without brackets\), not bool"),
        ({"when": asked_later}, r"model.is_speaking .*, not an async one"),
    ],
)
def test_what_cannot_be_is_refused(options: Any, says: str) -> None:
    with pytest.raises(WiringError, match=says):
        BargeIn(**({"when": bool} | options))
