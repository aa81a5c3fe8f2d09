"""What waits to be told: the newest of each thing, and a bounded number of things."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from anyio import create_task_group, current_time, sleep

from voxpipe.transports.browser.news import MAX_KEPT, MAX_WAITING, News
from voxpipe.transports.browser.seat import Seat
from voxpipe.transports.telephony.testing import memory_lines

Run = Callable[[Callable[[], Any]], Any]


async def read(news: News, count: int) -> list[Any]:
    """So many messages, as a page gets them."""
    ours, theirs = memory_lines(1_024)
    told = list[Any]()
    async with create_task_group() as tasks:
        tasks.cancel_scope.deadline = current_time() + 5
        tasks.start_soon(news.deliver, Seat(ours, "browser-1"))
        told += [json.loads(await theirs.receive()) for _ in range(count)]
        tasks.cancel_scope.cancel()
    await ours.abort()
    await theirs.abort()
    return told


def test_what_waits_is_replaced_by_the_newest_of_the_same(in_time: Run) -> None:
    news = News()
    for number in range(5):
        news.tell("state", "state", state=str(number))
        news.tell(number, "turn", reply=number)
    told = in_time(lambda: read(news, 6))
    assert told[0] == {"type": "state", "state": "4"}
    assert [each["reply"] for each in told[1:]] == [0, 1, 2, 3, 4]


def test_a_page_that_reads_nothing_misses_the_oldest_and_nothing_grows(
    in_time: Run,
) -> None:
    news = News()
    for number in range(MAX_WAITING + 10):
        news.tell(number, "turn", reply=number)
    assert (len(news), news.dropped) == (MAX_WAITING, 10)
    told = in_time(lambda: read(news, MAX_WAITING))
    assert [each["reply"] for each in told] == list(range(10, MAX_WAITING + 10))


def test_what_was_told_last_is_told_again_in_its_order(in_time: Run) -> None:
    news = News()

    async def scene() -> list[Any]:
        for number in range(MAX_KEPT + 5):
            news.tell(number, "turn", reply=number)
        await read(news, MAX_KEPT + 5)
        news.tell(7, "turn", reply=700)
        news.again()
        return await read(news, MAX_KEPT)

    told = [each["reply"] for each in in_time(scene)]
    assert told[:5] == [5, 6, 700, 8, 9]
    assert told[-1] == MAX_KEPT + 4


def test_the_last_words_are_delivered_before_it_closes(in_time: Run) -> None:
    async def scene() -> list[Any]:
        news = News()
        ours, theirs = memory_lines()
        async with create_task_group() as tasks:
            tasks.start_soon(news.deliver, Seat(ours, "browser-1"))
            await sleep(1.0)
            news.tell("ended", "ended", by="agent")
            news.close()
            await news.delivered.wait()
        told = [json.loads(await theirs.receive())]
        await ours.abort()
        await theirs.abort()
        return told

    assert in_time(scene) == [{"type": "ended", "by": "agent"}]
