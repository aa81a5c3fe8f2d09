"""Boxes that change the samples of audio and nothing else about it."""

from .channels import Mono, Stereo
from .g711 import Decode, Encode
from .gain import Gain
from .resample import Resample

__all__ = ["Decode", "Encode", "Gain", "Mono", "Resample", "Stereo"]
