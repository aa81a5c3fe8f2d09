"""Audio that nobody has taken yet."""

from __future__ import annotations

import pytest
from anyio import EndOfStream, create_task_group
from anyio.lowlevel import checkpoint
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import AudioFrame
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.protocol.store import STORE_SECONDS, Store


def frame(seconds: float = 1.0) -> AudioFrame:
    return AudioFrame(data=bytes(PCM_24K.bytes_in(seconds)), format=PCM_24K)


@given(st.lists(st.one_of(st.none(), st.floats(0.001, 30))))
def test_it_never_holds_more_than_its_bound(steps: list[float | None]) -> None:
    store = Store()
    for seconds in steps:
        if seconds is None:
            store.take()
        else:
            store.put(frame(seconds))
        assert 0 <= store.seconds <= STORE_SECONDS
        assert (store.seconds == 0) == (len(store) == 0)


def test_what_does_not_fit_is_refused() -> None:
    store = Store()
    assert all(store.put(frame(10)) for _ in range(12))
    assert not store.put(frame(0.02))
    store.take()
    assert store.put(frame(10))


async def test_a_reader_waits_for_what_is_to_come() -> None:
    store, got = Store(), list[AudioFrame]()

    async def read() -> None:
        while True:
            try:
                got.append(await store.receive())
            except EndOfStream:
                return

    first, second = frame(), frame()
    async with create_task_group() as tasks:
        tasks.start_soon(read)
        await checkpoint()
        store.put(first)
        await checkpoint()
        store.put(second)
        store.close()
    assert got == [first, second]


async def test_what_was_cleared_is_not_received() -> None:
    store = Store()
    store.put(frame())
    store.clear()
    with pytest.raises(EndOfStream):
        await store.receive()
