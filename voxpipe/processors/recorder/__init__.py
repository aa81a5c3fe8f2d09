"""A recording of both sides of a conversation."""

from .recorder import WavRecorder

__all__ = ["WavRecorder"]
