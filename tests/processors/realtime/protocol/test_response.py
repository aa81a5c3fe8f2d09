"""A response, and what a program holds of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from anyio import EndOfStream, create_task_group
from anyio.lowlevel import checkpoint

from voxpipe.pipeline import AudioFrame
from voxpipe.processors.realtime import Outcome
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.protocol.response import NEXT, Phase, Response


async def test_everybody_who_waits_learns_the_first_outcome() -> None:
    response, learnt = Response(), list[Outcome]()
    reply = response.reply

    async def wait() -> None:
        learnt.append(await reply.outcome())

    response.texts["item_a", 0] = "Good"
    response.texts["item_b", 0] = "evening."
    async with create_task_group() as tasks:
        tasks.start_soon(wait)
        tasks.start_soon(wait)
        await checkpoint()
        response.settle("completed")
        response.settle("failed", "later")
    assert learnt == [Outcome("completed", "Good evening.")] * 2
    assert await reply.outcome() is learnt[0]
    assert reply.settled is learnt[0]


async def test_only_replies_out_of_band_are_heard_by_their_handle() -> None:
    frame = AudioFrame(data=bytes(480), format=PCM_24K)
    aside = Response(options={"conversation": "none"})
    spoken = Response(options={})
    for response in (aside, spoken):
        response.store.put(frame)
        response.store.close()
    assert await aside.reply.receive() is frame
    for response in (aside, spoken):
        with pytest.raises(EndOfStream):
            await response.reply.receive()
    assert len(spoken.store) == 1  # it is for `Realtime.says`


def test_words_stay_out_of_the_repr() -> None:
    options = {"instructions": "secret"}
    response = Response(options=options, request_id="voxpipe_1")
    response.texts["item_a", 0] = "secret"
    response.settle("completed")
    assert repr(response) == "<Response voxpipe_1 waiting>"
    assert repr(response.reply) == "<Reply voxpipe_1 completed>"
    assert "secret" not in repr(response.settled)


def test_it_tells_the_items_in_which_it_says_something() -> None:
    response = Response()
    response.texts |= {("item_a", 0): "One", ("item_b", 0): "two", ("item_a", 1): "3"}
    assert response.reply.item_ids == ("item_a", "item_b")


@pytest.mark.parametrize("before", NEXT)
@pytest.mark.parametrize("after", NEXT)
def test_it_moves_as_the_table_says_and_no_other_way(
    before: Phase, after: Phase
) -> None:
    response = Response(phase=before)
    moves: dict[Phase, Callable[[], None]] = {
        "waiting": response.wait_again,
        "asked": response.ask,
        "making": lambda: response.begin("resp_1", 0.0, is_spoken=True),
        "made": lambda: response.end("resp_1"),
        "dropped": lambda: response.drop("failed", "over"),
    }
    move = moves[after]
    if after in NEXT[before]:
        move()
        assert response.phase == after
    else:
        with pytest.raises(AssertionError, match=f"cannot be {after}"):
            move()
        assert response.phase == before


def test_what_was_dropped_is_cut_and_has_its_outcome() -> None:
    response = Response()
    response.store.put(AudioFrame(data=bytes(480), format=PCM_24K))
    response.drop("superseded", "another reply answers the caller")
    assert response.turn.is_cut
    assert len(response.store) == 0
    assert response.settled == Outcome(
        "superseded", "", "another reply answers the caller"
    )
