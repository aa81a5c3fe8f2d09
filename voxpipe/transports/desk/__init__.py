"""This machine's microphone and loudspeaker: ``pip install 'voxpipe[mic]'``."""

from .call import DeskCall
from .devices import Device, DeviceError
from .driver import DeviceStream, Driver
from .microphone import Loudspeaker, Microphone
from .portaudio import PortAudio

__all__ = [
    "DeskCall",
    "Device",
    "DeviceError",
    "DeviceStream",
    "Driver",
    "Loudspeaker",
    "Microphone",
    "PortAudio",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this
