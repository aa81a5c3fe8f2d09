"""The main job, as a user starts it: over real sockets, in real time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from voxpipe.transports import read_header

RECORDINGS = Path(__file__).parents[3] / "voxpipe" / "console" / "recordings"


def voxpipe(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "voxpipe", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


whole = pytest.mark.slow  # of a guest's whole visit, which takes forty seconds


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `voxpipe demo` leaves, and what it printed in ``printed.txt``."""
    folder = tmp_path_factory.mktemp("demo")
    done = voxpipe("demo", "--out", folder)
    assert done.returncode == 0, done.stderr
    (folder / "printed.txt").write_text(done.stdout, encoding="utf-8")
    return folder


def report(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return loaded


@whole
def test_the_demo_shows_its_graph_and_what_was_said(out: Path) -> None:
    lines = (out / "printed.txt").read_text(encoding="utf-8")
    conversation, _, places = lines.partition("cost")
    assert str(out) in places  # which is as long as it is
    assert max(map(len, conversation.splitlines())) <= 80
    assert "\n\nTurns: " in lines
    printed = " ".join(lines.split())
    assert "memory_phone.heard ─▶ vad ─▶ resample ─┬─▶ realtime.hears" in printed
    assert "Trattoria Ada, good evening." in printed
    assert "On Sunday we are open from six to eleven in the evening." in printed
    assert "Hello. Are you open on Sunday evening?" in printed
    assert "— interrupted" in printed
    assert "cost" in printed
    assert "call_log" not in printed  # the demo's own; it shows what one would draw
    assert "The model is simulated" in printed
    assert "gpt-realtime-2.1, simulated" in printed
    question, answer = "> Hello. Are you open", "< On Sunday we are open"
    assert (
        printed.index(question)
        < printed.index("- opening_hours")
        < printed.index(answer)
    )


@whole
def test_the_demo_leaves_a_recording_with_both_voices(out: Path) -> None:
    with (out / "conversation.wav").open("rb") as file:
        header = read_header(file)
        sides = np.frombuffer(header.read(file), np.int16).reshape(-1, 2)
    assert header.format.channels == 2
    assert 25 < header.seconds < 90
    for side in (0, 1):
        loud = np.abs(sides[:, side].astype(np.int32)) > 1_000
        assert loud.mean() > 0.03


@whole
def test_the_report_tells_of_tools_an_interruption_and_money(out: Path) -> None:
    told = report(out)
    assert [call["name"] for call in told["tool_calls"]] == [
        "opening_hours",
        "book_table",
    ]
    assert all(call["error"] is None for call in told["tool_calls"])
    (cut,) = told["interruptions"]
    assert 2_900 <= cut["played_ms"] <= cut["generated_ms"]
    assert cut["played_ms"] - 1 <= cut["truncated_to_ms"] <= cut["played_ms"]
    assert cut["basis"] == "measured"
    assert 20 < cut["silent_after_ms"] < 250  # the Vad's, and a frame or two
    assert told["cost_usd"] > 0
    assert told["usage"]["audio_out"] > 0
    answered = [turn for turn in told["turns"] if turn["user_words"]]
    assert len(answered) == 4
    for turn in answered:
        marks = [turn["timings"][name] for name in _MILESTONES]
        assert marks == sorted(marks)
        assert turn["total_ms"] >= turn["ours_ms"] >= 0


_MILESTONES = ("user_stopped", "committed", "first_delta", "first_played")


@whole
def test_the_report_and_the_recording_tell_the_same_times(out: Path) -> None:
    with (out / "conversation.wav").open("rb") as file:
        header = read_header(file)
        sides = np.frombuffer(header.read(file), np.int16).reshape(-1, 2)
    told = report(out)
    assert told["seconds"] == header.seconds
    assert told["simulated"]
    caller = [each for each in told["spans"] if each["speaker"] == "caller"]
    assert len(caller) == 4
    loud = np.flatnonzero(np.abs(sides[:, 0].astype(np.int32)) > 300) / 24_000
    for span in caller:
        assert min(abs(loud - span["start"])) < 0.1
        assert not ((loud > span["start"] - 0.3) & (loud < span["start"] - 0.1)).any()


@whole
def test_the_picture_is_a_valid_svg_that_names_the_tools(out: Path) -> None:
    picture = (out / "timeline.svg").read_text(encoding="utf-8")
    assert ElementTree.fromstring(picture).tag.endswith("svg")
    assert "book_table" in picture


def test_a_recording_of_ones_own_calls_instead(tmp_path: Path) -> None:
    done = voxpipe("demo", RECORDINGS / "2-menu.wav", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    recorded = tmp_path / "conversation.wav"
    assert recorded.stat().st_mode & 0o444 == 0o444  # for all who may see the others
    assert done.stdout.rstrip().endswith(str(recorded)) or "in any player" in (
        done.stdout
    )
    (_, turn, *_) = report(tmp_path)["turns"]
    assert (
        turn["user_words"]
        == turn["agent_words"]
        == "Good. What can I eat at your place?"
    )


def test_a_file_that_is_no_recording_is_refused_with_the_cure(tmp_path: Path) -> None:
    text = tmp_path / "call.wav"
    text.write_text("this is not sound")
    done = voxpipe("demo", text, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert done.stderr.startswith("voxpipe: ")
    assert "WAV" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_does_not_exist_is_named(tmp_path: Path) -> None:
    done = voxpipe("demo", tmp_path / "none.wav", "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "none.wav" in done.stderr
    assert "Traceback" not in done.stderr


def test_live_needs_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    done = voxpipe("demo", "--live", "--out", tmp_path)
    assert done.returncode == 1
    assert "OPENAI_API_KEY" in done.stderr


def test_help_teaches() -> None:
    assert "voxpipe demo question.wav" in voxpipe("demo", "--help").stdout
    assert "simulate" in voxpipe("--help").stdout
