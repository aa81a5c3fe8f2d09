from __future__ import annotations

from collections.abc import Callable, Coroutine
from itertools import pairwise
from typing import Any

import anyio
import pytest
from anyio import create_memory_object_stream
from anyio.abc import ObjectStream, SocketAttribute, SocketStream
from anyio.streams.stapled import StapledObjectStream
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import AudioFormat, AudioFrame, Pipeline, ReplyEnd, Turn
from voxpipe.pipeline.testing import Probe, Source, no_leaks, run_virtual
from voxpipe.transports import StreamPhone

FORMAT = AudioFormat("ulaw", 8_000)
AUDIO = bytes(range(1, 251)) * 32  # a second


def line() -> tuple[ObjectStream[bytes], ObjectStream[bytes]]:
    """The two ends of a wire on which nothing ever waits."""
    here_send, there_receive = create_memory_object_stream[bytes](1_000)
    there_send, here_receive = create_memory_object_stream[bytes](1_000)
    here = StapledObjectStream(here_send, here_receive)
    return here, StapledObjectStream(there_send, there_receive)


def says(audio: bytes, *, after: float = 0.0) -> Source:
    turn = Turn("reply")
    frames = [
        AudioFrame(data=audio[at:][:2_000], format=FORMAT, start=at / 8_000, turn=turn)
        for at in range(0, len(audio), 2_000)
    ]

    class Answer(Source):
        async def run(self) -> None:
            await anyio.sleep(after)
            await super().run()

    return Answer([*frames, ReplyEnd(turn=turn)])


async def call(
    agent: Source,
    other_side: Callable[[ObjectStream[bytes]], Coroutine[Any, Any, None]],
) -> Probe:
    here, there = line()
    phone, probe = StreamPhone(here, FORMAT), Probe()
    pipeline = Pipeline(agent.output >> phone.speaks, phone.heard >> probe.input)
    async with here, there, anyio.create_task_group() as tasks:
        tasks.start_soon(other_side, there)
        assert await pipeline.run(deadline=60) == "finished"
        tasks.cancel_scope.cancel()
    return probe


def test_audio_goes_both_ways_over_any_stream() -> None:
    got: list[bytes] = []

    async def other_side(there: ObjectStream[bytes]) -> None:
        await there.send(AUDIO)
        await there.send_eof()
        async for data in there:
            got.append(data)  # noqa: PERF401  # it is cancelled before its end

    probe = run_virtual(call, says(AUDIO, after=2.0), other_side)
    assert probe.data == AUDIO
    assert b"".join(got) == AUDIO  # the answer came after the last byte of the question


def test_the_other_side_gets_no_more_ahead_than_the_lead() -> None:
    times: list[float] = []

    async def other_side(there: ObjectStream[bytes]) -> None:
        async for _ in there:
            times.append(anyio.current_time())  # noqa: PERF401  # as above

    run_virtual(call, says(AUDIO), other_side)
    assert [time - times[0] for time in times] == pytest.approx([0, 0.05, 0.3, 0.55])


async def test_a_socket_is_such_a_stream() -> None:
    answer = AUDIO[:800]

    async def serve(line: SocketStream) -> None:
        async with line:
            phone = StreamPhone(line, FORMAT)
            heard = phone.heard >> Probe().input
            await Pipeline(says(answer).output >> phone.speaks, heard).run()

    async with (
        no_leaks(),
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(listener.serve, serve)
        port: int = listener.extra(SocketAttribute.local_port)
        async with await anyio.connect_tcp("127.0.0.1", port) as line:
            await line.send(AUDIO[:160])
            assert b"".join([piece async for piece in line]) == answer
        tasks.cancel_scope.cancel()


async def test_a_side_that_is_gone_ends_the_call_without_an_error() -> None:
    async def other_side(there: ObjectStream[bytes]) -> None:
        await there.receive()
        await there.aclose()

    async with no_leaks():
        await call(says(AUDIO * 60), other_side)


@pytest.mark.parametrize("hangs_up", [True, False])
def test_a_side_that_reads_nothing_is_not_waited_for_and_that_is_told(
    *, hangs_up: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> float:
        here_send, there = create_memory_object_stream[bytes](0)
        silent, here_receive = create_memory_object_stream[bytes](0)
        here = StapledObjectStream(here_send, here_receive)
        phone = StreamPhone(here, FORMAT)
        pipeline = Pipeline(
            says(AUDIO * 60).output >> phone.speaks, phone.heard >> Probe().input
        )
        async with here, there, silent:
            if hangs_up:
                phone.hang_up()
            assert await pipeline.run(deadline=3_600) == "finished"
        return anyio.current_time()

    async def timed() -> float:
        began = anyio.current_time()
        return await run() - began

    assert run_virtual(timed) == pytest.approx(10.0, abs=0.5)
    assert "the other side has read nothing for 10 s" in caplog.text


@given(cuts=st.lists(st.integers(1, 3_999), max_size=6).map(sorted))
def test_splitting_the_bytes_differently_changes_no_sample(cuts: list[int]) -> None:
    pcm = AudioFormat("pcm16", 8_000)

    async def run() -> bytes:
        here, there = line()
        phone, probe = StreamPhone(here, pcm), Probe()
        agent = says(b"", after=1.0)
        pipeline = Pipeline(agent.output >> phone.speaks, phone.heard >> probe.input)
        async with here, there:
            edges = [0, *dict.fromkeys(cuts), 4_000]
            for begin, end in pairwise(edges):
                await there.send(AUDIO[begin:end])
            await pipeline.run()
        return probe.data

    assert run_virtual(run) == AUDIO[:4_000]
