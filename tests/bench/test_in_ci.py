"""The workflow that docs/latency.md shows does what it says."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest
import yaml

from voxpipe.bench import load_callers
from voxpipe.console.main import main

PAGE = Path(__file__).parents[2] / "docs" / "latency.md"
TEXT = PAGE.read_text("utf-8")
WORKFLOW, CALLERS = re.findall(r"^```yaml\n(.*?)^```", TEXT, re.S | re.M)
(PROGRAM,) = re.findall(r"^```python\n(.*?)^```", TEXT, re.S | re.M)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the app of the page."""
    app = PROGRAM.partition("def test_")[0]
    (tmp_path / "agent_of_the_page.py").write_text(app, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    return tmp_path


def _bench_of_the_workflow() -> list[str]:
    steps = yaml.safe_load(WORKFLOW)["jobs"]["latency"]["steps"]
    runs = [shlex.split(step["run"]) for step in steps if "run" in step]
    (command,) = (words for words in runs if words[:2] == ["voxpipe", "bench"])
    return [
        "agent_of_the_page:answer" if w == "my_agent:answer" else w for w in command[1:]
    ]


@pytest.mark.slow
def test_the_workflow_passes_where_nothing_has_changed_and_fails_where_it_has(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = _bench_of_the_workflow()
    at = command.index("--compare")
    first = [*command[:at], "--out", "good"]
    assert main(first) == 0
    (checkout / "good" / "report.json").rename(checkout / "latency.json")

    assert main([*command, "--seed", "1"]) == 0
    assert main([*command, "--model-delay", "800"]) == 3
    assert "BROKEN: turn.p95 > +10%" in capsys.readouterr().out
    assert (checkout / "after" / "report.html").is_file()  # what is uploaded


def test_the_callers_of_the_page_are_read(checkout: Path) -> None:
    recordings = Path(__file__).parents[2] / "voxpipe" / "console" / "recordings"
    for name, shipped in (("hours", "1-hours"), ("book", "3-book")):
        sound = (recordings / f"{shipped}.wav").read_bytes()
        (checkout / f"{name}.wav").write_bytes(sound)
    (checkout / "callers.yaml").write_text(CALLERS, encoding="utf-8")

    (steps,) = load_callers(checkout / "callers.yaml")
    assert len(steps) == 6
