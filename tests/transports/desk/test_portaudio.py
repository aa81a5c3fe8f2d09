"""What is asked of sounddevice, and what is made of what it says: without sound."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event as ThreadEvent
from types import ModuleType
from typing import Any

import pytest

from voxpipe.pipeline import AudioFormat
from voxpipe.transports.desk import Device, DeviceError, PortAudio, portaudio
from voxpipe.transports.desk.portaudio import LATENCY

FORMAT = AudioFormat("pcm16", 24_000)
DEVICE = Device(1, "default", "ALSA", 2, 2, 44_100)


def no_take(_data: bytes, _age: float, _lost: bool) -> None:
    """Of a test in which nothing is recorded."""


def no_give(size: int, _delay: float, _dry: bool) -> bytes:
    """Of a test in which nothing is played."""
    return bytes(size)


def not_gone() -> None:
    """Of a device that stays."""


class PortAudioError(Exception):
    """As sounddevice's."""


@dataclass
class Status:
    input_overflow: bool = False
    output_underflow: bool = False


@dataclass
class Time:
    currentTime: float = 100.0
    inputBufferAdcTime: float = 99.97
    outputBufferDacTime: float = 100.05


@dataclass(eq=False)
class FakeStream:
    """What sounddevice opens."""

    asked: dict[str, Any]
    done: list[str] = field(default_factory=list[str])

    def start(self) -> None:
        self.done.append("start")

    def abort(self, *, ignore_errors: bool) -> None:
        self.done.append("abort")

    def close(self, *, ignore_errors: bool) -> None:
        self.done.append("close")


class SoundDevice(ModuleType):
    """The module, as far as it is used."""

    PortAudioError = PortAudioError

    def __init__(self) -> None:
        super().__init__("sounddevice")
        self.opened: list[FakeStream] = []
        self.open: Callable[[], None] = lambda: None
        self.default = type("default", (), {"device": (1, 0)})

    def query_hostapis(self) -> list[dict[str, Any]]:
        return [{"name": "ALSA"}]

    def query_devices(self) -> list[dict[str, Any]]:
        rates = {"default_samplerate": 44_100.0, "hostapi": 0}
        return [
            {"name": "HDMI", "max_input_channels": 0, "max_output_channels": 8} | rates,
            {"name": "mic", "max_input_channels": 1, "max_output_channels": 0} | rates,
        ]

    def RawInputStream(self, **asked: Any) -> FakeStream:
        self.open()
        self.opened.append(FakeStream(asked))
        return self.opened[-1]

    RawOutputStream = RawInputStream


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> SoundDevice:
    made = SoundDevice()
    monkeypatch.setitem(sys.modules, "sounddevice", made)
    return made


async def test_the_devices_are_those_of_the_system(sound: SoundDevice) -> None:
    assert await PortAudio().devices() == [
        Device(0, "HDMI", "ALSA", 0, 8, 44_100, ("loudspeaker",)),
        Device(1, "mic", "ALSA", 1, 0, 44_100, ("microphone",)),
    ]


async def test_a_block_is_taken_with_its_age_and_given_with_its_delay(
    sound: SoundDevice,
) -> None:
    taken: list[object] = []
    given: list[object] = []

    def take(*block: object) -> None:
        taken.append(block)

    def give(size: int, delay: float, dry: bool) -> bytes:
        given.append((size, delay, dry))
        return b"\x01" * size

    driver = PortAudio()
    record = await driver.record(DEVICE, FORMAT, take, not_gone)
    play = await driver.play(DEVICE, FORMAT, give, not_gone)
    heard, spoken = sound.opened
    assert heard.asked["device"] == 1
    assert (heard.asked["samplerate"], heard.asked["blocksize"]) == (24_000, 480)

    heard.asked["callback"](memoryview(b"ab"), 1, Time(), Status(input_overflow=True))
    assert taken == [(b"ab", pytest.approx(0.03), True)]

    block = bytearray(4)
    spoken.asked["callback"](block, 2, Time(), Status())
    # Of a device without a clock one takes what was asked for.
    spoken.asked["callback"](block, 2, Time(outputBufferDacTime=0.0), Status())
    assert block == b"\x01" * 4
    assert given == [(4, pytest.approx(0.05), False), (4, LATENCY, False)]

    await record.close()
    await play.close()
    assert heard.done == spoken.done == ["start", "abort", "close"]


async def test_a_rate_that_a_device_has_not_is_refused_with_the_cure(
    sound: SoundDevice,
) -> None:
    def refuse() -> None:
        raise PortAudioError("Invalid sample rate [PaErrorCode -9997]")

    sound.open = refuse
    with pytest.raises(DeviceError, match=r"'default' \(1\) .* 24000 Hz .*rate=44100"):
        await PortAudio().record(DEVICE, FORMAT, no_take, not_gone)


async def test_a_device_that_is_taken_is_told_so(sound: SoundDevice) -> None:
    def refuse() -> None:
        raise PortAudioError("Device unavailable [PaErrorCode -9985]")

    sound.open = refuse
    with pytest.raises(DeviceError, match="in use by another program"):
        await PortAudio().play(DEVICE, FORMAT, no_give, not_gone)


async def test_what_hangs_is_given_up_and_closed_when_it_opens_after_all(
    sound: SoundDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portaudio, "OPEN_TIMEOUT", 0.01)
    go_on = ThreadEvent()

    def hang() -> None:
        go_on.wait(10)

    sound.open = hang
    with pytest.raises(
        DeviceError, match=r"did not open 'default' \(1\) within 0.01 s"
    ):
        await PortAudio().record(DEVICE, FORMAT, no_take, not_gone)
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "sounddevice", sound)
    go_on.set()
    while not (sound.opened and "close" in sound.opened[0].done):
        await PortAudio().devices()  # which its lock lets in afterwards


async def test_without_the_extra_one_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(DeviceError, match=r"pip install 'voxpipe\[mic\]'"):
        await PortAudio().devices()


async def test_without_the_library_one_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def not_found(_: str) -> None:
        raise OSError("PortAudio library not found")

    monkeypatch.setattr(portaudio, "import_module", not_found)
    with pytest.raises(DeviceError, match="apt-get install libportaudio2"):
        await PortAudio().devices()
