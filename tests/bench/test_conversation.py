"""What callers do is read from files; what is wrong there is told with its place."""

from __future__ import annotations

from pathlib import Path
from shutil import copy

import pytest

import voxpipe.console
from voxpipe.bench import Interrupt, Listen, Pause, Press, Say, load_callers
from voxpipe.pipeline import ConfigurationError

RECORDINGS = Path(voxpipe.console.__file__).parent / "recordings"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy(RECORDINGS / "4-goodbye.wav", tmp_path / "thanks.wav")
    return tmp_path


def written(folder: Path, text: str) -> Path:
    path = folder / "callers.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_conversation_is_read_step_by_step(folder: Path) -> None:
    text = """
callers:
  - - listen
    - say: thanks.wav
    - interrupt: What is on the menu?
      after: 1.5
    - press: "42#"
    - pause: 2
  - - say: thanks.wav
"""
    first, second = load_callers(written(folder, text))

    assert [type(step) for step in first] == [Listen, Say, Interrupt, Press, Pause]
    say, interrupt = first[1], first[2]
    assert isinstance(say, Say)
    assert isinstance(interrupt, Interrupt)
    assert 1 < say.audio.seconds < 2
    assert interrupt.after == 1.5
    assert interrupt.audio.seconds > 0.5
    assert first[3:] == (Press("42#"), Pause(2.0))
    assert len(second) == 1


def test_a_recording_or_a_folder_of_them_is_said_and_heard_out(folder: Path) -> None:
    copy(folder / "thanks.wav", folder / "again.wav")

    (one,), (both,) = load_callers(folder / "thanks.wav"), load_callers(folder)
    assert [type(step) for step in one] == [Say, Listen]
    assert [type(step) for step in both] == [Say, Listen, Say, Listen]


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ("callers: 3", "a list of steps"),
        ("people: []", "expected callers:"),
        ("callers:\n  - listen", "caller 1: expected a list"),
        ("callers:\n  - - listen", "caller 1: says nothing"),
        ("callers:\n  - - say: thanks.wav\n    - shout: x", "caller 1, step 2"),
        ("callers:\n  - - press: 42", "caller 1, step 1.*in quotes"),
        ("callers:\n  - - press: x", "caller 1, step 1"),
        ("callers:\n  - - pause: long", "number of seconds"),
        ("callers:\n  - - pause: -1", "0 to 3600"),
        ("callers:\n  - - say: thanks.wav\n      after: 2", "caller 1, step 1"),
        ("callers:\n  - - say: ' '", "got nothing"),
        ("callers: [", "line 1: this is no YAML"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    folder: Path, steps: str, told: str
) -> None:
    with pytest.raises(ConfigurationError, match=told):
        load_callers(written(folder, steps))


def test_what_somebody_says_stays_out_of_errors(folder: Path) -> None:
    text = "callers:\n  - - say: thanks.wav\n      whisper: my password is swordfish"

    with pytest.raises(ConfigurationError) as caught:
        load_callers(written(folder, text))
    assert "swordfish" not in str(caught.value)


def test_a_folder_without_recordings_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no \.wav"):
        load_callers(tmp_path)
