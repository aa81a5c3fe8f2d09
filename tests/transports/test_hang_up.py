"""Our side hangs up: nobody is listened to any more, and the last word is heard."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Literal

import anyio
import pytest
from anyio import create_memory_object_stream, create_task_group, current_time, sleep
from anyio.streams.stapled import StapledObjectStream

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Input,
    Output,
    Pipeline,
    Processor,
    ReplyEnd,
    ReplyFrame,
    Turn,
)
from voxpipe.transports import MemoryPhone, StreamPhone, WavSink, WavSource
from voxpipe.transports.wav_source import MAX_IN_MEMORY

from ..processors.realtime.loops import BACKENDS, Backend, run_virtually
from .test_wav_source import wav

PCM = AudioFormat("pcm16", 8_000)
SECOND = PCM.silence(1.0)

both_loops = pytest.mark.parametrize("backend", BACKENDS)


class LastWord(Processor):
    """Listens to the end, and then says something for two seconds."""

    hears = Input[AudioFrame]()
    says = Output[ReplyFrame]()

    def __init__(self) -> None:
        self.seconds = 0.0

    async def run(self) -> None:
        async for frame in self.hears:
            self.seconds += frame.duration
        turn = Turn()
        await self.says.send(AudioFrame(data=SECOND * 2, format=PCM, turn=turn))
        await self.says.send(ReplyEnd(turn=turn))


@both_loops
@pytest.mark.parametrize("background", ["silence", "nothing"])
def test_a_memory_phone_is_heard_to_the_last_word(
    backend: Backend, background: Literal["silence", "nothing"]
) -> None:
    async def scene() -> None:
        phone = MemoryPhone(PCM, background=background)
        agent, heard = LastWord(), 0.0
        pipeline = Pipeline(phone.heard >> agent.hears, agent.says >> phone.speaks)
        async with create_task_group() as tasks:
            tasks.start_soon(pipeline.run)
            assert await phone.play(SECOND)
            phone.hang_up()
            phone.hang_up()
            assert not await phone.play(SECOND)
            assert not await phone.say(SECOND)
            with suppress(anyio.EndOfStream):
                while True:
                    heard += (await phone.listen()).duration
        assert agent.seconds == pytest.approx(1.0)
        assert heard == pytest.approx(2.0)

    run_virtually(backend, scene)


@both_loops
def test_a_phone_may_be_hung_up_before_it_rings(backend: Backend) -> None:
    async def scene() -> None:
        phone, agent = MemoryPhone(PCM), LastWord()
        phone.hang_up()
        pipeline = Pipeline(phone.heard >> agent.hears, agent.says >> phone.speaks)
        await pipeline.run()
        assert agent.seconds == 0.0
        assert (await phone.listen()).duration == pytest.approx(2.0)

    run_virtually(backend, scene)


@both_loops
def test_a_line_that_is_gone_is_gone_at_once(backend: Backend) -> None:
    async def scene() -> None:
        phone, agent = MemoryPhone(PCM), LastWord()
        pipeline = Pipeline(phone.heard >> agent.hears, agent.says >> phone.speaks)
        async with create_task_group() as tasks:
            tasks.start_soon(pipeline.run)
            await phone.play(SECOND)
            phone.hang_up()
            await sleep(0.5)
            phone.disconnect()
        assert (await phone.listen()).duration == pytest.approx(0.5)

    run_virtually(backend, scene)


@both_loops
@pytest.mark.parametrize("when", ["before", "during"])
def test_a_stream_phone_says_the_rest_and_drops_what_comes(
    backend: Backend, when: str
) -> None:
    async def scene() -> None:
        to_us, from_them = create_memory_object_stream[bytes](100)
        to_them, from_us = create_memory_object_stream[bytes](100)
        line = StapledObjectStream(to_them, from_them)
        phone, agent = StreamPhone(line, PCM), LastWord()
        pipeline = Pipeline(phone.heard >> agent.hears, agent.says >> phone.speaks)
        async with to_us, line, from_us, create_task_group() as tasks:
            if when == "before":
                phone.hang_up()
            tasks.start_soon(pipeline.run)
            await to_us.send(SECOND)
            await sleep(1)
            phone.hang_up()
            for _ in range(10):
                await to_us.send(SECOND)
            await sleep(0.1)
            assert not to_us.statistics().current_buffer_used
            await sleep(3)
            assert len(from_us.receive_nowait()) == len(SECOND) * 2
        assert agent.seconds == (1.0 if when == "during" else 0.0)

    run_virtually(backend, scene)


@both_loops
@pytest.mark.parametrize("kept", ["in memory", "from the disk"])
def test_a_recording_ends_where_it_is_hung_up_and_the_sink_has_the_rest(
    backend: Backend, kept: str, tmp_path: Path
) -> None:
    most = MAX_IN_MEMORY // len(SECOND)  # seconds
    wav(tmp_path / "caller.wav", SECOND * (most + (kept == "from the disk")), PCM)

    async def scene() -> None:
        source = WavSource(tmp_path / "caller.wav", silence_after=5)
        sink, agent = WavSink(tmp_path / "agent.wav", PCM, gaps="nothing"), LastWord()
        pipeline = Pipeline(source.heard >> agent.hears, agent.says >> sink.speaks)
        began = current_time()
        async with create_task_group() as tasks:
            tasks.start_soon(pipeline.run)
            await sleep(3.01)
            source.hang_up()
        assert current_time() - began == pytest.approx(5.01)
        # From the disk it may come late: virtual time does not wait for threads.
        assert kept == "from the disk" or agent.seconds == pytest.approx(3.0)
        assert agent.seconds < 3.01
        assert WavSource(tmp_path / "agent.wav").seconds == pytest.approx(2.0)

    run_virtually(backend, scene)


@both_loops
def test_a_recording_that_was_hung_up_is_not_heard(
    backend: Backend, tmp_path: Path
) -> None:
    wav(tmp_path / "caller.wav", SECOND, PCM)

    async def scene() -> None:
        source = WavSource(tmp_path / "caller.wav")
        sink, agent = WavSink(tmp_path / "agent.wav", PCM), LastWord()
        source.hang_up()
        await Pipeline(source.heard >> agent.hears, agent.says >> sink.speaks).run()
        assert agent.seconds == 0.0

    run_virtually(backend, scene)
