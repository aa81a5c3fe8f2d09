"""What a session can be asked for, checked before anything is sent."""

from .changes import Changes, SessionOptions
from .models import (
    MODELS,
    Model,
    NameWarning,
    Retirement,
    RetirementWarning,
    model_named,
    retirement_of,
)
from .options import (
    McpChoice,
    NoiseReduction,
    Prompt,
    Retention,
    Tracing,
    Transcription,
)
from .settings import DEFAULT_MODEL, Settings
from .turn_detection import (
    SemanticVad,
    ServerVad,
    TurnDetection,
)

__all__ = [
    "DEFAULT_MODEL",
    "MODELS",
    "Changes",
    "McpChoice",
    "Model",
    "NameWarning",
    "NoiseReduction",
    "Prompt",
    "Retention",
    "Retirement",
    "RetirementWarning",
    "SemanticVad",
    "ServerVad",
    "SessionOptions",
    "Settings",
    "Tracing",
    "Transcription",
    "TurnDetection",
    "model_named",
    "retirement_of",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this
