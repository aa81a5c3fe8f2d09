from __future__ import annotations

import pytest
from anyio import BrokenResourceError, EndOfStream, create_task_group
from anyio.lowlevel import checkpoint

from voxpipe.transports.telephony.testing import memory_lines


async def test_messages_arrive_in_order_both_ways() -> None:
    ours, theirs = memory_lines()
    await ours.send("a")
    await ours.send("b")
    await theirs.send("c")
    assert [await theirs.receive(), await theirs.receive()] == ["a", "b"]
    assert await ours.receive() == "c"
    await ours.close()
    await theirs.close()


async def test_what_was_sent_before_the_end_can_still_be_received() -> None:
    ours, theirs = memory_lines()
    await ours.send("last")
    await ours.close(1001, "")
    assert await theirs.receive() == "last"
    with pytest.raises(EndOfStream):
        await theirs.receive()
    with pytest.raises(BrokenResourceError):
        await theirs.send("too late")
    assert ours.close_code == theirs.close_code == 1001
    await theirs.close(1000)
    assert ours.close_code == 1001  # whoever was first


async def test_who_has_closed_can_neither_send_nor_receive() -> None:
    ours, theirs = memory_lines()
    await theirs.send("unread")
    await ours.close()
    with pytest.raises(EndOfStream):
        await ours.receive()
    with pytest.raises(BrokenResourceError):
        await ours.send("")
    await theirs.close()


async def test_a_connection_that_broke_has_no_code() -> None:
    ours, theirs = memory_lines()
    await ours.abort()
    with pytest.raises(EndOfStream):
        await theirs.receive()
    assert theirs.close_code is None
    await theirs.close()


async def test_who_does_not_read_holds_the_other_side_back() -> None:
    ours, theirs = memory_lines(capacity=2)
    sent = 0

    async def send() -> None:
        nonlocal sent
        for _ in range(3):
            await ours.send("x")
            sent += 1

    async with create_task_group() as tasks:
        tasks.start_soon(send)
        for _ in range(10):
            await checkpoint()
        assert sent == 2
        await theirs.receive()
    assert sent == 3
    await ours.close()
    await theirs.close()
