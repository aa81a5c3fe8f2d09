"""The system's sound by PortAudio, through sounddevice: the one file that knows both.

A stream for each direction: one for both must take the clock of one device for the
other, and on PulseAudio it began with an underrun in nine of ten tries (November 2026).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from threading import Event, Lock
from typing import Any, TypeVar

from anyio import CancelScope, CapacityLimiter, move_on_after

from voxpipe.pipeline import AudioFormat
from voxpipe.pipeline.runtime.loop import one_per_loop
from voxpipe.pipeline.runtime.threads import run_in_thread

from .devices import Device, DeviceError, Kind
from .driver import BLOCK, DeviceStream, Give, Gone, Take

T = TypeVar("T")

# Seconds that a device keeps: three blocks, so that a hiccup of Python's is not heard.
LATENCY = 0.06
OPEN_TIMEOUT = 10.0  # seconds; a sound server that hangs never answers
CLOSE_TIMEOUT = 2.0  # seconds

_BELIEVED = 2.0  # seconds; a device that claims to be later than this has no clock
_EXTRA = "the microphone is an extra: pip install 'voxpipe[mic]'"
_LIBRARY = (
    "the library PortAudio is missing: sudo apt-get install libportaudio2 (Debian, "
    "Ubuntu), sudo dnf install portaudio (Fedora); on macOS and Windows sounddevice "
    "brings it"
)

_lock = Lock()  # PortAudio opens and closes one at a time
_threads = one_per_loop("voxpipe sound", lambda: CapacityLimiter(4))


class PortAudio:
    """The devices that PortAudio sees; what was plugged in before the first look."""

    async def devices(self) -> Sequence[Device]:
        """As `Driver.devices`."""
        return await _blocking(_devices, OPEN_TIMEOUT, "list its devices")

    async def record(
        self, device: Device, format: AudioFormat, take: Take, gone: Gone
    ) -> DeviceStream:
        """As `Driver.record`."""

        def callback(data: Any, _frames: int, time: Any, status: Any) -> None:
            age = time.currentTime - time.inputBufferAdcTime
            if not 0.0 < age < _BELIEVED:
                age = LATENCY
            take(bytes(data), age, bool(status.input_overflow))

        return await _open("microphone", device, format, callback, gone)

    async def play(
        self, device: Device, format: AudioFormat, give: Give, gone: Gone
    ) -> DeviceStream:
        """As `Driver.play`."""

        def callback(data: Any, _frames: int, time: Any, status: Any) -> None:
            delay = time.outputBufferDacTime - time.currentTime
            if not 0.0 < delay < _BELIEVED:
                delay = LATENCY
            data[:] = give(len(data), delay, bool(status.output_underflow))

        return await _open("loudspeaker", device, format, callback, gone)


class _Stream:
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def close(self) -> None:
        # A device that has gone may not let go of us either: then it is left behind.
        with move_on_after(CLOSE_TIMEOUT, shield=True):
            await run_in_thread(self.end, limiter=_threads(), name="voxpipe sound")

    def end(self) -> None:
        """Blocks."""
        with _lock:
            self._stream.abort(ignore_errors=True)  # to stop would play on, up to 2 s
            self._stream.close(ignore_errors=True)


async def _open(
    kind: Kind, device: Device, format: AudioFormat, callback: Any, gone: Gone
) -> DeviceStream:
    abandoned = Event()

    def opened() -> _Stream:
        sound = _sounddevice()
        make = sound.RawInputStream if kind == "microphone" else sound.RawOutputStream
        # What Windows' own mixer does not convert by itself, it does when asked.
        extra = (
            sound.WasapiSettings(auto_convert=True)
            if "WASAPI" in device.system
            else None
        )
        try:
            with _lock:
                stream = make(
                    device=device.number,
                    samplerate=format.rate,
                    channels=format.channels,
                    dtype="int16",
                    blocksize=round(BLOCK * format.rate),
                    latency=LATENCY,
                    callback=callback,
                    finished_callback=gone,
                    extra_settings=extra,
                )
                stream.start()
        except (sound.PortAudioError, ValueError) as error:
            raise _refused(kind, device, format, error) from error
        made = _Stream(stream)
        if abandoned.is_set():
            made.end()
        return made

    streams: list[DeviceStream] = []
    try:
        with CancelScope(shield=True):  # or it would be open with nobody to close it
            streams.append(await _blocking(opened, OPEN_TIMEOUT, f"open {device}"))
    except DeviceError:
        abandoned.set()
        raise
    return streams[0]


def _refused(
    kind: Kind, device: Device, format: AudioFormat, error: Exception
) -> DeviceError:
    words = str(error).lower()
    cure = "is it in use by another program?"
    if "sample rate" in words or "channels" in words:
        cure = (
            f"it has {device.rate} Hz by itself: choose a device that converts, such "
            f"as `default` or `pulse`, or give the box rate={device.rate} and draw a "
            "Resample behind it"
        )
    return DeviceError(
        f"{kind} {device} cannot be used with {format} ({error}): {cure}"
    )


async def _blocking(function: Callable[[], T], seconds: float, what: str) -> T:
    """Call what may hang with a broken sound server.

    Raises:
        DeviceError: it does.
    """
    with move_on_after(seconds):
        return await run_in_thread(function, limiter=_threads(), name="voxpipe sound")
    raise DeviceError(f"the system's sound did not {what} within {seconds:g} s")


def _devices() -> Sequence[Device]:
    sound = _sounddevice()
    try:
        with _lock:
            systems = sound.query_hostapis()
            found = sound.query_devices()
    except sound.PortAudioError as error:
        raise DeviceError(f"the system's sound cannot be had: {error}") from error
    recording, playing = sound.default.device
    return [
        Device(
            number=number,
            name=str(each["name"]),
            system=str(systems[each["hostapi"]]["name"]),
            inputs=int(each["max_input_channels"]),
            outputs=int(each["max_output_channels"]),
            rate=round(each["default_samplerate"]),
            default_for=_default_for(number, recording, playing),
        )
        for number, each in enumerate(found)
    ]


def _default_for(number: int, recording: int, playing: int) -> tuple[Kind, ...]:
    kinds: list[Kind] = []
    if number == recording:
        kinds.append("microphone")
    if number == playing:
        kinds.append("loudspeaker")
    return tuple(kinds)


def _sounddevice() -> Any:
    """sounddevice, which looks for the devices when it is imported.

    Raises:
        DeviceError: it, or what it needs, is not installed; says how to.
    """
    try:
        return import_module("sounddevice")
    except ImportError as error:
        raise DeviceError(_EXTRA) from error
    except OSError as error:
        raise DeviceError(_LIBRARY) from error
