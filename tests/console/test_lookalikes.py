"""Commands on consoles that cannot show every character."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from voxpipe.console.lookalikes import use_lookalikes
from voxpipe.console.main import main

from .demo.visits import QUESTION, hold, visit_with_a_question

ENCODINGS = ["ascii", "cp1252", "cp437"]


class Console:
    """A standard output of another encoding, which raises where Python would."""

    def __init__(self, encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self._raw = io.BytesIO()
        self._out = io.TextIOWrapper(self._raw, encoding=encoding)
        monkeypatch.setattr(sys, "stdout", self._out)

    @property
    def text(self) -> str:
        self._out.flush()
        return self._raw.getvalue().decode(self._out.encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_a_console_lacks_is_shown_as_what_looks_like_it(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    console = Console(encoding, monkeypatch)
    use_lookalikes()
    sys.stdout.write("a → b ▶ c 日本\n")
    assert console.text == "a -> b > c ??\n"


def test_a_way_out_that_somebody_has_chosen_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="backslashreplace")
    monkeypatch.setattr(sys, "stdout", out)
    use_lookalikes()
    assert out.errors == "backslashreplace"


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("command", [[], ["demo"], ["simulate"], ["serve"]])
def test_the_help_of_every_command_can_be_shown(
    command: list[str], encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    console = Console(encoding, monkeypatch)
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    assert console.text.startswith("usage: voxpipe")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_the_demo_is_shown_from_its_drawing_to_its_report(
    encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    console = Console(encoding, monkeypatch)
    use_lookalikes()
    hold(visit_with_a_question(), tmp_path)
    check(console.text)


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_so_it_is_where_python_chooses_the_encoding(
    encoding: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "voxpipe", "demo", QUESTION],
        cwd=tmp_path,
        env=os.environ
        | {
            "PYTHONIOENCODING": encoding,
            "PYTHONUTF8": "0",
            "PYTHONPATH": str(Path(__file__).parents[2]),
        },
        capture_output=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(encoding)
    check(done.stdout.decode(encoding))


def check(printed: str) -> None:
    assert "memory_phone.heard -> vad -> resample -+-> realtime.hears" in printed
    assert "-> commit" in printed
    assert "Good. What can I eat at your place?" in printed
