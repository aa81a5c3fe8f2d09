"""Boxes that change the samples of audio and nothing else about it."""

from .channels import Mono, Stereo
from .chunks import Chunks
from .g711 import Decode, Encode
from .gain import Gain
from .resample import Resample

__all__ = ["Chunks", "Decode", "Encode", "Gain", "Mono", "Resample", "Stereo"]
