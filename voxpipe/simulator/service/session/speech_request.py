"""What a session has a voice speak."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class SpeechRequest:
    """A text that somebody outside the session has to speak.

    Attributes:
        text: the words.
        voice: as the session names it; custom voices by their id.
        speed: 0.25 to 1.5.
    """

    text: str
    voice: str
    speed: float
