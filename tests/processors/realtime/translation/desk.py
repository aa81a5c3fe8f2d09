"""An interpreter for tests, and who reads all that it tells."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Transcript,
)
from voxpipe.pipeline.testing import Probe
from voxpipe.processors.realtime import Service
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.translation import (
    Translate,
    TranslationSession,
    open_translation,
)
from voxpipe.simulator import Line, Script, ToneVoice, simulated

from ..loops import BACKENDS
from .service import FakeService

TALK = Script(
    replies=(
        Line(heard="Guten Abend.", say="Good evening."),
        Line(heard="Wo ist der Bahnhof?", say="Where is the station?"),
    )
)
GOOD_EVENING = ToneVoice().speak("Good evening.", "interpreter", 1.0)
WRITER = "gpt-realtime-whisper"
both_loops = pytest.mark.parametrize("backend", BACKENDS)


def interpreter(
    script: Script = TALK, *, lifetime: float = 3600.0, **options: Any
) -> AbstractAsyncContextManager[TranslationSession]:
    """A session with the simulated one."""
    connect = simulated(script, seed=1, lifetime=lifetime)
    return open_translation(language="en", connect=connect, **options)


def served(service: FakeService) -> AbstractAsyncContextManager[TranslationSession]:
    return open_translation(
        language="en", service=Service(api_key="sk-x"), connect=service.connect
    )


def frames(audio: bytes, format: AudioFormat = PCM_24K) -> list[AudioFrame]:
    """As a telephone sends it: 20 ms each."""
    step = format.bytes_in(0.02)
    return [
        AudioFrame(data=audio[at : at + step], format=format)
        for at in range(0, len(audio), step)
    ]


def seconds_of(audio: bytes) -> float:
    return AudioFrame(data=audio, format=PCM_24K).duration


class Heard:
    """Reads all that an interpreter tells."""

    def __init__(self, box: Translate) -> None:
        self.says, self.words, self.usage = Probe(), Probe(), Probe()
        self.routes = (
            box.says >> self.says.input,
            box.transcripts >> self.words.input,
            box.usage >> self.usage.input,
        )

    def final(self, speaker: str) -> list[str]:
        told: Sequence[Transcript] = self.words.frames
        return [each.text for each in told if each.speaker == speaker and each.final]
