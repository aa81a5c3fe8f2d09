"""Every WebSocket of ours against one table of what may come, as Autobahn has it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import pytest

from voxpipe.websocket.choice import SOCKETS

from ..matrix import mostly_slow
from .cases import GROUPS, Case, lengths
from .frames import BINARY, CLOSE, PONG, TEXT, Frame, event, goodbye, read
from .sides import Name, Sent, Side, opened

UVLOOP = ("asyncio", {"use_uvloop": True})
SIDES: tuple[tuple[Name, Any, str], ...] = (
    ("server", "asyncio", "websockets"),
    ("server", "asyncio", "picows"),
    ("server", UVLOOP, "websockets"),  # as `voxpipe serve` chooses; it has no trio
    ("server", UVLOOP, "picows"),
    ("simulator", "asyncio", "websockets"),
    ("simulator", "asyncio", "picows"),
    ("simulator", UVLOOP, "websockets"),
    ("simulator", UVLOOP, "picows"),
    ("simulator", "trio", "websockets"),
    ("client", "asyncio", "websockets"),
    ("client", "asyncio", "picows"),
    ("client", UVLOOP, "picows"),
    ("client", "trio", "websockets"),
)
# Where picows says goodbye with another code: to two goodbyes in one read, within a
# message (as Autobahn has it), and where there was none. Nobody is harmed.
ANOTHER = {
    "7.1.2 twice": 1002,
    "7.1.5 in a message": 1000,
    "7.3.1 without a code": 1000,
}
# What is also sent byte by byte: that asks the loop for a turn after each.
BYTEWISE = {"pings", "fragments", "texts"}
SMALL = 200  # bytes
# Each implementation and each loop once; the others run with what is slow.
QUICK = (
    ("server", UVLOOP, "picows"),
    ("server", "asyncio", "websockets"),
    ("simulator", "trio", "websockets"),
    ("simulator", "asyncio", "picows"),
    ("client", "asyncio", "picows"),
    ("client", "trio", "websockets"),
)


def named(side: tuple[Name, Any, str]) -> str:
    name, loop, library = side
    return f"{name}-{loop if isinstance(loop, str) else 'uvloop'}-{library}"


@pytest.fixture(params=mostly_slow(SIDES, QUICK.__contains__), ids=named)
def side(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> tuple[Name, Any]:
    """One implementation, and the event loop under it."""
    name, loop, library = request.param
    monkeypatch.setenv(SOCKETS, library)
    return name, loop


@pytest.fixture
def anyio_backend(side: tuple[Name, Any]) -> Any:
    """The event loop under test."""
    return side[1]


def heard(case: Case, side: Side) -> list[str | None]:
    """What a side tells that it has read, of a case and of what follows it."""
    is_binary = any(frame.opcode == BINARY for frame in case.frames)
    is_read = side.reads_binary or not is_binary
    names = [name if is_read else None for name in case.heard]
    return [*names, "the end"] if case.close is None else names


async def verdicts(
    side: Side, cases: Iterable[Case], bytewise: bool = False
) -> list[str]:
    """Those cases of which it has made something else."""
    found: list[str] = []
    # Whoever has gone on hears this, and whoever has not does not.
    end = Frame(TEXT, event("the end"))
    bye = goodbye(1000).wire(side.masks)
    for case in cases:
        data = b"".join(frame.wire(side.masks) for frame in [*case.frames, end])
        close = case.close or 1000
        expected = heard(case, side), list(case.pongs), close
        if os.environ[SOCKETS] == "picows":
            expected = (*expected[:2], ANOTHER.get(case.name, close))
        for piece in {len(data), 1 if bytewise and len(data) < SMALL else len(data)}:
            outcome = await side.take(Sent(data, piece, bye))
            frames = outcome.frames
            pongs = [each.data for each in frames if each.opcode == PONG]
            closes = [each.data for each in frames if each.opcode == CLOSE]
            codes = [int.from_bytes(each[:2], "big") or 1005 for each in closes]
            told = outcome.heard
            if case.close is not None and not side.tells and told == []:
                told = heard(case, side)
            came = told, pongs, *codes
            if came != expected:
                found.append(f"{case.name} by {piece}: {came}, not {expected}")
    return found


@pytest.mark.parametrize("cases", GROUPS, ids=lambda group: group.__name__)
async def test_what_comes_is_taken_or_refused_as_the_standard_has_it(
    cases: Any, side: tuple[Name, Any]
) -> None:
    async with opened(side[0]) as implementation:
        bytewise = cases.__name__ in BYTEWISE
        assert not await verdicts(implementation, cases(), bytewise)


async def test_the_longest_message_is_taken_and_a_longer_one_refused(
    side: tuple[Name, Any],
) -> None:
    async with opened(side[0]) as implementation:
        assert not await verdicts(implementation, lengths(implementation.most))


def test_a_frame_is_read_as_it_was_written() -> None:
    frames = [Frame(TEXT, b"x" * size) for size in (0, 1, 125, 126, 65_535, 65_536)]
    for masked in (True, False):
        data = b"".join(frame.wire(masked) for frame in frames)
        assert list(read(data, masked)) == frames
