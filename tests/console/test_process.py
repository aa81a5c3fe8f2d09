"""Logs, descriptors and garbage of a process that serves."""

from __future__ import annotations

import gc
import importlib.util
import io
import logging
import resource
import sys
from collections.abc import Iterator

import pytest

from voxpipe.console.app import AppError
from voxpipe.console.process import chosen_loop, log_to_console, open_files, settle


@pytest.fixture
def logger(monkeypatch: pytest.MonkeyPatch) -> Iterator[logging.Logger]:
    """Voxpipe's, as it is at the start of a process."""
    logger = logging.getLogger("voxpipe")
    monkeypatch.setattr(logger, "handlers", [])
    yield logger
    logger.setLevel(logging.NOTSET)


def test_a_call_is_told_in_one_plain_line(
    logger: logging.Logger,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # pytest's own
    log_to_console()
    logger.getChild("calls").info("call=%s end=caller", "1a")
    logger.getChild("calls").debug("nobody wants to know")
    printed = capsys.readouterr().out
    assert printed.endswith(" INFO call=1a end=caller\n")
    assert printed.count("\n") == 1


def test_a_console_with_few_letters_shows_what_it_has_none_for_in_others(
    logger: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    console = io.BytesIO()
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(console, encoding="ascii"))
    log_to_console()
    logger.info("text: 'menü'")
    sys.stdout.flush()
    assert console.getvalue().endswith(rb"INFO text: 'men\xfc'" + b"\n")


def test_an_app_that_arranges_for_logs_keeps_its_own_ways(
    logger: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [logging.NullHandler()])
    log_to_console()
    assert logger.handlers == []


def test_as_many_descriptors_are_allowed_as_the_system_lets_us() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    try:
        open_files()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert hard == before[1]
        assert soft == hard or soft >= 65_536
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_what_is_there_at_the_start_is_not_collected_again() -> None:
    there = [list[int]()]
    assert any(each is there for each in gc.get_objects())
    settle()
    assert not any(each is there for each in gc.get_objects())


def test_without_uvloop_it_runs_on_asyncio(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen_loop(None) == "uvloop"
    assert chosen_loop("asyncio") == "asyncio"

    def nothing(name: str) -> None:
        return None

    monkeypatch.setattr(importlib.util, "find_spec", nothing)
    assert chosen_loop(None) == "asyncio"
    with pytest.raises(AppError, match=r"pip install 'voxpipe\[fast\]'"):
        chosen_loop("uvloop")
