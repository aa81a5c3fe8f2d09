"""Who speaks when: marks in the stream where speech begins and ends.

The neural engine is in ``voxpipe.processors.vad.silero`` (``voxpipe[silero]``).
"""

from .barge_in import BargeIn
from .energy import Energy
from .engine import Engine, Listener
from .vad import Vad

__all__ = ["BargeIn", "Energy", "Engine", "Listener", "Vad"]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this
