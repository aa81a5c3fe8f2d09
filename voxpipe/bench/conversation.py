"""What simulated callers do: say this, hear that out, interrupt, press keys, wait.

In Python a sequence of steps; in YAML the same, one caller after the other::

    callers:
      - - listen
        - say: hours.wav             # a file beside this one
        - listen
        - say: Tell me the menu.     # words, spoken by the best voice there is
        - interrupt: book.wav        # over the reply, one second after it began
          after: 1.5                 # or so many
        - press: "42#"
        - pause: 2
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, cast

import yaml

from voxpipe.pipeline import AudioFormat, AudioFrame, ConfigurationError
from voxpipe.pipeline.frames import KEYS
from voxpipe.processors.audio import Decode, Mono, Resample
from voxpipe.simulator import find_voice
from voxpipe.simulator.protocol.json_types import is_array, is_object
from voxpipe.transports import read_wav
from voxpipe.transports.telephony.testing import Speech

PHONE_RATE = 8_000  # Hz
VOICE_RATE = 24_000  # Hz, of the voices
MAX_FILE = 1 << 20  # bytes of YAML


@dataclass(frozen=True, slots=True)
class Say:
    """Say something, when nobody else speaks.

    Attributes:
        audio: 8,000 Hz.
    """

    audio: Speech = field(repr=False)


@dataclass(frozen=True, slots=True)
class Listen:
    """Hear the agent out, if it says something."""


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Say something over a reply.

    Attributes:
        audio: 8,000 Hz.
        after: seconds of the reply.
    """

    audio: Speech = field(repr=False)
    after: float = 1.0


@dataclass(frozen=True, slots=True)
class Press:
    """Press keys."""

    keys: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Pause:
    """Say nothing for so many seconds."""

    seconds: float


Step = Say | Listen | Interrupt | Press | Pause
Conversation = Sequence[Step]
"""What one caller does, again and again until the call ends."""


@cache
def conversations() -> tuple[Conversation, ...]:
    """What callers do unless they are told: ask, ask on, interrupt, press a key, thank.

    With the recordings that come with voxpipe. Two of them, so that not all callers
    interrupt at the same moment of their calls.
    """
    names = ("1-hours", "2-menu", "3-book", "4-goodbye")
    hours, menu, book, goodbye = (_shipped(name) for name in names)
    return (
        (
            Say(goodbye),
            Interrupt(hours, 1.0),
            Listen(),
            Press("1"),
            Say(menu),
            Listen(),
            Say(book),
            Listen(),
        ),
        (
            Say(hours),
            Listen(),
            Say(menu),
            Interrupt(goodbye, 1.4),
            Listen(),
            Say(book),
            Listen(),
        ),
    )


def _shipped(name: str) -> Speech:
    return speech_of(recording(name))


def recording(name: str) -> Traversable:
    """Something that the demo's caller says."""
    # A resource of another package, none of its code.
    return files("voxpipe.console") / "recordings" / f"{name}.wav"


def speech_of(path: Path | Traversable) -> Speech:
    """A WAV file as a telephone carries it.

    Raises:
        WavError: it is not one, or holds audio that voxpipe does not take.
        OSError: it cannot be opened.
    """
    return Speech.of(audio_of(path, PHONE_RATE))


def spoken(words: str) -> Speech:
    """Words, spoken by the best voice there is (`find_voice`).

    Raises:
        VoiceError: it could not.
    """
    audio = find_voice().speak(words, "alloy", 1.0)
    return _on_the_phone(
        AudioFrame(data=audio, format=AudioFormat("pcm16", VOICE_RATE))
    )


def audio_of(path: Path | Traversable, rate: int) -> AudioFrame:
    """A WAV file as pcm16 at this rate, one channel.

    Raises:
        WavError, OSError: as `speech_of`.
    """
    format, audio = read_wav(path)
    return _at(rate, AudioFrame(data=audio, format=format))


def _on_the_phone(frame: AudioFrame) -> Speech:
    return Speech.of(_at(PHONE_RATE, frame))


def _at(rate: int, frame: AudioFrame) -> AudioFrame:
    frames = [frame]
    for box in (Decode(), Mono(), Resample(rate, quality="best")):
        passed = list[AudioFrame]()
        for each in frames:
            passed += cast("Sequence[AudioFrame]", box.feed(each))
        frames = passed + list(cast("Sequence[AudioFrame]", box.flush()))
    data = b"".join(each.data for each in frames)
    return AudioFrame(data=data, format=AudioFormat("pcm16", rate))


# --- from files


def load_callers(path: str | Path) -> tuple[Conversation, ...]:
    """Read what callers do: from YAML, or from WAV files of what they say.

    Args:
        path: a YAML file; a WAV file, whose caller says that again and again; or a
            folder of WAV files, said one after the other.

    Raises:
        ConfigurationError: it says something else than a conversation.
        WavError: a recording cannot be read.
        OSError: a file is not there.
    """
    path = Path(path)
    if path.is_dir():
        recordings = sorted(path.glob("*.wav"))
        if not recordings:
            raise ConfigurationError(f"there is no .wav in {path}")
        return (_in_turn(recordings),)
    if path.suffix.lower() == ".wav":
        return (_in_turn([path]),)
    with path.open(encoding="utf-8") as file:
        text = file.read(MAX_FILE)
    try:
        told = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise ConfigurationError(f"{path}{where}: this is no YAML") from None
    return parse_callers(told, path.parent, str(path))


def _in_turn(recordings: Sequence[Path]) -> Conversation:
    steps = list[Step]()
    for each in recordings:
        steps += [Say(speech_of(each)), Listen()]
    return tuple(steps)


def parse_callers(told: Any, folder: Path, name: str) -> tuple[Conversation, ...]:
    """What was read from YAML.

    Args:
        told: as YAML has it.
        folder: where recordings are.
        name: of the file, for errors.

    Raises:
        ConfigurationError: as `load_callers`.
    """
    if not is_object(told) or list(told) != ["callers"]:
        raise ConfigurationError(f"{name}: expected callers: and a list, nothing else")
    callers = told["callers"]
    if not is_array(callers) or not callers:
        raise ConfigurationError(f"{name}: callers: is a list, of a list of steps each")
    found = list[Conversation]()
    for number, steps in enumerate(callers, 1):
        if not is_array(steps) or not steps:
            raise ConfigurationError(f"{name}, caller {number}: expected a list")
        parsed = list[Step]()
        for place, step in enumerate(steps, 1):
            try:
                parsed.append(_step(step, folder))
            except ConfigurationError as error:
                where = f"{name}, caller {number}, step {place}"
                raise ConfigurationError(f"{where}: {error}") from None
        if not any(isinstance(each, Say | Interrupt) for each in parsed):
            raise ConfigurationError(f"{name}, caller {number}: says nothing")
        found.append(tuple(parsed))
    return tuple(found)


def _step(step: Any, folder: Path) -> Step:
    if step == "listen":
        return Listen()
    told: Mapping[str, Any] = step if is_object(step) else {}
    match told:
        case {"say": str(what), **rest} if not rest:
            return Say(_audio(what, folder))
        case {"interrupt": str(what), **rest} if set(rest) <= {"after"}:
            return Interrupt(_audio(what, folder), _seconds(rest, "after", 1.0))
        case {"press": str(keys), **rest} if not rest and keys and set(keys) <= KEYS:
            return Press(keys)
        case {"pause": _, **rest} if not rest:
            return Pause(_seconds(told, "pause", 0.0))
        case _:
            raise ConfigurationError(
                "expected listen, say: (a .wav, or words), interrupt: (likewise; "
                'after: seconds), press: "42#" (in quotes; 0-9, *, #, A to D) or '
                f"pause: seconds, got {_shown(step)}"
            )


def _seconds(told: Mapping[str, Any], name: str, default: float) -> float:
    value = told.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigurationError(f"{name}: is a number of seconds")
    if not 0 <= value <= 3600:
        raise ConfigurationError(f"{name}: is 0 to 3600 seconds, not {value:g}")
    return float(value)


def _audio(what: str, folder: Path) -> Speech:
    if not what.strip():
        raise ConfigurationError("expected a .wav, or words, got nothing")
    return speech_of(folder / what) if what.endswith(".wav") else spoken(what)


def _shown(step: Any) -> str:
    """The kind of a step, not what is in it: callers' words stay out of errors."""
    if is_object(step):
        return f"{', '.join(step)}:"
    return f"a {type(step).__name__}"
