"""Every WebSocket of ours against one table of what may come, as Autobahn has it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from .cases import GROUPS, Case, lengths
from .frames import BINARY, CLOSE, PONG, TEXT, Frame, event, goodbye, read
from .sides import Name, Sent, Side, opened

UVLOOP = ("asyncio", {"use_uvloop": True})
SIDES: tuple[tuple[Name, Any], ...] = (
    ("server", "asyncio"),
    ("server", UVLOOP),  # as `voxpipe serve` chooses; it has no trio
    ("simulator", "asyncio"),
    ("simulator", "trio"),
    ("client", "asyncio"),
    ("client", "trio"),
)
# What is also sent byte by byte: that asks the loop for a turn after each.
BYTEWISE = {"pings", "fragments", "texts"}
SMALL = 200  # bytes


@pytest.fixture(
    params=SIDES, ids=["server", "server-uvloop", *("-".join(s) for s in SIDES[2:])]
)
def side(request: pytest.FixtureRequest) -> tuple[Name, Any]:
    """One implementation, and the event loop under it."""
    which: tuple[Name, Any] = request.param
    return which


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
        expected = heard(case, side), list(case.pongs), case.close or 1000
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
