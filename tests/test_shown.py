"""What one sees who prints a thing: what it is, and none of what people said."""

from __future__ import annotations

import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import voxpipe
from voxpipe.pipeline import (
    AudioFormat,
    Filter,
    Processor,
    Text,
    Transcript,
    Transform,
)
from voxpipe.processors.audio import Resample
from voxpipe.processors.realtime import Outcome, Realtime
from voxpipe.processors.realtime.protocol.history import Entry
from voxpipe.processors.recorder import WavRecorder
from voxpipe.transports import MemoryPhone, WavSink
from voxpipe.transports.telephony.testing.measurements import Measurements

SECRET = "my PIN is 4711"
PCM = AudioFormat("pcm16", 24_000)
MEASURED = Measurements(greeting_after=0.5, underruns=1)
MEASURED.reply_after.extend([0.7, 0.8, 0.9])


@pytest.mark.parametrize(
    ("thing", "shown"),
    [
        (
            Outcome("completed", SECRET, seconds=2.44, tokens={"audio_out": 1_200}),
            "completed: 4 words in .text, 2.4 s of sound, 1,200 tokens",
        ),
        (
            Outcome("failed", reason="server_error"),
            "failed (server_error): no words, 0.0 s of sound, 0 tokens",
        ),
        (
            Entry("item_1", "agent", SECRET, played="my", seconds=2.0),
            "agent: 4 words in .text, heard: 1 word in .played, 2.0 s",
        ),
        (
            Entry("item_2", "tool", SECRET, kind="function_call", tool="pay"),
            "function_call pay, tool: 4 words in .text",
        ),
        (
            Transcript(speaker="user", text=SECRET, final=False),
            "user: 4 words in .text, more to come",
        ),
        (Text(text=SECRET), "text: 4 words in .text"),
        (
            MEASURED,
            "greeted after 0.50 s, answered 3 times, after 0.80 s, 0.90 s at most, "
            "0 interruptions, 1 underruns, 0.00 s waited at most, 0 violations",
        ),
    ],
)
def test_printed_it_says_how_it_went_and_where_the_words_are(
    thing: object, shown: str
) -> None:
    assert str(thing) == shown
    assert "4711" not in repr(thing)


@pytest.mark.parametrize(
    ("thing", "shown"),
    [
        (Realtime.calls, "<Output Realtime.calls>"),
        (Realtime.hears, "<Input Realtime.hears>"),
        (MemoryPhone(PCM).heard, "<Output memory_phone.heard: pcm16 24000 Hz>"),
        (
            MemoryPhone(PCM),
            "<MemoryPhone memory_phone: speaks pcm16 24000 Hz, heard pcm16 24000 Hz, "
            "played pcm16 24000 Hz>",
        ),
        (WavRecorder(Path("call.wav")), "<WavRecorder wav_recorder: call.wav>"),
        (Resample(8_000), "<Resample>"),
    ],
)
def test_a_box_and_its_ports_say_what_they_are(thing: object, shown: str) -> None:
    assert repr(thing) == shown


def test_a_sink_says_where_it_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where the file is made at once
    assert repr(WavSink("a.wav", format=PCM)) == "<WavSink wav_sink: a.wav>"


def boxes() -> Iterator[Any]:
    for module in pkgutil.walk_packages(voxpipe.__path__, "voxpipe."):
        for thing in vars(import_module(module.name)).values():
            if inspect.isclass(thing) and issubclass(
                thing, Processor | Filter | Transform
            ):
                yield thing


def test_no_box_is_shown_by_its_address() -> None:
    assert not [each for each in boxes() if each.__repr__ is object.__repr__]


def functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    for module in pkgutil.walk_packages(voxpipe.__path__, "voxpipe."):
        for name, thing in vars(import_module(module.name)).items():
            if callable(thing) and getattr(thing, "__module__", "") == module.name:
                yield f"{module.name}.{name}", thing


def test_no_signature_tells_of_the_machine_that_it_is_shown_on() -> None:
    told: dict[str, str] = {}
    for name, function in functions():
        try:
            told[name] = str(inspect.signature(function))
        except (TypeError, ValueError):
            continue  # made in C
    assert len(told) > 500
    paths = re.compile(r"(Posix|Windows)Path\(|" + re.escape(str(Path.cwd())))
    assert not [name for name, signature in told.items() if paths.search(signature)]
