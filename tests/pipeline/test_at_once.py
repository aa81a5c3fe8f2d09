"""A reader that takes frames in the step of their writer, and what it leaves queued."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from anyio.lowlevel import checkpoint
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Input,
    Output,
    Pipeline,
    Processor,
    SpeechStarted,
    Turn,
)
from voxpipe.pipeline.queue import EMPTY, Queue
from voxpipe.pipeline.testing import run_virtual, run_within

PCM = AudioFormat("pcm16", 16_000)


def mark(number: int) -> SpeechStarted:
    return SpeechStarted(at=float(number))


class Quick(Processor):
    """Takes at once what its judge lets it, and waits for the rest."""

    input = Input[SpeechStarted](capacity=4)

    def __init__(self, judge: Callable[[SpeechStarted], bool]) -> None:
        self.judge = judge
        self.taken: list[tuple[str, float]] = []

    async def run(self) -> None:
        self.input.take_at_once(self._take)
        async for frame in self.input:
            self.taken.append(("waited", frame.at))

    def _take(self, frame: SpeechStarted) -> bool:
        if self.judge(frame):
            self.taken.append(("at once", frame.at))
            return True
        return False


class Source(Processor):
    """Sends marks, and lets the reader start first."""

    output = Output[SpeechStarted]()

    def __init__(self, count: int) -> None:
        self.count = count
        self.seen: list[int] = []
        self.quick: Quick | None = None

    async def run(self) -> None:
        await checkpoint()
        await checkpoint()
        for number in range(self.count):
            await self.output.send(mark(number))
            if self.quick is not None:
                self.seen.append(len(self.quick.taken))


async def test_what_is_taken_at_once_is_there_when_the_send_returns() -> None:
    source, quick = Source(100), Quick(lambda _: True)
    source.quick = quick
    pipeline = Pipeline(source.output >> quick.input)
    await run_within(5, pipeline)
    assert source.seen == list(range(1, 101))
    assert quick.taken == [("at once", float(n)) for n in range(100)]
    assert pipeline.stats().inputs["quick.input"].delivered == 100


@given(st.lists(st.booleans(), max_size=60))
def test_frames_keep_their_order_whatever_is_refused(judgements: list[bool]) -> None:
    source = Source(len(judgements))
    quick = Quick(lambda frame: judgements[int(frame.at)])
    run_virtual(run_within, 5, Pipeline(source.output >> quick.input))
    assert [at for _, at in quick.taken] == [float(n) for n in range(len(judgements))]
    # Behind one that is queued, the others are, too, until the reader has caught up.
    assert all(judgements[int(at)] for how, at in quick.taken if how == "at once")


async def test_an_error_is_the_readers_and_not_the_writers() -> None:
    def judge(frame: SpeechStarted) -> bool:
        if frame.at == 3:
            raise ArithmeticError("no threes")
        return True

    source, quick = Source(50), Quick(judge)
    with pytest.raises(ArithmeticError) as caught:
        await run_within(5, Pipeline(source.output >> quick.input))
    assert caught.value.__notes__ == ["raised by the box 'quick'"]
    assert quick.taken == [("at once", float(n)) for n in range(3)]


async def test_a_cut_turn_is_not_taken_at_once_either() -> None:
    queue, taken = Queue("quick.input", 4, 200.0), list[AudioFrame]()

    def take(frame: AudioFrame) -> bool:
        taken.append(frame)
        return True

    queue.add_writer()
    queue.take_at_once(take)
    one, other = Turn(), Turn()
    other.cut()
    for turn in (one, other):
        assert queue.put_nowait(AudioFrame(data=bytes(320), format=PCM, turn=turn))
    assert [frame.turn for frame in taken] == [one]
    assert queue.take_nowait() is EMPTY
    assert (queue.delivered, queue.stale) == (1, 1)
    queue.finish()
