"""Voices: audible, as long as they should be, and bounded in what they remember."""

from __future__ import annotations

import stat
import wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxpipe.simulator import ToneVoice, Voice, VoiceError, find_voice
from voxpipe.simulator.voices.espeak import EspeakVoice
from voxpipe.simulator.voices.speech import CachedVoice, ProgramVoice

WORDS = "Good evening, Trattoria Ada. How can I help you?"
VOICES: list[Voice] = [ToneVoice(), EspeakVoice()]


def seconds(pcm: bytes) -> float:
    return len(pcm) / 48_000


@pytest.mark.parametrize("voice", VOICES)
def test_a_voice_is_audible_and_takes_its_time(voice: Voice) -> None:
    pcm = voice.speak(WORDS, "alloy", 1.0)
    samples = np.frombuffer(pcm, "<i2").astype(float)
    assert 2.0 < seconds(pcm) < 4.5
    assert np.sqrt((samples**2).mean()) > 1000  # -30 dBFS
    assert np.abs(samples).max() < 32767


@pytest.mark.parametrize("voice", VOICES)
def test_speed_changes_the_duration(voice: Voice) -> None:
    slow, fast = (seconds(voice.speak(WORDS, "alloy", speed)) for speed in (0.5, 1.5))
    assert slow > 1.7 * fast


@pytest.mark.parametrize("voice", VOICES)
def test_names_sound_different(voice: Voice) -> None:
    assert voice.speak(WORDS, "alloy", 1.0) != voice.speak(WORDS, "marin", 1.0)


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize(
    "text", ["", " ", "\0", "…", "-x --version", "<b>&</b>", "日本"]
)
def test_odd_texts_are_spoken_or_silent(voice: Voice, text: str) -> None:
    assert len(voice.speak(text, "alloy", 1.0)) % 2 == 0


def test_tones_are_always_the_same_and_as_long_as_the_text() -> None:
    voice = ToneVoice()
    assert voice.speak(WORDS, "alloy", 1.0) == voice.speak(WORDS, "alloy", 1.0)
    once, twice = (seconds(voice.speak(WORDS * n, "alloy", 1.0)) for n in (1, 2))
    assert twice == pytest.approx(2 * once, rel=0.1)


@settings(max_examples=30)
@given(st.text(max_size=60), st.floats(0.25, 1.5))
def test_tones_never_pause_long_enough_to_end_a_turn(text: str, speed: float) -> None:
    samples = np.frombuffer(ToneVoice().speak(f"a{text}a", "alloy", 1.0), "<i2")
    loud = np.flatnonzero(np.abs(samples.astype(int)) > 300)
    gaps = np.diff(loud) / 24_000
    stops = sum(text.count(mark) for mark in ",;:.?!")
    assert gaps.max(initial=0) < 0.19 + 0.12 * max(0, stops - 1)


def test_espeak_serves_many_threads_one_at_a_time() -> None:
    voice = EspeakVoice()

    def length(text: str) -> int:
        return len(voice.speak(text, "ash", 1.0))

    texts = [f"Number {number}." for number in range(16)]
    with ThreadPoolExecutor(4) as pool:
        lengths = list(pool.map(length, texts))
    alone = [length(text) for text in texts]
    assert lengths == pytest.approx(alone, rel=0.02)


def test_the_best_voice_is_found_once() -> None:
    assert isinstance(find_voice(), EspeakVoice)
    assert find_voice() is find_voice()


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize("name", ["flite", "espeak-ng"])
def test_an_installed_program_can_speak(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(b"\1\0" * 16_000)
    # Both take the text in a file and the result's place behind -o or -w.
    program(tmp_path, name, f'for out; do :; done; cp {tmp_path}/a.wav "$out"')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    pcm = ProgramVoice(name).speak("-v\0 'x'", "alloy", 1.0)
    assert seconds(pcm) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("script", ["exit 1", "exit 0", "echo x > $6"])
def test_a_program_that_fails_is_a_voice_error(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "flite", script)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(VoiceError, match="flite could not speak"):
        ProgramVoice("flite").speak(WORDS, "alloy", 1.0)


def test_a_program_that_is_not_there_is_a_voice_error() -> None:
    with pytest.raises(VoiceError, match="not installed"):
        ProgramVoice("no-such-program")


class Counting:
    """A voice that counts, and speaks ten seconds whatever the text."""

    def __init__(self) -> None:
        self.times = 0

    def speak(self, text: str, voice: str, speed: float) -> bytes:
        self.times += 1
        return bytes(480_000)


def test_what_was_said_is_remembered_within_bounds() -> None:
    counting = Counting()
    voice = CachedVoice(counting)
    for _ in range(3):
        voice.speak("a", "alloy", 1.0)
    assert counting.times == 1
    assert voice.recall("a", "alloy", 1.0) is not None
    assert voice.recall("a", "marin", 1.0) is None
    for number in range(100):  # 48 MB
        voice.speak(str(number), "alloy", 1.0)
    assert voice.recall("a", "alloy", 1.0) is None
    kept = sum(voice.recall(str(n), "alloy", 1.0) is not None for n in range(100))
    assert 60 < kept < 75
