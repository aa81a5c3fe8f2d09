"""Which library it is, and that nobody is left in the dark about it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from voxpipe.websocket import choice, sockets


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """What was warned of, and what was found."""
    for each in (choice.not_granted, choice.installed):
        each.cache_clear()
    yield
    for each in (choice.not_granted, choice.installed):
        each.cache_clear()


@pytest.mark.parametrize(
    ("wish", "library"),
    [("", "picows"), ("picows", "picows"), ("websockets", "websockets")],
)
def test_a_wish_is_granted_and_nothing_is_said_of_it(
    wish: str,
    library: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv(choice.SOCKETS, wish)
    assert sockets() == library
    assert not caplog.messages


def test_a_wish_that_means_nothing_is_told_of_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(choice.SOCKETS, "uvloop")
    assert sockets() == sockets() == "picows"
    assert caplog.messages == [
        "VOXPIPE_SOCKETS is 'uvloop', and it is picows: expected websockets, or picows "
        "where it is installed, by pip install 'voxpipe[fast]'"
    ]


@pytest.mark.parametrize("wish", ["", "picows"])
def test_that_picows_is_not_installed_is_told_of_if_it_was_wished_for(
    wish: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(choice.SOCKETS, wish)
    _put_in_the_place_of_picows(None, monkeypatch)
    assert sockets() == "websockets"
    assert len(caplog.messages) == bool(wish)


def test_that_picows_is_there_and_does_not_work_is_told_of(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv(choice.SOCKETS, raising=False)
    _put_in_the_place_of_picows(ModuleType("picows"), monkeypatch)
    assert sockets() == "websockets"
    (message,) = caplog.messages
    assert message.startswith("picows cannot be used, websockets is: ")


def _put_in_the_place_of_picows(
    module: ModuleType | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an import of it gives; ``None``: it is not installed."""
    monkeypatch.setitem(sys.modules, "picows", module)
    monkeypatch.delitem(sys.modules, "voxpipe.websocket.picows_wire", raising=False)
    monkeypatch.delattr("voxpipe.websocket.picows_wire", raising=False)
