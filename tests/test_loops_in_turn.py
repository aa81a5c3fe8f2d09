"""Half of the whole conversations are held in each run: no more, and no less."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from . import loops_in_turn

FOLDER = loops_in_turn.IN_TURN[1]


class Named(pytest.Item):
    """A test of which only the name matters."""

    def runtest(self) -> None:
        raise AssertionError("it is never run")


def slow(request: pytest.FixtureRequest, file: str, *names: str) -> list[str]:
    path = (FOLDER / file).resolve()
    made: Any = Named  # pytest does not say what `from_parent` takes
    items = [
        made.from_parent(
            request.session, name=name, path=path, nodeid=f"{path}::{name}"
        )
        for name in names
    ]
    loops_in_turn.mark(items)
    return [each.name for each in items if each.get_closest_marker("slow")]


def test_of_each_pair_one_is_slow_and_the_loops_take_turns(
    request: pytest.FixtureRequest,
) -> None:
    names = [f"test_{n}[{loop}-x]" for n in range(10) for loop in loops_in_turn.LOOPS]
    marked = slow(request, "test_calls.py", *names)
    assert len({each.partition("[")[0] for each in marked}) == len(marked) == 10
    assert Counter("trio" in each for each in marked) == {True: 5, False: 5}


@pytest.mark.parametrize(
    ("file", "names"),
    [
        ("test_calls.py", ["test_it", "test_it_too[a]"]),
        ("test_calls.py", ["test_it[asyncio]", "test_it_too[trio]"]),
        ("serving/test_server.py", ["test_it[asyncio]", "test_it[trio]"]),
        ("../pipeline/test_turn.py", ["test_it[asyncio]", "test_it[trio]"]),
    ],
)
def test_what_has_no_twin_or_belongs_to_the_core_always_runs(
    request: pytest.FixtureRequest, file: str, names: list[str]
) -> None:
    assert slow(request, file, *names) == []
