"""What a program holds of a reply."""

from __future__ import annotations

import pytest
from anyio import EndOfStream, create_task_group
from anyio.lowlevel import checkpoint

from voxpipe.pipeline import AudioFrame
from voxpipe.processors.realtime import Outcome, Reply
from voxpipe.processors.realtime.config.settings import PCM_24K


async def test_everybody_who_waits_learns_the_first_outcome() -> None:
    reply, learnt = Reply(), list[Outcome]()

    async def wait() -> None:
        learnt.append(await reply.outcome())

    reply.texts["item_a", 0] = "Good"
    reply.texts["item_b", 0] = "evening."
    async with create_task_group() as tasks:
        tasks.start_soon(wait)
        tasks.start_soon(wait)
        await checkpoint()
        reply.settle("completed")
        reply.settle("failed", "later")
    assert learnt == [Outcome("completed", "Good evening.")] * 2
    assert await reply.outcome() is learnt[0]
    assert reply.settled is learnt[0]


async def test_only_replies_out_of_band_are_heard_by_their_handle() -> None:
    frame = AudioFrame(data=bytes(480), format=PCM_24K)
    aside, spoken = Reply(request={"conversation": "none"}), Reply(request={})
    for reply in (aside, spoken):
        reply.store.put(frame)
        reply.store.close()
    assert await aside.receive() is frame
    for reply in (aside, spoken):
        with pytest.raises(EndOfStream):
            await reply.receive()
    assert len(spoken.store) == 1  # it is for `Realtime.says`


def test_words_stay_out_of_the_repr() -> None:
    reply = Reply(request={"instructions": "secret"}, request_id="voxpipe_1")
    reply.texts["item_a", 0] = "secret"
    reply.settle("completed")
    assert repr(reply) == "<Reply voxpipe_1 completed>"
    assert "secret" not in repr(reply.settled)
