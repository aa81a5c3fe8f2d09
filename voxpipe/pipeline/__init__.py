"""The core: frames, turns, ports, routes, boxes and the pipeline that runs them."""

from .audio import AudioFormat, AudioRule, Encoding
from .audioframe import AudioFrame, Frame
from .errors import (
    ConfigurationError,
    FeedbackOverflow,
    FormatError,
    FrameError,
    ImageError,
    SessionLost,
    TransportError,
    TurnError,
    VoxpipeError,
    WiringError,
)
from .filters import Filter, Transform
from .frames import (
    CallerFrame,
    Dtmf,
    Fault,
    Interruption,
    ReplyEnd,
    ReplyFrame,
    ReplyStart,
    ReplyWanted,
    SpeechStarted,
    SpeechStopped,
    Text,
    ToolCall,
    ToolResult,
    ToolUpdate,
    Transcript,
    Usage,
)
from .image import Image
from .intake import Intake
from .ledger import Basis, PlayedItem, Timings
from .output import Output
from .pipeline import Pipeline
from .playout import Playout
from .ports import Input, PlayoutInput
from .processor import Processor
from .routes import OpenRoute, Route
from .stats import BoxStats, InputStats, OutputStats, Stats
from .turn import Turn

__all__ = [
    "AudioFormat",
    "AudioFrame",
    "AudioRule",
    "Basis",
    "BoxStats",
    "CallerFrame",
    "ConfigurationError",
    "Dtmf",
    "Encoding",
    "Fault",
    "FeedbackOverflow",
    "Filter",
    "FormatError",
    "Frame",
    "FrameError",
    "Image",
    "ImageError",
    "Input",
    "InputStats",
    "Intake",
    "Interruption",
    "OpenRoute",
    "Output",
    "OutputStats",
    "Pipeline",
    "PlayedItem",
    "Playout",
    "PlayoutInput",
    "Processor",
    "ReplyEnd",
    "ReplyFrame",
    "ReplyStart",
    "ReplyWanted",
    "Route",
    "SessionLost",
    "SpeechStarted",
    "SpeechStopped",
    "Stats",
    "Text",
    "Timings",
    "ToolCall",
    "ToolResult",
    "ToolUpdate",
    "Transcript",
    "Transform",
    "TransportError",
    "Turn",
    "TurnError",
    "Usage",
    "VoxpipeError",
    "WiringError",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this
