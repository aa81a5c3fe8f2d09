"""Voice pipelines around gpt-realtime: typed boxes joined by bounded queues.

What the first two pages of the README use is here, and is loaded when it is asked for;
all else is in `voxpipe.pipeline`, `voxpipe.processors`, `voxpipe.transports` and
`voxpipe.simulator`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .console.example import example_wav as example_wav
    from .pipeline import AudioFormat as AudioFormat
    from .pipeline import Input as Input
    from .pipeline import Pipeline as Pipeline
    from .pipeline import Processor as Processor
    from .pipeline import Transcript as Transcript
    from .processors.audio import Resample as Resample
    from .processors.realtime import Realtime as Realtime
    from .processors.realtime import open_session as open_session
    from .processors.realtime.money import Budget as Budget
    from .processors.tools import ToolRouter as ToolRouter
    from .processors.tools import tool as tool
    from .processors.vad import Vad as Vad
    from .simulator import simulated as simulated
    from .transports import WavSink as WavSink
    from .transports import WavSource as WavSource
    from .transports.telephony import Call as Call

__version__ = "0.1.0"

_WHERE = {
    "AudioFormat": "pipeline",
    "Budget": "processors.realtime.money",
    "Call": "transports.telephony",
    "Input": "pipeline",
    "Pipeline": "pipeline",
    "Processor": "pipeline",
    "Realtime": "processors.realtime",
    "Resample": "processors.audio",
    "ToolRouter": "processors.tools",
    "Transcript": "pipeline",
    "Vad": "processors.vad",
    "WavSink": "transports",
    "WavSource": "transports",
    "example_wav": "console.example",
    "open_session": "processors.realtime",
    "simulated": "simulator",
    "tool": "processors.tools",
}


if not TYPE_CHECKING:  # or a name that is misspelt would be no type error
    __all__ = [*_WHERE]

    def __getattr__(name):
        if name not in _WHERE:
            raise AttributeError(
                f"voxpipe has no {name}: its first door has {', '.join(__all__)}; the "
                "others are voxpipe.pipeline, .processors, .transports and .simulator"
            )
        return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)

    def __dir__():
        return sorted([*globals(), *__all__])
