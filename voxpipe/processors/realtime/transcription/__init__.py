"""A transcriber in the pipeline: hears speech, tells words, answers nobody."""

from .processor import Transcribe
from .session import TranscriptionSession, open_transcription

__all__ = ["Transcribe", "TranscriptionSession", "open_transcription"]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this
