"""Who sends to one output from several tasks: what leaves it stays in order."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import pytest
from anyio import create_task_group
from anyio.lowlevel import checkpoint

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Filter,
    Input,
    Output,
    Pipeline,
    Processor,
    SpeechStarted,
    Text,
    Transform,
    Turn,
)
from voxpipe.pipeline.testing import Probe

from .boxes import HoldsOne, Writer

PCM = AudioFormat("pcm16", 8_000)


class Narrow(Processor):
    """Has room for one frame, and reads when it may."""

    input = Input[Text | SpeechStarted](capacity=1)

    def __init__(self) -> None:
        self.go = False
        self.read: list[Text | SpeechStarted] = []

    async def run(self) -> None:
        while not self.go:
            await checkpoint()
        async for frame in self.input:
            self.read.append(frame)


class MarksOnly(Transform[Text, SpeechStarted]):
    """Lets marks through, and no words."""

    def feed(self, frame: Text) -> Iterable[SpeechStarted]:
        return ()


class Twice(Filter[Text]):
    def feed(self, frame: Text) -> Iterable[Text]:
        return (frame, Text(text=frame.text.upper(), turn=frame.turn))


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(12):
        await checkpoint()


async def test_a_held_frame_is_not_overtaken_while_another_branch_has_no_room() -> None:
    narrow, probe = Narrow(), Probe()

    async def act(source: Writer) -> None:
        async with create_task_group() as tasks:

            async def send(frame: Text | SpeechStarted) -> None:
                tasks.start_soon(source.output.send, frame)
                await settle()

            await send(SpeechStarted(at=0.0))  # fills the narrow one
            await send(Text(text="one"))
            await send(SpeechStarted(at=1.0))  # waits there, with "one" to be delivered
            await send(Text(text="two"))
            await send(Text(text="three"))  # brings "two" into the probe's branch
            narrow.go = True

    source = Writer(act)
    await Pipeline(
        source.output >> MarksOnly() >> narrow.input,
        source.output >> HoldsOne() >> probe.input,
    ).run()
    texts = [frame.text for frame in probe.frames if isinstance(frame, Text)]
    assert texts == ["one", "two", "three"]
    assert len(narrow.read) == 2


async def test_what_one_frame_has_become_stays_together() -> None:
    narrow = Narrow()

    async def act(source: Writer) -> None:
        async with create_task_group() as tasks:
            for word in ("one", "two", "three"):
                tasks.start_soon(source.output.send, Text(text=word))
            await settle()
            narrow.go = True

    await Pipeline(Writer(act).output >> Twice() >> narrow.input).run()
    texts = [frame.text for frame in narrow.read if isinstance(frame, Text)]
    assert sorted(texts[::2]) == ["one", "three", "two"]
    assert texts[1::2] == [text.upper() for text in texts[::2]]


async def test_who_stands_in_line_with_a_frame_of_a_cut_turn_goes_on_at_once() -> None:
    narrow, turn, done = Narrow(), Turn(), list[str]()

    async def act(source: Writer) -> None:
        async def send(frame: Text) -> None:
            await source.output.send(frame)
            done.append(frame.text)

        async with create_task_group() as tasks:
            tasks.start_soon(send, Text(text="waits"))
            tasks.start_soon(send, Text(text="cut", turn=turn))
            tasks.start_soon(send, Text(text="kept"))
            await settle()
            assert done == []
            turn.cut()
            await settle()
            assert done == ["cut"]
            narrow.go = True

    await Pipeline(Writer(act).output >> Twice() >> narrow.input).run()
    texts = [frame.text for frame in narrow.read if isinstance(frame, Text)]
    assert "cut" not in texts
    assert sorted(done) == ["cut", "kept", "waits"]
    assert sorted(texts) == ["KEPT", "WAITS", "kept", "waits"]


async def test_what_has_no_room_is_given_back_with_all_that_comes_after_it() -> None:
    class Captioned(Transform[AudioFrame, AudioFrame | SpeechStarted]):
        def feed(self, frame: AudioFrame) -> Iterable[AudioFrame | SpeechStarted]:
            return (frame, SpeechStarted(at=frame.start))

    class Short(Processor):
        input = Input[AudioFrame | SpeechStarted](capacity_ms=20)

        def __init__(self) -> None:
            self.read: list[AudioFrame | SpeechStarted] = []

        async def run(self) -> None:
            async for frame in self.input:
                self.read.append(frame)

    class Voice(Processor):
        output = Output[AudioFrame]()

        async def run(self) -> None:
            frame = AudioFrame(data=PCM.silence(0.02), format=PCM)
            assert not self.output.send_nowait(frame)
            rest = self.output.send_nowait(frame)
            assert len(rest) == 2  # the mark has room, and must not come first
            await self.output.deliver(rest)

    short = Short()
    await Pipeline(Voice().output >> Captioned() >> short.input).run()
    kinds = [type(frame) for frame in short.read]
    assert kinds == [AudioFrame, SpeechStarted] * 2


@pytest.mark.parametrize("seed", range(5))
async def test_one_reader_gets_what_all_tasks_send_in_the_order_they_sent_it(
    seed: int,
) -> None:
    sent: list[float] = []

    class Quick(Processor):
        input = Input[SpeechStarted](capacity=2)

        def __init__(self) -> None:
            self.read: list[float] = []

        async def run(self) -> None:
            random = Random(seed)
            async for frame in self.input:
                self.read.append(frame.at)
                if random.random() < 0.2:
                    await checkpoint()

    async def act(source: Writer) -> None:
        async def send(first: int) -> None:
            random = Random(seed + first)
            for number in range(first, first + 400):
                for _ in range(random.randrange(3)):
                    await checkpoint()
                sent.append(number)
                await source.output.send(SpeechStarted(at=number))

        async with create_task_group() as tasks:
            for first in range(0, 4_000, 1_000):
                tasks.start_soon(send, first)

    source, reader = Writer(act), Quick()
    await Pipeline(source.output >> reader.input).run()
    assert reader.read == sent
