"""What other programs make of our sound, and we of theirs: flite, espeak-ng and sox."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from voxpipe.pipeline import AudioFormat, AudioFrame, Pipeline, SpeechStarted
from voxpipe.pipeline.testing import Probe, Source, run_virtual
from voxpipe.processors.vad import Vad
from voxpipe.simulator.voices.speech import ProgramVoice

pytestmark = pytest.mark.system

QUESTION = "When are you open on Saturday?"
SPOKEN = AudioFormat("pcm16", 24_000)  # what a voice gives


@pytest.mark.parametrize("program", ["flite", "espeak-ng"])
def test_an_installed_voice_speaks_so_that_our_vad_hears_it(program: str) -> None:
    pcm = ProgramVoice(program).speak(QUESTION, "marin", 1.0)
    assert 1 < len(pcm) / SPOKEN.bytes_per_second < 4  # seconds, for six words
    size = SPOKEN.bytes_in(0.02)
    frames = [
        AudioFrame(data=pcm[at : at + size], format=SPOKEN, start=at / size * 0.02)
        for at in range(0, len(pcm), size)
    ]
    source, probe = Source(frames), Probe()
    run_virtual(Pipeline(source.output >> Vad() >> probe.input).run)
    assert any(isinstance(frame, SpeechStarted) for frame in probe.frames)


@pytest.mark.parametrize("program", ["flite", "espeak-ng"])
def test_an_installed_voice_hurries_when_told_to(program: str) -> None:
    voice = ProgramVoice(program)
    slow, fast = (len(voice.speak(QUESTION, "marin", speed)) for speed in (0.8, 1.4))
    assert fast < 0.8 * slow


def test_sox_hears_both_voices_in_what_a_demo_with_flite_leaves(tmp_path: Path) -> None:
    question = tmp_path / "question.wav"
    _run("flite", "-t", QUESTION, "-o", str(question))
    question.with_suffix(".txt").write_text(QUESTION + "\n")
    _run(sys.executable, "-m", "voxpipe", "demo", str(question), "--out", str(tmp_path))
    recording = str(tmp_path / "conversation.wav")
    assert _run("soxi", "-c", recording) == "2"
    assert _run("soxi", "-b", recording) == "16"
    # The question, its answer, and the silences that belong to a conversation.
    assert float(_run("soxi", "-D", recording)) > 2 * float(
        _run("soxi", "-D", str(question))
    )
    for channel, who in (("1", "the caller"), ("2", "the agent")):
        assert 0.05 < _peak(recording, channel) < 1, f"{who} is not to be heard"


def _peak(recording: str, channel: str) -> float:
    """The largest sample of a channel, by sox: 1 is full scale."""
    report = _run("sox", recording, "-n", "remix", channel, "stat")
    (line,) = (line for line in report.splitlines() if "Maximum amplitude" in line)
    return float(line.rpartition(":")[2])


def _run(*command: str) -> str:
    run = subprocess.run(
        command,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,  # where sox prints its statistics
        text=True,
        timeout=100,
    )
    assert run.returncode == 0, f"{command}:\n{run.stdout}"
    return run.stdout.strip()
