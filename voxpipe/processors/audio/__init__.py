"""Boxes that change the samples of audio and nothing else about it."""

from .channels import Mono, Stereo
from .chunks import Chunks
from .g711 import Decode, Encode
from .gain import Gain
from .mix import Mix
from .resample import Resample

__all__ = [
    "Chunks",
    "Decode",
    "Encode",
    "Gain",
    "Mix",
    "Mono",
    "Resample",
    "Stereo",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this
