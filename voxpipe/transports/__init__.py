"""What touches the world: boxes whose other side is a file, a program or a network."""

from .memory import MemoryPhone
from .stream import StreamPhone
from .wav import WavError, WavHeader, read_header, read_wav
from .wav_sink import WavSink
from .wav_source import WavSource
from .wav_writer import WavWriter

__all__ = [
    "MemoryPhone",
    "StreamPhone",
    "WavError",
    "WavHeader",
    "WavSink",
    "WavSource",
    "WavWriter",
    "read_header",
    "read_wav",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this
