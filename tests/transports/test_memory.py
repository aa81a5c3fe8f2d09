from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import anyio
import anyio.lowlevel
import numpy as np
import pytest
from anyio import EndOfStream, current_time
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    FormatError,
    Pipeline,
    ReplyEnd,
    ReplyFrame,
    Turn,
    VoxpipeError,
)
from voxpipe.pipeline.testing import Probe, Source, no_leaks, run_virtual
from voxpipe.transports import MemoryPhone

from ..processors.realtime.loops import BACKENDS, Backend, run_virtually

FORMAT = AudioFormat("pcm16", 8_000)


def tone(seconds: float) -> bytes:
    count = round(seconds * FORMAT.rate)
    return b"".join((n % 30_000 + 1).to_bytes(2, "little") for n in range(count))


class Agent(Source):
    """Says what it is given, and holds the line until the other side hangs up."""

    async def run(self) -> None:
        await super().run()
        await anyio.sleep(1_000.0)


Caller = Callable[[MemoryPhone], Awaitable[object]]


class Call:
    """A phone in a pipeline, and what came out of it."""

    def __init__(self, phone: MemoryPhone, *says: ReplyFrame) -> None:
        self.phone, self.agent = phone, Agent(says)
        self.heard, self.played, self.faults = Probe(), Probe(), Probe()
        self.pipeline = Pipeline(
            self.agent.output >> phone.speaks,
            phone.heard >> self.heard.input,
            phone.played >> self.played.input,
            phone.faults >> self.faults.input,
        )

    async def run(self, caller: Caller) -> None:
        """The caller does this, then hangs up."""
        async with anyio.create_task_group() as tasks:

            async def carry() -> None:
                await self.pipeline.run(deadline=500)
                tasks.cancel_scope.cancel()

            tasks.start_soon(carry)
            await caller(self.phone)
            self.phone.disconnect()
            await self.ended()
            tasks.cancel_scope.cancel()

    async def ended(self) -> None:
        try:
            while True:
                await self.phone.listen()
        except EndOfStream:
            return


def reply(seconds: float, frame: float = 0.25) -> tuple[list[AudioFrame], Turn]:
    turn, audio, step = Turn("reply"), tone(seconds), FORMAT.bytes_in(frame)
    return [
        AudioFrame(
            data=audio[at : at + step],
            format=FORMAT,
            start=turn.grow(len(audio[at : at + step]) / FORMAT.bytes_per_second),
            turn=turn,
        )
        for at in range(0, len(audio), step)
    ], turn


def test_what_is_said_arrives_at_once_and_in_one_piece() -> None:
    call = Call(MemoryPhone(FORMAT))

    async def caller(phone: MemoryPhone) -> None:
        assert await phone.say(tone(0.25))
        assert await phone.say(AudioFrame(data=tone(0.1), format=FORMAT))
        await anyio.lowlevel.checkpoint()

    run_virtual(call.run, caller)
    assert [frame.size for frame in call.heard.frames] == [4_000, 1_600]
    assert [frame.start for frame in call.heard.frames] == [0.0, 0.25]
    assert set(call.heard.times) == {call.heard.times[0]}


def test_what_is_played_arrives_at_the_pace_of_speech() -> None:
    call = Call(MemoryPhone(FORMAT))
    began: list[float] = []

    async def caller(phone: MemoryPhone) -> None:
        await anyio.sleep(3.0)
        began.append(current_time())
        assert await phone.play(tone(0.51))
        assert current_time() - began[0] == pytest.approx(0.51)
        await anyio.sleep(0.1)

    run_virtual(call.run, caller)
    assert call.heard.data == tone(0.51)
    assert len(call.heard.frames) == 26
    for frame, time in zip(call.heard.frames, call.heard.times, strict=True):
        assert time - began[0] == pytest.approx(frame.start + frame.duration)


def test_a_line_with_a_background_is_never_still() -> None:
    call = Call(MemoryPhone(FORMAT, background="silence"))

    async def caller(phone: MemoryPhone) -> None:
        await anyio.sleep(1.003)
        await phone.play(tone(0.5))
        await anyio.sleep(0.75)
        await phone.play(tone(0.125))
        await phone.say(tone(0.2))
        await anyio.sleep(0.51)

    run_virtual(call.run, caller)
    silence = FORMAT.silence
    assert call.heard.data == b"".join(
        [silence(1.0), tone(0.5), silence(0.74), tone(0.125), tone(0.2), silence(0.3)]
    )
    for frame, time in zip(call.heard.frames, call.heard.times, strict=True):
        behind = time - call.heard.times[0] + 0.02 - frame.start
        assert behind <= frame.duration + 0.02 + 1e-9  # continuous, and without drift


def test_two_who_speak_at_once_are_heard_one_after_the_other() -> None:
    call = Call(MemoryPhone(FORMAT))

    async def caller(phone: MemoryPhone) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(phone.play, tone(0.1))
            tasks.start_soon(phone.play, b"\1" * 1_600)
            tasks.start_soon(phone.say, b"\2" * 1_600)

    run_virtual(call.run, caller)
    parts = [tone(0.1), b"\1" * 1_600, b"\2" * 1_600]
    at = sorted(call.heard.data.find(part) for part in parts)
    assert at == [0, 1_600, 3_200]


@pytest.mark.parametrize(
    "rubbish",
    [
        b"",
        b"x",
        AudioFrame(data=b"", format=FORMAT),
        AudioFrame(data=bytes(8), format=AudioFormat("ulaw", 8_000)),
    ],
)
async def test_rubbish_is_reported_not_raised(rubbish: bytes | AudioFrame) -> None:
    call = Call(MemoryPhone(FORMAT))

    async def caller(phone: MemoryPhone) -> None:
        assert await phone.say(rubbish)

    async with no_leaks():
        await call.run(caller)
    assert call.phone.fault_count == len(call.faults.frames) == 1
    assert call.heard.frames == []


@given(cuts=st.lists(st.integers(1, 3_199), max_size=6).map(sorted))
def test_splitting_what_is_said_differently_changes_no_sample(cuts: list[int]) -> None:
    call, audio = Call(MemoryPhone(FORMAT)), tone(0.2)

    async def caller(phone: MemoryPhone) -> None:
        edges = [0, *dict.fromkeys(cuts), len(audio)]
        for begin, end in pairwise(edges):
            await phone.say(audio[begin:end])
        await anyio.sleep(0.1)

    run_virtual(call.run, caller)
    assert call.heard.data == audio


def test_the_caller_hears_the_agent_at_the_pace_of_speech() -> None:
    frames, turn = reply(1.0)
    call = Call(MemoryPhone(FORMAT), *frames, ReplyEnd(turn=turn))
    times: list[float] = []

    async def caller(phone: MemoryPhone) -> None:
        began, heard = current_time(), b""
        while len(heard) < 16_000:
            heard += (await phone.listen()).data
            times.append(current_time() - began)
        assert heard == tone(1.0)
        assert await turn.over() == "played"

    run_virtual(call.run, caller)
    assert times == pytest.approx([0.25, 0.5, 0.75, 1.0])
    assert call.played.data == tone(1.0)


def test_an_interrupted_reply_is_heard_up_to_the_cut() -> None:
    frames, turn = reply(2.0)
    call = Call(MemoryPhone(FORMAT), *frames)

    async def caller(phone: MemoryPhone) -> None:
        await anyio.sleep(0.7)
        turn.cut()
        await anyio.sleep(1.0)

    run_virtual(call.run, caller)
    assert call.played.data == tone(0.7)
    assert turn.played == pytest.approx(0.7)
    assert turn.basis == "measured"


def test_a_caller_who_hangs_up_has_heard_no_more_than_that() -> None:
    frames, turn = reply(2.0)
    call = Call(MemoryPhone(FORMAT), *frames)

    async def caller(phone: MemoryPhone) -> None:
        await anyio.sleep(0.6)

    run_virtual(call.run, caller)
    assert turn.is_cut
    assert turn.played == pytest.approx(0.6)


def test_a_program_that_does_not_listen_holds_nothing_up() -> None:
    frames, turn = reply(60.0)
    call = Call(MemoryPhone(FORMAT), *frames, ReplyEnd(turn=turn))
    kept: list[AudioFrame] = []

    async def caller(phone: MemoryPhone) -> None:
        assert await turn.over() == "played"
        kept.extend([await phone.listen() for _ in range(20)])

    run_virtual(call.run, caller)
    assert b"".join(frame.data for frame in kept) == tone(60.0)[-80_000:]
    assert call.phone.missed == 220


def test_after_the_call_nothing_can_be_said() -> None:
    call = Call(MemoryPhone(FORMAT))

    async def caller(phone: MemoryPhone) -> None:
        phone.disconnect()
        assert not await phone.say(tone(0.1))
        assert not await phone.play(tone(0.1))

    run_virtual(call.run, caller)
    assert call.heard.frames == []


async def test_a_phone_that_was_hung_up_before_the_call_ends_it_at_once() -> None:
    phone, probe = MemoryPhone(FORMAT), Probe()
    phone.disconnect()
    pipeline = Pipeline(Source([]).output >> phone.speaks, phone.heard >> probe.input)
    assert await pipeline.run(deadline=5) == "finished"
    assert not await phone.say(tone(0.1))


async def test_the_call_is_over_when_the_agent_has_ended() -> None:
    frames, turn = reply(0.1, 0.02)
    phone = MemoryPhone(FORMAT, background="silence")
    probe = Probe()
    source = Source([*frames, ReplyEnd(turn=turn)])
    pipeline = Pipeline(source.output >> phone.speaks, phone.heard >> probe.input)
    async with no_leaks():
        assert await pipeline.run(deadline=5) == "finished"
    assert turn.state == "played"
    assert not await phone.play(tone(0.1))


async def test_orders_wait_for_the_pipeline_to_run() -> None:
    call, said = Call(MemoryPhone(FORMAT)), anyio.Event()

    async def early() -> None:
        assert await call.phone.say(tone(0.1))
        said.set()

    async def until_said(_: MemoryPhone) -> None:
        await said.wait()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(early)
        await anyio.wait_all_tasks_blocked()
        assert not said.is_set()
        tasks.start_soon(call.run, until_said)
    assert call.heard.data == tone(0.1)


ARRAY = np.zeros(160, np.int16)


@pytest.mark.parametrize("order", [MemoryPhone.say, MemoryPhone.play])
async def test_an_array_is_refused_at_once_with_the_way_in(
    order: Callable[[MemoryPhone, Any], Awaitable[bool]],
) -> None:
    phone = MemoryPhone(FORMAT)  # no pipeline runs: nothing is waited for
    with pytest.raises(FormatError, match=r"an array of int16: frame\.with_samples"):
        await order(phone, ARRAY)


@pytest.mark.parametrize("order", [MemoryPhone.say, MemoryPhone.play])
async def test_a_frame_of_samples_is_heard(
    order: Callable[[MemoryPhone, AudioFrame], Awaitable[bool]],
) -> None:
    call = Call(MemoryPhone(FORMAT))
    samples = np.arange(480, dtype=np.int16)

    async def caller(phone: MemoryPhone) -> None:
        assert await order(phone, AudioFrame.of(samples, FORMAT.rate))

    await call.run(caller)
    assert call.heard.data == samples.tobytes()


async def test_a_frame_of_another_rate_is_not_played_at_the_wrong_pace() -> None:
    with pytest.raises(FormatError, match=r"put Resample\(8000\) between the frame"):
        await MemoryPhone(FORMAT).play(AudioFrame.of(ARRAY, 16_000))


@pytest.mark.parametrize("backend", BACKENDS)
def test_orders_to_a_phone_in_no_pipeline_do_not_wait_for_ever(
    backend: Backend,
) -> None:
    async def scene() -> None:
        phone = MemoryPhone(FORMAT)
        for order in (
            phone.listen,
            lambda: phone.say(tone(0.1)),
            lambda: phone.play(tone(0.1)),
        ):
            began = current_time()
            with pytest.raises(VoxpipeError, match=r"start_soon\(pipeline.run\)"):
                await order()
            assert current_time() - began == pytest.approx(10.0)
        phone.disconnect()
        assert not await phone.say(tone(0.1))
        with pytest.raises(EndOfStream):
            await phone.listen()

    run_virtually(backend, scene)
