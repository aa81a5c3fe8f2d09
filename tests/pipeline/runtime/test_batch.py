"""A round of asyncio's loop: all is read, then worked on, then sent; in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline.runtime.batch import Batch, batch


@pytest.fixture
def anyio_backend() -> str:
    """The only loop that calls protocols; trio has streams, which tasks read."""
    return "asyncio"


class Story(asyncio.WriteTransport):
    """What happened, in order; as a transport it notes what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def write(self, data: Any) -> None:
        self.lines.append(f"sent {data.decode()}")

    def work(self, rounds: Batch, name: str) -> Callable[[bytes], None]:
        """Answers each message twice; fails at an exclamation mark."""

        def work(data: bytes) -> None:
            self.lines.append(f"{name} works on {data.decode()}")
            rounds.write(self, b"a" + data)
            if data == b"!":
                raise LookupError(name)
            rounds.write(self, b"b" + data)

        return work


async def test_a_loop_has_one() -> None:
    assert batch() is batch()


async def test_all_that_has_come_is_worked_on_before_anything_is_sent() -> None:
    story, rounds = Story(), batch()
    rounds.take(story.work(rounds, "one"), b"1")
    rounds.take(story.work(rounds, "two"), b"2")
    assert story.lines == []
    await asyncio.sleep(0)
    assert story.lines == [
        "one works on 1",
        "two works on 2",
        *("sent a1", "sent b1", "sent a2", "sent b2"),
    ]
    rounds.take(story.work(rounds, "one"), b"3")  # and so is the next round
    await asyncio.sleep(0)
    assert story.lines[-3:] == ["one works on 3", "sent a3", "sent b3"]


async def test_what_is_no_work_of_the_round_is_sent_at_once() -> None:
    story, rounds = Story(), batch()
    rounds.take(story.work(rounds, "one"), b"1")
    rounds.write(story, b"0")
    assert story.lines == ["sent 0"]


async def test_the_end_of_a_connection_comes_after_what_it_said() -> None:
    story, rounds = Story(), batch()
    rounds.take(story.work(rounds, "one"), b"1")
    rounds.run()
    assert story.lines == ["one works on 1", "sent a1", "sent b1"]
    await asyncio.sleep(0)  # nothing is left for the round that was ordered
    assert len(story.lines) == 3


async def test_work_that_asks_for_the_round_gets_it_when_it_is_done_itself() -> None:
    story, rounds = Story(), batch()

    def work(data: bytes) -> None:
        rounds.run()
        story.lines.append(data.decode())

    rounds.take(work, b"1")
    rounds.take(work, b"2")
    await asyncio.sleep(0)
    assert story.lines == ["1", "2"]


@given(st.lists(st.booleans(), min_size=1, max_size=8))
def test_work_that_fails_is_told_and_keeps_no_other_from_being_done(
    fails: list[bool],
) -> None:
    story, told = anyio.run(_work_through, fails)
    worked = [line for line in story.lines if "works" in line]
    assert worked == [f"{n} works on {'!' if f else n}" for n, f in enumerate(fails)]
    sent = [line for line in story.lines if line.startswith("sent")]
    expected = list[str]()
    for n, f in enumerate(fails):
        expected += ["sent a!"] if f else [f"sent a{n}", f"sent b{n}"]
    assert sent == expected
    assert told == [str(n) for n, f in enumerate(fails) if f]


async def _work_through(fails: list[bool]) -> tuple[Story, list[str]]:
    story, rounds, told = Story(), batch(), list[str]()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, news: told.append(str(news["exception"])))
    for n, fail in enumerate(fails):
        rounds.take(story.work(rounds, str(n)), b"!" if fail else str(n).encode())
    for _ in range(len(fails) + 1):
        await asyncio.sleep(0)
    return story, told
