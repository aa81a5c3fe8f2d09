"""`voxpipe talk` in a room: a sound server of our own, with devices that make no sound.

The room is a stereo sink of PulseAudio: a person speaks on its left side, where the
microphone is, and the loudspeaker is on its right. One recording of it has both.
"""

from __future__ import annotations

import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from voxpipe import example_wav
from voxpipe.pipeline import AudioFormat
from voxpipe.transports import WavWriter

ROOT = Path(__file__).parents[1]
NEEDED = ("pulseaudio", "pactl", "paplay", "parec")
CURE = (
    "sudo apt-get install pulseaudio pulseaudio-utils libasound2-plugins libportaudio2"
)
RATE = 24_000
LONG = 6.0  # seconds that the app speaks which is to be interrupted
HANGS = 90.0  # seconds; a conversation here takes ten
MODULES = (
    "module-null-sink sink_name=room rate=48000 channels=2 "
    "channel_map=front-left,front-right",
    "module-remap-sink sink_name=mouth master=room channels=1 channel_map=mono "
    "master_channel_map=front-left remix=no",
    "module-remap-sink sink_name=speaker master=room channels=1 channel_map=mono "
    "master_channel_map=front-right remix=no",
    "module-remap-source source_name=ear master=room.monitor channels=1 "
    "channel_map=mono master_channel_map=front-left remix=no",
    # This one hears the loudspeaker, too, as microphones in rooms do.
    "module-remap-source source_name=table master=room.monitor channels=1 "
    "channel_map=mono master_channel_map=front-right remix=no",
    "module-native-protocol-unix",
)
APPS = """
import sys
from voxpipe.pipeline import Input, Pipeline, Processor, AudioFrame, ReplyEnd, Turn
from voxpipe.pipeline.testing import Source
from voxpipe.transports import read_wav
from voxpipe.processors.audio import Resample

class CutsWhenSpokenTo(Processor):
    heard = Input[AudioFrame]()
    def __init__(self, turn):
        self.turn = turn
    async def run(self):
        async for frame in self.heard:
            if abs(frame.samples.astype(int)).max() > 3_000:
                self.turn.cut()
                print("cut")
                return

async def long_speech(call):
    format, data = read_wav("speech.wav")
    turn, frames = Turn("r"), []
    for at in range(0, len(data), 9_600):
        piece = data[at : at + 9_600]
        start = turn.grow(len(piece) / format.bytes_per_second)
        frames.append(AudioFrame(data=piece, format=format, start=start, turn=turn))
    source, listener = Source([*frames, ReplyEnd(turn=turn)]), CutsWhenSpokenTo(turn)
    print("begins")
    await Pipeline(
        source.output >> Resample(24_000) >> call.speaks, call.heard >> listener.heard
    ).run()
"""

pytestmark = pytest.mark.system


@dataclass(frozen=True)
class Room:
    """A sound server with the devices of a room."""

    environment: dict[str, str]
    folder: Path

    def run(self, *command: str) -> str:
        done = subprocess.run(
            command, env=self.environment, check=True, capture_output=True, timeout=60
        )
        return done.stdout.decode()

    def say(self, wav: str | Path) -> None:
        """A person says this; returns when it was said."""
        self.run("paplay", "-d", "mouth", str(wav))

    @contextmanager
    def recorded(self) -> Generator[Path]:
        """Both sides, as long as this block."""
        path = self.folder / "room.raw"
        command = ("parec", "-d", "room.monitor", f"--rate={RATE}", "--channels=2")
        with path.open("wb") as file:
            recorder = subprocess.Popen(
                (*command, "--format=s16le", "--latency-msec=20"),
                env=self.environment,
                stdout=file,
            )
            while not path.stat().st_size:
                self.run("pactl", "info")
            try:
                yield path
            finally:
                recorder.send_signal(signal.SIGINT)
                recorder.wait(10)

    @contextmanager
    def talk(self, *arguments: str, stdin: int | None = None) -> Generator[Any]:
        """The command, and what it prints."""
        process = subprocess.Popen(
            [sys.executable, "-m", "voxpipe", "talk", *arguments],
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        timer = Timer(HANGS, process.kill)  # ends who reads what it says
        timer.start()
        try:
            yield process
        finally:
            timer.cancel()
            process.kill()
            process.communicate()


def until(process: Any, words: str) -> str:
    """What it prints up to a line with these words."""
    told = ""
    for line in map(str, process.stdout):
        told += line
        if words in line:
            return told
    raise AssertionError(f"expected {words!r}, it ended with:\n{told}")


def ended(process: Any) -> str:
    """Ctrl-C, and what it prints then."""
    process.send_signal(signal.SIGINT)
    told = str(process.stdout.read())
    assert process.wait(30) == 0, told
    return told


def tone(seconds: float) -> bytes:
    """A hum without a pause."""
    times = np.arange(round(seconds * RATE)) / RATE
    samples = 8_000 * np.sin(2 * np.pi * 440 * times)
    return bytes(samples.astype("<i2").tobytes())


def sides(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The person, and the loudspeaker."""
    data = path.read_bytes()
    both = np.frombuffer(data[: len(data) // 4 * 4], "<i2").reshape(-1, 2)
    return both[:, 0].astype(np.float64), both[:, 1].astype(np.float64)


def likeness(heard: NDArray[np.float64], said: NDArray[np.float64]) -> float:
    """How much like ``said`` is what was heard, wherever it is: 1 if it is the same.

    The median over parts of 0.3 s: the sound server of a busy machine drops a block.
    """
    size = 1 << (len(heard) + len(said)).bit_length()
    whole, step, found = np.fft.rfft(heard, size), RATE * 3 // 10, list[float]()
    for begin in range(0, len(said) - step + 1, step):
        part = said[begin : begin + step]
        spectrum = whole * np.conj(np.fft.rfft(part, size))
        at = int(np.argmax(np.fft.irfft(spectrum, size)[: len(heard) - step]))
        there = heard[at : at + step]
        loudness = np.sqrt((there @ there) * (part @ part))
        if loudness:
            found.append(float(there @ part / loudness))
    return float(np.median(found))


@pytest.fixture
def room(tmp_path: Path) -> Generator[Room]:
    missing = [each for each in NEEDED if shutil.which(each) is None]
    if missing:
        pytest.skip(f"there is no {missing[0]}: {CURE}")
    # Names of sockets are short: pytest's folders are not.
    with tempfile.TemporaryDirectory() as short:
        home = Path(short)
        home.chmod(0o700)
        lines = "pcm.!default { type pulse }\nctl.!default { type pulse }\n"
        (home / ".asoundrc").write_text(lines)
        kept = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
        environment = kept | {
            "HOME": short,
            "XDG_RUNTIME_DIR": short,
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "OPENAI_API_KEY": "",
        }
        server = subprocess.Popen(
            [
                *("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1"),
                *(part for each in MODULES for part in ("-L", each)),
            ],
            env=environment,
            stderr=subprocess.DEVNULL,
        )
        try:
            made = Room(environment, tmp_path)
            while subprocess.run(
                ("pactl", "info"), env=environment, capture_output=True, check=False
            ).returncode:
                assert server.poll() is None, "the sound server has ended"
            made.run("pactl", "set-default-sink", "speaker")
            made.run("pactl", "set-default-source", "ear")
            (tmp_path / "apps.py").write_text(APPS)
            format = AudioFormat("pcm16", RATE)
            with (
                (tmp_path / "speech.wav").open("wb") as file,
                WavWriter(file, format) as wav,
            ):
                wav.write(tone(LONG))
            # A sink that begins to run makes the room drop a block: it always runs.
            silence = ("pacat", "-d", "mouth", "--latency-msec=20", "/dev/zero")
            with subprocess.Popen(silence, env=environment) as always:
                try:
                    yield made
                finally:
                    always.kill()
        finally:
            server.terminate()
            server.wait(10)


def test_the_devices_are_listed(room: Room) -> None:
    told = room.run(sys.executable, "-m", "voxpipe", "talk", "--devices")
    microphones, _, loudspeakers = told.partition("loudspeakers:")
    for part in (microphones, loudspeakers):
        assert re.search(r"^\* +\d+  default +ALSA, \d+ Hz$", part, re.M)
        assert re.search(r"^ +\d+  pulse +ALSA, ", part, re.M)


def test_what_is_said_is_answered_and_the_answer_is_what_was_recorded(
    room: Room,
) -> None:
    with room.recorded() as recording, room.talk("--simulator") as talk:
        until(talk, "< Hello, you are talking to voxpipe.")
        room.say(example_wav())
        told = until(talk, "< I heard")
        assert re.search(r"> \(speech, 2\.[3-6] s\)\n< I heard 2\.[3-6] seconds", told)
        table = ended(talk)
    assert re.search(r"^    < I heard 2\.[3-6] seconds of speech", table, re.M)
    # The same words from the same voice, without a sound card.
    pipe = subprocess.run(
        [sys.executable, "-m", "voxpipe", "talk", "--stdin", "--simulator"],
        input=bytes(6 * RATE * 2),
        env=room.environment,
        check=True,
        capture_output=True,
        timeout=60,
    )
    greeting = np.frombuffer(pipe.stdout, "<i2").astype(np.float64)
    _, heard = sides(recording)
    assert likeness(heard, greeting) > 0.9


def test_an_interruption_is_heard_as_silence_and_what_was_heard_is_known(
    room: Room,
) -> None:
    with (
        room.recorded() as recording,
        room.talk("apps:long_speech", "--headphones") as talk,
    ):
        until(talk, "begins")
        while not np.abs(sides(recording)[1]).max(initial=0) > 3_000:
            room.run("pactl", "info")
        room.say(example_wav())
        until(talk, "cut")
        table = str(talk.stdout.read())
        assert talk.wait(30) == 0
    person, agent = sides(recording)
    spoken = np.flatnonzero(np.abs(person) > 3_000)[0]
    sounding = np.flatnonzero(np.abs(agent) > 100)
    assert (sounding[-1] - spoken) / RATE < 0.5  # both buffers, and a busy machine
    found = re.search(r"heard ([\d.]+) of ([\d.]+) s \(measured\)", table)
    assert found is not None, table
    told, whole = map(float, found.groups())
    assert whole == LONG
    sounded = (sounding[-1] - sounding[0]) / RATE
    # It is told in tenths; the sound server of a busy machine drops, or adds, a block.
    assert told == pytest.approx(sounded, abs=0.15)


def test_on_a_loudspeaker_it_does_not_interrupt_itself_and_with_headphones_it_would(
    room: Room,
) -> None:
    room.run("pactl", "set-default-source", "table")
    with room.talk("apps:long_speech") as talk:
        told = str(talk.stdout.read())
        assert talk.wait(30) == 0
    assert "(measured)" not in told  # nothing was cut
    with room.talk("apps:long_speech", "--headphones") as talk:
        until(talk, "cut")


def test_who_is_muted_is_not_answered(room: Room) -> None:
    theirs, ours = pty.openpty()
    with (
        os.fdopen(theirs, "wb", 0) as person,
        room.talk("--simulator", stdin=ours) as talk,
    ):
        os.close(ours)
        until(talk, "< Hello, you are talking to voxpipe.")
        person.write(b" ")
        room.say(example_wav())
        person.write(b" ")
        room.say(example_wav())
        told = until(talk, "< I heard") + ended(talk)
    assert told.count("> (speech") == 2  # said once, and once in the table


def test_a_device_that_is_unplugged_ends_it_with_an_error(room: Room) -> None:
    with room.talk("--simulator") as talk:
        until(talk, "< Hello, you are talking to voxpipe.")
        room.run("pactl", "unload-module", "module-null-sink")
        told = str(talk.stdout.read())
        assert talk.wait(30) == 1
    assert re.search(r"voxpipe: \w+ 'default' \(\d+\) has gone: was it unplugged", told)
    assert "Traceback" not in told
    assert "Expression" not in told  # PortAudio's own words
    assert "Turns:" in told
