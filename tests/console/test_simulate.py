"""`voxpipe simulate`: what it prints, what it serves, what it says of wrong input."""

from __future__ import annotations

import argparse
import logging
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from voxpipe.chaos import incidents
from voxpipe.console import serve, simulate
from voxpipe.console.main import main
from voxpipe.pipeline import ConfigurationError
from voxpipe.processors.realtime import Service, SessionRefused, open_session
from voxpipe.simulator import parse_script


@asynccontextmanager
async def simulating(
    arguments: argparse.Namespace,
    capsys: pytest.CaptureFixture[str],
    seconds: float = 10,
) -> AsyncGenerator[str]:
    """`voxpipe simulate` while it serves; with what it has printed at its start."""
    printed = ""
    with anyio.fail_after(seconds):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(simulate.simulate, arguments)
            while "Ctrl-C" not in printed:
                await anyio.lowlevel.checkpoint()
                printed += capsys.readouterr().out
            yield printed
            tasks.cancel_scope.cancel()


def asked(**options: Any) -> argparse.Namespace:
    """What the command line would have been read as."""
    plain: dict[str, Any] = {"host": "127.0.0.1", "port": 0, "script": None}
    plain |= {"key": None, "cassette": None, "tls": False, "tls_name": [], "origin": []}
    plain |= {"ca_file": None, "incident": None}
    return argparse.Namespace(**plain | options)


def epilog(capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        main(["simulate", "--help"])
    assert ended.value.code == 0
    return capsys.readouterr().out


def examples(shown: str, key: str) -> str:
    """The YAML in the help that begins with ``key``, up to the next paragraph."""
    _, _, rest = shown.partition(f"\n  {key}:\n")
    lines = [f"  {key}:"]
    for line in rest.splitlines():
        if not line.startswith("  "):
            break
        lines.append(line)
    return "\n".join(lines)


def test_its_help_teaches_with_a_script_that_works(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "question.txt").write_text("What is there to eat?")
    shown = epilog(capsys)
    assert "export OPENAI_BASE_URL=http://127.0.0.1:8081/v1" in shown
    parts = [examples(shown, part) for part in ("replies", "when", "faults")]
    script = parse_script(parts[0], folder=tmp_path)
    assert [call.name for call in script.replies[0].calls] == ["opening_hours"]
    assert len(script.replies) == 4
    rules, faults = parse_script(parts[1]).when, parse_script(parts[2]).faults
    assert len(rules) == 3
    assert {fault.do for fault in faults} >= {"close", "half_open", "expired"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["absent.yaml"], "cannot read the script absent.yaml"),
        (["--cassette", "absent.jsonl"], "cannot read the cassette absent.jsonl"),
        (["--host", "192.0.2.1", "--port", "0"], "cannot listen on 192.0.2.1"),
    ],
)
def test_what_cannot_be_served_is_said_in_a_line(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", *arguments]) == 1
    printed = capsys.readouterr().err
    assert words in printed
    assert "Traceback" not in printed


async def test_it_serves_where_it_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "script.yaml"
    path.write_text("replies: [{say: Hello.}]")
    arguments = asked(script=str(path))
    async with simulating(arguments, capsys) as printed:
        found = re.search(r"OPENAI_BASE_URL=http://127.0.0.1:(\d+)/v1 ", printed)
        assert found is not None
        stream = await anyio.connect_tcp("127.0.0.1", int(found[1]))
        await stream.aclose()


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [(None, ("sk-1", "1234"), ()), ("sk-mine", ("sk-mine",), ("sk-other", "1234"))],
)
async def test_it_takes_any_key_or_the_one_it_is_told(
    key: str | None,
    good: Sequence[str],
    bad: Sequence[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = asked(key=key)
    async with simulating(arguments, capsys) as printed:
        found = re.search(r"OPENAI_BASE_URL=(\S+) OPENAI_API_KEY=(\S+)", printed)
        assert found is not None
        assert found[2] == ("sk-simulated" if key is None else "...")
        for each in good:
            await open_once(found[1], each)
        for each in bad:
            with pytest.raises(SessionRefused, match="invalid_api_key"):
                await open_once(found[1], each)


async def test_over_tls_it_prints_what_clients_have_to_trust(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = asked(tls=True)
    exported: dict[str, str] = {}
    async with simulating(arguments, capsys, 20) as printed:
        exported = dict(re.findall(r"(\w+)=(\S+)", printed))
        assert exported["OPENAI_BASE_URL"].startswith("https://127.0.0.1:")
        assert exported["NODE_EXTRA_CA_CERTS"] == exported["SSL_CERT_FILE"]
        trusted = anyio.Path(exported["SSL_CERT_FILE"])
        assert "PRIVATE" not in await trusted.read_text()
        monkeypatch.setenv("SSL_CERT_FILE", exported["SSL_CERT_FILE"])
        await open_once(exported["OPENAI_BASE_URL"], "sk-simulated")
    assert not await anyio.Path(exported["SSL_CERT_FILE"]).exists()


async def open_once(url: str, key: str) -> None:
    async with open_session(service=Service(base_url=url, api_key=key)):
        pass


@pytest.mark.parametrize("key", ["", " ", "two words", "schlüssel", "line\nbreak"])
def test_what_no_header_can_hold_is_no_key(
    key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["simulate", "--key", key])
    assert "expected a key: plain ASCII" in capsys.readouterr().err


def test_it_does_not_listen_where_serve_does() -> None:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers()
    simulate.add_parser(commands)
    serve.add_parser(commands)
    ports = {parser.parse_args([name]).port for name in ("simulate", "serve")}
    assert ports == {8080, 8081}


@pytest.mark.parametrize(("quiet", "level"), [([], "INFO"), (["--quiet"], "WARNING")])
def test_it_prints_what_its_sessions_do_unless_it_is_to_be_quiet(
    quiet: list[str], level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def log(chosen: int) -> None:
        seen.append(logging.getLevelName(chosen))

    monkeypatch.setattr(simulate, "log_to_console", log)
    assert main(["simulate", "absent.yaml", *quiet]) == 1
    assert seen == [level]


async def test_an_incident_happens_to_whoever_has_come(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incidents, "CALM", 0.0)
    arguments = asked(incident="429-storm")
    async with simulating(arguments, capsys) as printed:
        url = re.findall(r"OPENAI_BASE_URL=(\S+)", printed)[0]

        async def knock() -> None:
            while True:  # the first brings it about
                service = Service(base_url=url, api_key="sk-test")
                async with open_session(service=service):
                    pass

        with pytest.raises(SessionRefused) as refused:
            await knock()
        assert refused.value.status == 429


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"host": "0.0.0.0"}, "this machine only"),
        ({"incident": "429-storm", "tls": True}, "within --tls"),
    ],
)
async def test_an_incident_that_cannot_happen_is_told(
    wrong: dict[str, Any], why: str
) -> None:
    with pytest.raises(ConfigurationError, match=why):
        await simulate.simulate(asked(**{"incident": "outage", **wrong}))
