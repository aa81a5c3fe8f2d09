"""Numbers on the command line: one that cannot be is a line, and no traceback."""

from __future__ import annotations

import re

import pytest

from voxpipe.console.main import main

OPTIONS = {
    "serve": ("--port", "--limit", "--idle-limit", "--drain"),
    "simulate": ("--port",),
    "talk": ("--rate",),
}
NEVER = ("-1", "nan", "inf", "1e99", "", "many", "1_000_000_000")
NEVER_OF = {
    "--port": ["65536", "99999", "80.5", "8e3"],
    "--limit": ["0", "2.5"],
    "--rate": ["7999", "48001", "8e3"],
}


def test_these_are_all_the_numbers_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for command in ("serve", "simulate", "demo", "talk"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        shown = re.findall(r"^  (--[\w-]+) (\w+)", capsys.readouterr().out, re.M)
        numbered = {option for option, of in shown if of in ("PORT", "N", "S", "HZ")}
        assert numbered == set(OPTIONS.get(command, ()))


@pytest.mark.parametrize(
    ("command", "option", "text"),
    [
        (command, option, text)
        for command, options in OPTIONS.items()
        for option in options
        for text in (*NEVER, *NEVER_OF.get(option, ()))
    ],
)
def test_a_number_that_cannot_be_is_told_with_what_can(
    command: str, option: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, option, text])
    assert ended.value.code == 2
    printed = capsys.readouterr().err
    assert f"argument {option}: expected a" in printed
    assert repr(text) in printed
