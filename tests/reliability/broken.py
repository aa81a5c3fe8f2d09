"""Breaks voxpipe in one way, for the tests that prove a row: they have to notice.

A plugin of pytest: ``VOXPIPE_BROKEN=26 pytest -p tests.reliability.broken …``. Rows
that measure something themselves are broken in `test_rows.py`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

ROW = "VOXPIPE_BROKEN"
Break = Callable[[Any], Any]
"""What takes the place of something, made of what was there."""


@dataclass(frozen=True, slots=True)
class Broken:
    """One way.

    Attributes:
        what: is broken: a module, and a name in it.
        how: it is.
        test: of the row, that fails by it.
    """

    what: str
    how: Break
    test: str


def _twice(take_back: Any) -> Any:
    def taken_back(items: Any, whole: Any) -> Any:
        return take_back(items, whole) * 2

    return taken_back


def _mute(refused: Any) -> Any:
    def told(*arguments: Any) -> Any:
        error = refused(*arguments)
        error.args = ("no",)
        return error

    return told


def _fails(_: Any) -> Any:
    def failing(*arguments: Any) -> Any:
        raise KeyError("delta")

    return failing


def _does_nothing(_: Any) -> Any:
    def nothing(*arguments: Any) -> None:
        return None

    return nothing


def _at_once(_: Any) -> Any:
    async def drained(board: Any, deadline: float) -> int:
        return 0

    return drained


def _anybody(_: Any) -> Any:
    async def checked(tokens: Any, token: str) -> dict[str, str]:
        return {}

    return checked


REALTIME = "voxpipe.processors.realtime"
BROKEN = {
    3: Broken(
        f"{REALTIME}.protocol.truncation:take_back",
        _twice,
        "processors/realtime/protocol/test_truncation.py",
    ),
    10: Broken(
        f"{REALTIME}.connect.refusal:refused",
        _mute,
        "processors/realtime/connect/test_refusal.py",
    ),
    12: Broken(
        f"{REALTIME}.events.parse:_audio",
        _fails,
        "processors/realtime/test_fuzz.py",
    ),
    13: Broken(
        f"{REALTIME}.protocol.store:Store.clear",
        _does_nothing,
        "both_sides/test_interleavings.py",
    ),
    14: Broken(
        "voxpipe.websocket.plain_wire:PlainWire._answer",
        _does_nothing,
        "rfc6455",
    ),
    20: Broken(
        "voxpipe.transports.telephony.playout_call:PlayoutCall.hang_up",
        _does_nothing,
        "transports/telephony/twilio/test_call_ends.py",
    ),
    26: Broken(
        "voxpipe.transports.telephony.switchboard:Switchboard.drain",
        _at_once,
        "transports/telephony/test_drain.py",
    ),
    29: Broken(
        "voxpipe.transports.browser.tokens:Tokens.check",
        _anybody,
        "transports/browser/test_tokens.py",
    ),
}


def pytest_configure() -> None:
    """Break it, before a test has taken anything from where it is."""
    broken = BROKEN[int(os.environ[ROW])]
    module, _, path = broken.what.partition(":")
    *holders, name = path.split(".")
    place: Any = import_module(module)
    for each in holders:
        place = getattr(place, each)
    setattr(place, name, broken.how(getattr(place, name)))
