"""Keys that belong together are told together, and each is told once."""

from __future__ import annotations

import math
from typing import Any

import pytest
from anyio import current_time, sleep

from voxpipe.pipeline import Dtmf, Output, Pipeline, Processor, Text, WiringError
from voxpipe.pipeline.testing import Probe, run_virtual
from voxpipe.processors.keypad import Keys
from voxpipe.processors.realtime import Realtime, open_session
from voxpipe.processors.realtime.transcription import Transcribe
from voxpipe.processors.realtime.translation import Translate
from voxpipe.simulator import simulated


class Hand(Processor):
    """Presses keys; a space is a second without."""

    output = Output[Dtmf]()

    def __init__(self, keys: str) -> None:
        self._keys = keys

    async def run(self) -> None:
        for key in self._keys:
            if key == " ":
                await sleep(1)
            else:
                await self.output.send(Dtmf(digit=key))


def told(keys: str, **options: Any) -> list[str]:
    """What is told of these keys."""
    probe = Probe()

    async def press() -> None:
        box = Keys(text="{keys}", **options)
        await Pipeline(Hand(keys).output >> box >> probe.input).run()

    run_virtual(press)
    return [frame.text for frame in probe.frames]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("", []),
        ("1", ["1"]),
        ("1234#", ["1234"]),
        ("12#34#", ["12", "34"]),
        ("1 2  3#", ["123"]),
        ("12    34", ["12", "34"]),
        ("#", ["#"]),
        ("1##", ["1", "#"]),
        ("    *9", ["*9"]),
        ("7" * 70, ["7" * 64, "7" * 6]),
    ],
)
def test_a_number_ends_with_its_key_or_with_a_pause(
    keys: str, words: list[str]
) -> None:
    assert told(keys) == words


def test_a_menu_has_numbers_of_one_key_and_a_pin_may_take_its_time() -> None:
    assert told("12#", most=1) == ["1", "2", "#"]
    assert told("12      34#", pause=math.inf) == ["1234"]
    assert told("1#2", end="") == ["1#2"]


def test_a_pause_is_told_when_it_is_one() -> None:
    async def press() -> float:
        class Ear(Processor):
            def __init__(self) -> None:
                self.at = 0.0

            input = Probe.input

            async def run(self) -> None:
                await self.input.receive()
                self.at = current_time()

        ear, began = Ear(), current_time()
        await Pipeline(Hand("12" + 9 * " ").output >> Keys() >> ear.input).run()
        return ear.at - began

    assert run_virtual(press) == pytest.approx(3.0)


def test_the_model_answers_what_was_pressed() -> None:
    async def call() -> list[str]:
        async with open_session(output="text", connect=simulated()) as session:
            model, words = Realtime(session), Probe()
            await Pipeline(
                Hand("42#").output >> Keys() >> model.reads,
                model.writes >> words.input,
            ).run()
        return [frame.text for frame in words.frames if isinstance(frame, Text)]

    assert "".join(run_virtual(call)) == "I have pressed 42 on my telephone."


@pytest.mark.parametrize(
    "options",
    [{"end": "x"}, {"end": "12"}, {"pause": 0}, {"most": 0}, {"text": "pressed"}],
)
def test_what_cannot_be_meant_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(WiringError, match="Keys tells a model what is pressed"):
        Keys(**options)


def test_keys_drawn_into_the_ear_of_a_model_are_told_their_way() -> None:
    async def call() -> None:
        async with open_session(connect=simulated()) as session:
            model = Realtime(session)
            Pipeline(Hand("1").output >> model.hears, model.says >> Probe().input)

    with pytest.raises(WiringError) as caught:
        run_virtual(call)
    assert str(caught.value) == (
        "realtime.hears takes AudioFrame or SpeechStarted or SpeechStopped, and from "
        "hand.output comes Dtmf, which it would not heed: draw `hand.output >> Keys() "
        ">> realtime.reads`"
    )


def test_no_box_of_the_service_hears_keys() -> None:
    for box in (Realtime, Transcribe, Translate):
        assert Dtmf not in box.hears.takes
