"""A report of each call: what has happened, and nothing that anybody has said."""

from __future__ import annotations

import json
import logging
import os
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from voxpipe.console.reports import Reports

from ..bench.quick import question
from ..monitoring.calls import CALLER, THINKS, asked_once, desk, looks_it_up, watched
from ..processors.realtime.loops import BACKENDS, Backend, run_virtually

STEM = re.compile(r"\d{8}T\d{9}Z-\w{8}")


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Backend:
    """The event loop."""
    chosen: Backend = request.param
    return chosen


def told(folder: Path) -> list[dict[str, Any]]:
    """The reports, in the order of the calls."""
    return [
        json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))
    ]


def test_a_call_leaves_a_report_and_a_picture_without_words(
    backend: Backend, tmp_path: Path
) -> None:
    folder = tmp_path / "calls" / "reports"

    async def scene() -> None:
        reports = Reports(folder)
        async with reports.written():
            await asked_once(desk(looks_it_up(), tools=0.3, graph=0.12), reports)

    run_virtually(backend, scene)

    (report,) = told(folder)
    assert (report["line"], report["end"]) == ("twilio", "caller")
    (turn,) = report["turns"]
    assert turn["ours_ms"] == pytest.approx(120.0, abs=0.1)
    assert turn["total_ms"] > 1000 * (THINKS + 0.3 + 0.12)
    (tool,) = report["tool_calls"]
    assert (tool["name"], tool["output"]) == ("look_it_up", "")
    assert tool["seconds"] == pytest.approx(0.3, abs=1e-6)
    assert report["usage"]["audio_out"] > 0
    speakers = [span["speaker"] for span in report["spans"]]
    assert speakers == ["caller", "agent"]
    assert report["spans"][0]["end"] <= report["spans"][1]["start"]

    (picture,) = folder.glob("*.svg")
    ElementTree.fromstring(picture.read_text("utf-8"))
    for path in folder.iterdir():
        assert STEM.fullmatch(path.stem)
        assert path.stat().st_mode & 0o777 == 0o600
        for secret in (CALLER, "kitchen", "found"):
            assert secret not in path.read_text("utf-8")
    assert folder.stat().st_mode & 0o777 == 0o700


def test_an_interruption_is_told_with_what_was_not_heard(
    backend: Backend, tmp_path: Path
) -> None:
    async def scene() -> None:
        reports = Reports(tmp_path)
        async with reports.written(), watched(desk(), reports) as caller:
            await caller.say(question().audio)
            await caller.interrupt(question().audio, after=0.5)
            await caller.listen(timeout=10)

    run_virtually(backend, scene)

    (report,) = told(tmp_path)
    (cut,) = report["interruptions"]
    assert cut["played_ms"] < cut["generated_ms"]
    assert "unplayed" in {span["kind"] for span in report["spans"]}


def test_old_reports_make_room_and_other_files_stay(
    backend: Backend, tmp_path: Path
) -> None:
    (tmp_path / "mine.json").write_text("{}")

    async def scene() -> None:
        reports = Reports(tmp_path, most=1)
        async with reports.written():
            for _ in range(2):
                await asked_once(desk(), reports)

    run_virtually(backend, scene)

    kept = sorted(path.name for path in tmp_path.iterdir())
    assert "mine.json" in kept
    assert len(kept) == 1 + 2


def test_they_have_a_size_that_all_of_them_may_have(
    backend: Backend, tmp_path: Path
) -> None:
    async def scene() -> None:
        reports = Reports(tmp_path, most_bytes=1)
        async with reports.written():
            await asked_once(desk(), reports)

    run_virtually(backend, scene)
    assert not [*tmp_path.iterdir()]


def test_a_disk_that_is_full_harms_no_call(
    backend: Backend, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "gone"

    async def scene() -> None:
        reports = Reports(folder)
        folder.rmdir()  # as good as full, also for root
        async with reports.written():
            await asked_once(desk(), reports)

    with caplog.at_level(logging.WARNING):
        run_virtually(backend, scene)
    assert "no report: [Errno 2]" in caplog.text


def test_a_folder_that_cannot_be_had_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        Reports(tmp_path / "file")
    assert os.listdir(tmp_path) == ["file"]
