"""``--watch``: a window into what other commands run."""

from __future__ import annotations

import argparse

import pytest

from voxpipe.console.main import command_line, main
from voxpipe.console.watched import watched


def test_a_link_is_printed_where_it_harms_no_output(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with watched(argparse.Namespace(watch=True), "mine"):
        shown = capsys.readouterr()
    assert shown.out == ""  # `voxpipe talk --stdin` writes sound there
    assert shown.err.startswith("Look: http://127.0.0.1:")


def test_there_is_no_window_unless_one_is_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with watched(argparse.Namespace(watch=False), "mine"):
        pass
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("command", ["serve", "talk", "demo", "bench"])
def test_the_commands_that_run_an_app_have_it(command: str) -> None:
    assert command_line().parse_args([command, "--watch"]).watch


@pytest.mark.parametrize("more", [[], ["--virtual"]])
def test_a_bench_in_another_process_or_time_cannot_be_watched(
    more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "--watch", *more]) == 1
    assert "add --over memory" in capsys.readouterr().err
