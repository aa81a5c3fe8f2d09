"""Who speaks when: marks in the stream where speech begins and ends.

The neural engine is in ``voxpipe.processors.vad.silero`` (``voxpipe[silero]``).
"""

from .energy import Energy
from .engine import Engine, Listener
from .vad import Vad

__all__ = ["Energy", "Engine", "Listener", "Vad"]
