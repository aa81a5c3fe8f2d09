"""The main job: in virtual time, and as a user starts it, which takes its time."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from voxpipe.console.main import main
from voxpipe.transports import read_header

from .visits import QUESTION, Visit, guests_visit, hold, visit_with_a_question


def voxpipe(*arguments: str | Path) -> str:
    """What it prints, in a process of its own and in real time."""
    done = subprocess.run(
        [sys.executable, "-m", "voxpipe", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def printed_of(visit: Visit, folder: Path) -> str:
    """The same of a visit in virtual time."""
    with redirect_stdout(StringIO()) as printed:
        hold(visit, folder)
    return printed.getvalue()


both_ways = ["virtual", pytest.param("real", marks=pytest.mark.slow)]


@pytest.fixture(scope="module", params=both_ways)
def out(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """What `voxpipe demo` leaves, and what it printed in ``printed.txt``."""
    folder = tmp_path_factory.mktemp("demo")
    if request.param == "real":
        told = voxpipe("demo", "--out", folder)
    else:
        told = printed_of(guests_visit(), folder)
    (folder / "printed.txt").write_text(told, encoding="utf-8")
    return folder


def report(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return loaded


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


def test_the_demo_leaves_a_recording_with_both_voices(out: Path) -> None:
    with (out / "conversation.wav").open("rb") as file:
        header = read_header(file)
        sides = np.frombuffer(header.read(file), np.int16).reshape(-1, 2)
    assert header.format.channels == 2
    assert 25 < header.seconds < 90
    for side in (0, 1):
        loud = np.abs(sides[:, side].astype(np.int32)) > 1_000
        assert loud.mean() > 0.03


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
        # In real time: on a busy machine a span may begin some frames early or late.
        assert min(abs(loud - span["start"])) < 0.2
        assert not ((loud > span["start"] - 0.4) & (loud < span["start"] - 0.2)).any()


def test_the_picture_is_a_valid_svg_that_names_the_tools(out: Path) -> None:
    picture = (out / "timeline.svg").read_text(encoding="utf-8")
    assert ElementTree.fromstring(picture).tag.endswith("svg")
    assert "book_table" in picture


@pytest.mark.parametrize("way", both_ways)
def test_a_recording_of_ones_own_calls_instead(way: str, tmp_path: Path) -> None:
    if way == "real":
        told = voxpipe("demo", QUESTION, "--out", tmp_path)
    else:
        told = printed_of(visit_with_a_question(), tmp_path)
    recorded = tmp_path / "conversation.wav"
    if way == "real":  # what one has said oneself is for nobody else
        assert {each.stat().st_mode & 0o777 for each in tmp_path.iterdir()} == {0o600}
    assert told.rstrip().endswith(str(recorded)) or "in any player" in told
    (_, turn, *_) = report(tmp_path)["turns"]
    assert (
        turn["user_words"]
        == turn["agent_words"]
        == "Good. What can I eat at your place?"
    )


def refused(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """Why it does not begin."""
    assert main(["demo", *map(str, arguments)]) == 1
    told = capsys.readouterr().err
    assert told.startswith("voxpipe: ")
    assert "Traceback" not in told
    return told


def test_a_file_that_is_no_recording_is_refused_with_the_cure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "call.wav"
    text.write_text("this is not sound")
    assert "WAV" in refused(capsys, text, "--out", tmp_path / "out")


def test_a_file_that_does_not_exist_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    none = tmp_path / "none.wav"
    assert "none.wav" in refused(capsys, none, "--out", tmp_path / "out")


def test_live_needs_a_key(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert "OPENAI_API_KEY" in refused(capsys, "--live", "--out", tmp_path)


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    assert "simulate" in voxpipe("--help")
    with pytest.raises(SystemExit):
        main(["demo", "--help"])
    assert "voxpipe demo question.wav" in capsys.readouterr().out
