"""An interpreter's session, recorded once and replayed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from voxpipe.pipeline import AudioFormat, AudioFrame, Pipeline, Transcript
from voxpipe.pipeline.testing import Probe, Source, run_virtual
from voxpipe.processors.realtime import (
    Service,
    Translate,
    open_translation,
)
from voxpipe.simulator import (
    Line,
    MemoryConnection,
    Script,
    ToneVoice,
    connect_in_memory,
)
from voxpipe.simulator.cassettes import recording, replay

SCRIPT = Script(replies=[Line(heard="Guten Abend.", say="Good evening.")])
SAID = ToneVoice().speak("Guten Abend.", "alloy", 1.0)
FORMAT = AudioFormat("pcm16", 24_000)


def simulated(address: object) -> MemoryConnection:
    return connect_in_memory(SCRIPT, ToneVoice(), kind="translation")


async def interpret(connect: Callable[..., Any]) -> tuple[list[str], float]:
    """What was said in both languages, and for how long the interpreter spoke."""
    microphone = Source([AudioFrame(data=SAID, format=FORMAT)], pace="real time")
    loudspeaker, subtitles = Probe(), Probe()
    async with open_translation(
        language="en",
        transcription="gpt-realtime-whisper",
        service=Service(api_key="sk-test"),
        connect=connect,
    ) as session:
        translate = Translate(session)
        await Pipeline(
            microphone.output >> translate.hears,
            translate.says >> loudspeaker.input,
            translate.transcripts >> subtitles.input,
        ).run(deadline=60)
    told: list[Transcript] = subtitles.frames
    frames: list[AudioFrame] = loudspeaker.frames
    return [each.text for each in told if each.final], sum(f.duration for f in frames)


def test_a_replayed_interpreter_says_what_was_recorded(tmp_path: Path) -> None:
    path = tmp_path / "interpreter.jsonl"
    recorded = run_virtual(interpret, recording(path, simulated))
    assert run_virtual(interpret, replay(path)) == recorded
    assert recorded[0] == ["Guten Abend.", "Good evening."]
    assert recorded[1] > 0.5
    assert '"audio_bytes"' in path.read_text()
    assert max(map(len, path.read_text().splitlines())) < 2000  # no sound in it
