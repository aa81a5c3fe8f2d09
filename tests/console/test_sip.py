"""`voxpipe serve --sip`: one more way to the same app, and who may take it."""

from __future__ import annotations

import argparse
import re
import socket
from pathlib import Path

import pytest
from anyio import create_task_group

from voxpipe.console.app import AppError
from voxpipe.console.main import command_line, main
from voxpipe.console.sip import sip_line
from voxpipe.pipeline import (
    AudioFrame,
    ConfigurationError,
    Input,
    Pipeline,
    Processor,
)
from voxpipe.transports.sip import SipLine, Trunk
from voxpipe.transports.telephony import Call, CallFailed
from voxpipe.transports.telephony.loudness import is_loud

from .serving import served


class Ear(Processor):
    """Listens until somebody says something."""

    hears = Input[AudioFrame]()

    def __init__(self) -> None:
        self.heard = False

    async def run(self) -> None:
        async for frame in self.hears:
            if is_loud(frame.data):
                self.heard = True
                return


@pytest.fixture
def anyio_backend() -> str:
    """Of the caller's side: the server has a process, and a choice, of its own."""
    return "asyncio"


async def test_a_call_by_sip_is_answered_and_told_of_as_any_other() -> None:
    async with served("--simulator", "--sip", "127.0.0.1:0") as server:
        found = re.search(r"sip +127\.0\.0\.1:(\d+), UDP and TCP\n", server.welcome)
        assert found is not None, server.welcome
        async with (
            SipLine(port=0) as line,
            line.call(f"sip:bot@127.0.0.1:{found[1]}") as call,
        ):
            ear = Ear()
            await Pipeline(call.heard >> ear.hears).run(deadline=20)
            assert ear.heard
        assert "end=caller" in await server.until("end=")
        server.process.terminate()


def _line(*arguments: str) -> SipLine | None:
    return sip_line(_parsed(*arguments))


def _parsed(*arguments: str) -> argparse.Namespace:
    return command_line().parse_args(["serve", *arguments])


def test_where_others_reach_it_somebody_must_be_named() -> None:
    with pytest.raises(ConfigurationError, match="allow="):
        _line("--sip", "192.0.2.7")
    line = _line("--sip", "192.0.2.7", "--sip-allow", "192.0.2.0/28")
    assert line is not None
    assert (line.host, line.port) == ("192.0.2.7", 5060)
    assert _line(
        "--sip", "[2001:db8::7]:5070", "--sip-trunk", "al@sip.example.com:5061"
    )
    assert _line() is None


@pytest.mark.parametrize("by", ["file", "environment"])
async def test_passwords_come_from_a_file_or_the_environment(
    by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = "alice:open sesame\n\nbob:b:c\n"
    (tmp_path / "users").write_text(users)
    arguments = ["--sip", "127.0.0.1:0", "--sip-digest", "MD5"]
    if by == "file":
        arguments += ["--sip-users", str(tmp_path / "users")]
    else:
        monkeypatch.setenv("SIP_USERS", users)
    line = _line(*arguments)
    assert line is not None
    statuses: list[int] = []
    async with line, create_task_group() as tasks:
        tasks.start_soon(line.serve, _hang_up)
        for name, password in (("bob", "b:c"), ("alice", "sesame")):
            trunk = Trunk(
                "127.0.0.1", line.port, username=name, password=password, register=False
            )
            async with SipLine(port=0, trunk=trunk) as phone:
                statuses.append(await _status_of_a_call(phone))
        tasks.cancel_scope.cancel()
    assert statuses == [200, 401]


async def _status_of_a_call(phone: SipLine) -> int:
    try:
        async with phone.call("+15550100"):
            return 200
    except CallFailed as error:
        return error.status


async def _hang_up(call: Call) -> None:
    call.hang_up()
    await Pipeline(call.heard >> call.speaks).run()


@pytest.mark.parametrize("users", ["alice", "alice:", ":sesame", "", b"\xff:x"])
def test_passwords_that_cannot_be_read_are_told_of_without_them(
    users: str | bytes, tmp_path: Path
) -> None:
    file = tmp_path / "users"
    file.write_bytes(users.encode() if isinstance(users, str) else users)
    with pytest.raises(AppError, match="users") as error:
        _line("--sip", "127.0.0.1", "--sip-users", str(file))
    assert "alice" not in str(error.value)
    assert "sesame" not in str(error.value)
    with pytest.raises(AppError, match="missing cannot be read"):
        _line("--sip", "127.0.0.1", "--sip-users", str(tmp_path / "missing"))


def test_options_of_a_line_need_one() -> None:
    with pytest.raises(AppError, match="give --sip"):
        _line("--sip-trunk", "sip.example.com")


@pytest.mark.parametrize("wrong", ["", "x y", "a@127.0.0.1", "127.0.0.1:99999"])
def test_what_is_no_place_is_refused_with_one(
    wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        _parsed("--sip", wrong)
    assert "such as" in capsys.readouterr().err


def test_a_port_that_is_taken_is_told_in_a_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        assert main(["serve", "--simulator", "--port", "0", "--sip", place]) != 0
    assert "port 0 takes any that is free" in capsys.readouterr().err
