"""Whole conversations are held on one event loop in each run, and on both in CI.

What depends on the loop is proved in `tests/pipeline`, on both each time. Of the
conversations, of which each costs as much as a hundred of those, every run takes one
half on asyncio and the other on trio; the other halves run with what is slow.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
IN_TURN = (TESTS / "processors" / "realtime", TESTS / "transports")
# These run on other Pythons and the oldest versions as well, where nothing slow does.
ALWAYS = (IN_TURN[0] / "protocol", IN_TURN[1] / "serving")
LOOPS = ("asyncio", "trio")


def mark(items: Iterable[pytest.Item]) -> None:
    """Mark as slow the half that is for another run."""
    twins = defaultdict[tuple[Path, str], list[pytest.Item]](list)
    for item in items:
        if _is_within(item.path, IN_TURN) and not _is_within(item.path, ALWAYS):
            twins[item.path, _but_for_its_loop(item)].append(item)
    turns = defaultdict[Path, int](int)  # in each file, so that it alone runs alike
    for (path, _), pair in twins.items():
        if len(pair) == len(LOOPS) and not any(map(_is_marked, pair)):
            turns[path] += 1
            pair[turns[path] % 2].add_marker(pytest.mark.slow)


def _is_within(path: Path, folders: Iterable[Path]) -> bool:
    return any(folder in path.parents for folder in folders)


def _but_for_its_loop(item: pytest.Item) -> str:
    """The name of a test, the same for both loops."""
    name, _, given = item.name.partition("[")
    parts = given.removesuffix("]").split("-")
    return f"{name}[{'-'.join('loop' if each in LOOPS else each for each in parts)}"


def _is_marked(item: pytest.Item) -> bool:
    names = ("slow", "soak", "system", "clients")
    return any(item.get_closest_marker(name) for name in names)
