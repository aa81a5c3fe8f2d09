"""The report as a page: all of it in one file, whatever an app is called."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from base64 import b64decode
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.bench.apps import app
from tests.bench.quick import measured
from voxpipe.bench import Benched, page, table


@cache
def _done() -> Benched:
    return measured(app(graph=0.12), calls=2)


def _data(text: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text)
    assert found
    return json.loads(found[1])


def test_nothing_is_fetched_from_anywhere() -> None:
    text = page(_done().report, _done().runs)

    assert not re.findall(r"(?:src|href)=\"(?!data:)", text)
    assert "http://www.w3.org/2000/svg" in text  # a name, no address
    assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text)


def test_it_has_every_turn_and_its_stages() -> None:
    data = _data(page(_done().report, _done().runs))

    turns = [turn for call in data["calls"] for turn in call["turns"]]
    assert len(turns) == _done().report["turns"]
    for turn in turns:
        whole = 1000 * (turn["heard"] - turn["said"])
        assert sum(turn["stages"].values()) == pytest.approx(whole, abs=0.3)


def test_what_was_said_and_heard_can_be_played() -> None:
    call = _data(page(_done().report, _done().runs))["calls"][0]
    sound = b64decode(call["audio"])

    assert sound[:4] == b"RIFF"
    assert sound[20:22] == b"\x07\x00"  # mu-law
    assert len(sound) == pytest.approx(16_000 * call["audio_seconds"], abs=100)
    left, right = (b64decode(each) for each in call["waves"])
    assert max(left) > 100
    assert max(right) > 100


def test_an_app_cannot_be_called_so_that_it_runs_in_the_page() -> None:
    name = "</script><script>alert(1)</script>"
    report = {**_done().report, "app": name}

    text = page(report, _done().runs)
    assert name not in text
    assert _data(text)["report"]["app"] == name


@pytest.mark.slow
def test_the_sound_of_many_calls_is_bounded() -> None:
    long = replace_tape(_done(), 1_100 * 8_000)

    calls = _data(page(long.report, long.runs))["calls"]
    assert sum("audio" in call for call in calls) == 1


def replace_tape(done: Benched, size: int) -> Benched:
    runs = [replace(run) for run in done.runs]
    for run in runs:
        assert run.tape is not None
        run.tape = replace(run.tape, said=bytearray(b"\xff" * size), heard=[])
    return Benched(done.report, runs)


def test_the_table_says_what_a_turn_takes_and_what_to_look_at_first() -> None:
    text = table(_done().report)

    assert "a turn" in text
    assert "Look first at later (box)" in text
    assert max(map(len, text.splitlines()[:20])) <= 100


@pytest.mark.system
def test_a_browser_draws_it(tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    assert chromium, "apt-get install chromium"
    file = tmp_path / "report.html"
    file.write_text(page(_done().report, _done().runs), encoding="utf-8")
    drawn = subprocess.run(
        [
            *(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            *("--virtual-time-budget=3000", f"--user-data-dir={tmp_path}/profile"),
            file.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout

    for id in ("mean", "spread", "turns", "timeline", "graph"):
        place = drawn.partition(f'id="{id}"')[2]
        assert place.partition("<section")[0].count("<rect") > 0, id
    assert drawn.count('class="turn"') == _done().report["turns"]
    assert "later" in drawn.partition('id="findings"')[2][:400]
