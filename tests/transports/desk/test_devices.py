"""Which device is meant, and what is said when none is."""

from __future__ import annotations

import pytest

from voxpipe.transports.desk import DeviceError
from voxpipe.transports.desk.devices import Kind, chosen

from .sound import DEVICES


@pytest.mark.parametrize(
    ("kind", "wish", "number"),
    [
        ("microphone", None, 0),
        ("loudspeaker", None, 0),
        ("microphone", 2, 2),
        ("microphone", "1", 1),
        ("microphone", "camera", 2),
        ("loudspeaker", "usb", 1),  # the camera has no loudspeaker
        ("loudspeaker", "HDMI", 3),
    ],
)
def test_a_device_is_chosen_by_number_or_by_a_part_of_its_name(
    kind: Kind, wish: int | str | None, number: int
) -> None:
    assert chosen(DEVICES, kind, wish).number == number


def test_a_whole_name_is_that_device_even_if_others_contain_it() -> None:
    long = DEVICES[0].__class__(7, "Built-in 2", "Fake", 1, 1, 48_000)
    assert chosen((*DEVICES, long), "microphone", "Built-in").number == 0


def test_without_a_default_the_first_one_that_fits_is_taken() -> None:
    assert chosen(DEVICES[1:], "microphone", None).number == 1


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ("usb", "more than one microphone is called like 'usb'.*\\(1\\).*\\(2\\)"),
        ("phone", "no microphone 'phone'; there are 'Built-in' \\(0\\)"),
        (3, "no microphone 3; there are"),  # which only plays
    ],
)
def test_what_is_not_there_is_told_with_what_is(wish: int | str, words: str) -> None:
    with pytest.raises(DeviceError, match=words):
        chosen(DEVICES, "microphone", wish)


def test_a_machine_without_sound_says_what_may_be_missing() -> None:
    with pytest.raises(DeviceError, match=r"expected a loudspeaker.*PipeWire"):
        chosen(DEVICES[2:3], "loudspeaker", None)
