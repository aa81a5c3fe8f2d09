"""Voice pipelines around gpt-realtime: typed boxes joined by bounded queues.

What the first two pages of the README use is here, and is loaded when it is asked for;
all else is in `voxpipe.pipeline`, `voxpipe.processors`, `voxpipe.transports` and
`voxpipe.simulator`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .pipeline import AudioFormat, Pipeline
    from .processors.audio import Resample
    from .processors.realtime import Realtime, open_session
    from .processors.tools import ToolRouter, tool
    from .processors.vad import Vad
    from .simulator import simulated
    from .transports import WavSink, WavSource
    from .transports.telephony import Call

__all__ = [
    "AudioFormat",
    "Call",
    "Pipeline",
    "Realtime",
    "Resample",
    "ToolRouter",
    "Vad",
    "WavSink",
    "WavSource",
    "open_session",
    "simulated",
    "tool",
]
__version__ = "0.1.0"

_WHERE = {
    "AudioFormat": "pipeline",
    "Call": "transports.telephony",
    "Pipeline": "pipeline",
    "Realtime": "processors.realtime",
    "Resample": "processors.audio",
    "ToolRouter": "processors.tools",
    "Vad": "processors.vad",
    "WavSink": "transports",
    "WavSource": "transports",
    "open_session": "processors.realtime",
    "simulated": "simulator",
    "tool": "processors.tools",
}


if not TYPE_CHECKING:  # or a name that is misspelt would be no type error

    def __getattr__(name):
        if name not in _WHERE:
            raise AttributeError(
                f"voxpipe has no {name}: its first door has {', '.join(__all__)}; the "
                "others are voxpipe.pipeline, .processors, .transports and .simulator"
            )
        return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)

    def __dir__():
        return sorted([*globals(), *__all__])
