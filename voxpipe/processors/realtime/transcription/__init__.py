"""A transcriber in the pipeline: hears speech, tells words, answers nobody."""

from .processor import Transcribe
from .session import TranscriptionSession, open_transcription

__all__ = ["Transcribe", "TranscriptionSession", "open_transcription"]
