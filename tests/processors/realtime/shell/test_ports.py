"""Frames on their way to a port that is read slowly."""

from __future__ import annotations

from typing import Any

import pytest
from anyio import create_task_group
from anyio.lowlevel import checkpoint

from voxpipe.pipeline import (
    Input,
    Output,
    Pipeline,
    Processor,
    Text,
    Transcript,
    VoxpipeError,
)
from voxpipe.pipeline.testing import Probe
from voxpipe.processors.realtime.shell.ports import MAX_WAITING, PortQueue


class Teller(Processor):
    """Tells what was added before it ran, then ends."""

    output = Output[Any]()

    def __init__(self) -> None:
        self.news = PortQueue(self.output)

    async def run(self) -> None:
        async with create_task_group() as tasks:
            tasks.start_soon(self.news.deliver)
            await checkpoint()
            self.news.close()


def words(text: str, *, item: str = "item_a", final: bool = False) -> Transcript:
    return Transcript(speaker="agent", text=text, item_id=item, final=final)


async def told(teller: Teller) -> list[Any]:
    probe = Probe()
    await Pipeline(teller.output >> probe.input).run()
    return probe.frames


async def test_growing_words_are_told_in_their_newest_state() -> None:
    teller = Teller()
    for text in ("Good", "Good eve", "Good evening"):
        teller.news.add(words(text))
        teller.news.add(words(text, item="item_b"))
    assert [(t.item_id, t.text) for t in await told(teller)] == [
        ("item_a", "Good evening"),
        ("item_b", "Good evening"),
    ]


async def test_no_end_is_ever_replaced() -> None:
    teller = Teller()
    teller.news.add(words("Good"))
    teller.news.add(words("Good evening.", final=True))
    teller.news.add(words("Good evening.", final=True))
    teller.news.add(words("More", final=False))
    assert [t.text for t in await told(teller)] == [
        "Good evening.",
        "Good evening.",
        "More",
    ]


async def test_other_frames_come_all_and_in_order() -> None:
    teller = Teller()
    texts = [Text(text=str(number)) for number in range(100)]
    for text in texts:
        teller.news.add(text)
    assert await told(teller) == texts


async def test_a_reader_that_does_not_read_is_named() -> None:
    teller = Teller()
    for number in range(MAX_WAITING):
        teller.news.add(Text(text=str(number)))
    with pytest.raises(
        VoxpipeError, match=f"{MAX_WAITING} frames wait at teller.output"
    ):
        teller.news.add(Text(text="one too many"))


async def test_what_waits_is_told_after_the_end_was_announced() -> None:
    class Slow(Processor):
        input = Input[Any](capacity=1)

        def __init__(self) -> None:
            self.frames: list[Any] = []

        async def run(self) -> None:
            async for frame in self.input:
                await checkpoint()
                self.frames.append(frame)

    teller, slow = Teller(), Slow()
    for number in range(20):
        teller.news.add(Text(text=str(number)))
    await Pipeline(teller.output >> slow.input).run()
    assert len(slow.frames) == 20
