"""Drawings around a model that are refused, with the cure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from voxpipe.pipeline import AudioFormat, Pipeline, WiringError
from voxpipe.pipeline.testing import Probe, Source
from voxpipe.processors.realtime import Realtime
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.tools import ToolRouter
from voxpipe.processors.vad import Vad
from voxpipe.transports import MemoryPhone

from .call import ULAW, session
from .talk import GREETS, run_virtual, weather

pytestmark = pytest.mark.usefixtures("either_loop")


Drawing = Callable[[MemoryPhone, Realtime], list[Any]]


def complaint(drawing: Drawing, **settings: Any) -> str:
    async def conversation() -> str:
        async with session(GREETS, **settings) as model:
            phone = MemoryPhone(PCM_24K)
            with pytest.raises(WiringError) as caught:
                Pipeline(model.says >> phone.speaks, *drawing(phone, model))
            return str(caught.value)

    return run_virtual(conversation)


def test_tools_that_nobody_runs_are_refused() -> None:
    assert complaint(
        lambda phone, model: [phone.heard >> model.hears],
        tools=ToolRouter([weather]).schemas,
    ) == (
        "the session declares tools and nobody takes the calls: draw "
        "`realtime.calls >> tools.calls` and `tools.results >> realtime.results`"
    )


def test_local_turns_that_nobody_marks_are_refused() -> None:
    assert complaint(
        lambda phone, model: [phone.heard >> model.hears], turn_detection="local"
    ) == (
        "turn detection is local and nobody marks speech: put Vad() in front of "
        "realtime.hears, or draw a branch of it into realtime.speech; a box of your "
        "own that marks it says so with `marks_speech = True` in its class"
    )


def in_front(phone: MemoryPhone, model: Realtime) -> list[Any]:
    return [phone.heard >> Vad() >> model.hears]


def beside(phone: MemoryPhone, model: Realtime) -> list[Any]:
    return [phone.heard >> model.hears, phone.heard >> Vad() >> model.speech]


@pytest.mark.parametrize(
    ("drawing", "cure"),
    [
        (
            in_front,
            "take Vad() out of what leads to realtime.hears, or draw it on a branch",
        ),
        (beside, "take away the route into realtime.speech"),
    ],
)
def test_two_owners_of_turn_taking_are_refused(drawing: Drawing, cure: str) -> None:
    assert complaint(drawing) == (
        "two owners of turn-taking: the service, and what marks speech in the "
        f'pipeline; open the session with turn_detection="local", or {cure}'
    )


def test_a_model_that_nobody_talks_to_is_refused() -> None:
    assert complaint(lambda phone, model: [phone.heard >> Probe().input]) == (
        "nothing feeds realtime.hears: draw a route that ends `>> realtime.hears`, or "
        "`>> realtime.reads` for a caller who writes"
    )


def test_audio_in_another_format_does_not_start() -> None:
    def routes(phone: MemoryPhone, model: Realtime) -> list[Any]:
        other = MemoryPhone(ULAW)
        return [
            other.heard >> model.hears,
            phone.heard >> Probe().input,
            Source([]).output >> other.speaks,
        ]

    assert complaint(routes) == (
        "memory_phone2.heard is ulaw 8000 Hz, realtime.hears takes pcm16 24000 Hz: "
        "put Decode() >> Resample(24000) between memory_phone2.heard and "
        'realtime.hears; or convert nothing, with open_session(audio=AudioFormat("ulaw"'
        ", 8000)): for a phone call, audio=call.format"
    )


def test_of_audio_that_no_session_speaks_only_boxes_are_told() -> None:
    def routes(phone: MemoryPhone, model: Realtime) -> list[Any]:
        other = MemoryPhone(AudioFormat("pcm16", 48_000))
        return [
            other.heard >> model.hears,
            phone.heard >> Probe().input,
            Source([]).output >> other.speaks,
        ]

    assert complaint(routes).endswith("between memory_phone2.heard and realtime.hears")
