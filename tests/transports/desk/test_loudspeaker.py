"""From `speaks` to a loudspeaker's thread: what was heard is what the device says."""

from __future__ import annotations

from threading import Thread

import anyio
import pytest
from anyio import create_task_group, current_time
from anyio.to_thread import run_sync

from voxpipe.pipeline import AudioFrame, Pipeline, ReplyEnd, Turn
from voxpipe.pipeline.testing import Probe, Source
from voxpipe.transports.desk import DeviceError, Loudspeaker
from voxpipe.transports.desk.driver import BLOCK
from voxpipe.transports.desk.listening import QUIET

from ...processors.realtime.loops import BACKENDS, Backend, run_virtually
from .sound import FORMAT, SIZE, FakeSound, going_on, hum, sounding

DELAY = 0.1  # seconds; a slow device


def reply(turn: Turn, data: bytes, delta: float = 0.25) -> list[AudioFrame | ReplyEnd]:
    """In deltas, as a model sends them."""
    step = FORMAT.bytes_in(delta)
    frames: list[AudioFrame | ReplyEnd] = []
    for at in range(0, len(data), step):
        piece = data[at : at + step]
        start = turn.grow(len(piece) / FORMAT.bytes_per_second)
        frames.append(AudioFrame(data=piece, format=FORMAT, start=start, turn=turn))
    return [*frames, ReplyEnd(turn=turn)]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("seconds", [0.005, 0.02, 1.003])
def test_a_reply_is_heard_whole_and_its_end_is_waited_for(
    seconds: float, backend: Backend
) -> None:
    async def story() -> None:
        sound, probe, turn = FakeSound(DELAY), Probe(), Turn("r")
        loudspeaker = Loudspeaker("hdmi", driver=sound)
        source = Source(reply(turn, hum(seconds)))
        pipeline = Pipeline(
            source.output >> loudspeaker.speaks, loudspeaker.played >> probe.input
        )
        async with going_on(sound):
            await pipeline.run()
            ended = current_time()
        assert sound.audible() == hum(seconds)
        assert turn.state == "played"
        assert turn.played == pytest.approx(seconds)
        assert turn.basis == "measured"
        begins = next(at for at, data in sound.heard if data.rstrip(b"\0"))
        assert ended == pytest.approx(begins + seconds, abs=BLOCK + 0.001)
        assert turn.timings.first_played == pytest.approx(begins, abs=0.001)
        played = [each for each in probe.frames if isinstance(each, AudioFrame)]
        assert b"".join(each.data for each in played) == hum(seconds)
        assert sound.loudspeaker is not None
        assert sound.loudspeaker.closed

    run_virtually(backend, story)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_device_that_is_slow_to_start_cuts_no_word_and_is_not_believed_to_play(
    backend: Backend,
) -> None:
    async def story() -> None:
        sound, turn = FakeSound(DELAY), Turn("r")
        loudspeaker = Loudspeaker(driver=sound)
        source, begins = Source(reply(turn, hum(0.3))), 0.0
        async with create_task_group() as tasks:
            tasks.start_soon(Pipeline(source.output >> loudspeaker.speaks).run)
            await sound.playing.wait()
            for _ in range(3):  # as PulseAudio does
                sound.play_block()
            await anyio.sleep(1.0)
            assert turn.played <= 3 * BLOCK
            assert not turn.is_over
            begins = current_time()
            for _ in range(30):
                sound.play_block()
                await anyio.sleep(BLOCK)
        assert turn.state == "played"
        assert turn.played == pytest.approx(0.3)
        first = turn.timings.first_played
        assert first is not None
        assert first - begins < DELAY + BLOCK  # by then, and not a second before
        assert sound.audible() == hum(0.3)

    run_virtually(backend, story)


@pytest.mark.parametrize("backend", BACKENDS)
def test_how_much_was_heard_is_what_the_ear_has_and_not_what_the_device_has(
    backend: Backend,
) -> None:
    async def story() -> None:
        sound, turn = FakeSound(DELAY), Turn("r")
        loudspeaker = Loudspeaker(driver=sound)
        source = Source(reply(turn, hum(2.0)))
        async with going_on(sound), create_task_group() as tasks:
            tasks.start_soon(Pipeline(source.output >> loudspeaker.speaks).run)
            await anyio.sleep(1.0)
            begins = next(at for at, data in sound.heard if data.rstrip(b"\0"))
            assert turn.played == pytest.approx(current_time() - begins, abs=0.005)
            assert turn.basis == "measured"
            tasks.cancel_scope.cancel()

    run_virtually(backend, story)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("at", [0.11, 0.12, 0.131, 0.5, 1.2345])
def test_a_cut_reply_is_silent_at_once_and_what_the_device_had_counts_as_heard(
    at: float, backend: Backend
) -> None:
    async def story() -> None:
        sound, turn = FakeSound(DELAY), Turn("r")
        loudspeaker = Loudspeaker(driver=sound)
        source = Source(reply(turn, hum(3.0), delta=3.0))
        given, frozen = b"", 0.0
        async with going_on(sound):
            async with create_task_group() as tasks:
                tasks.start_soon(Pipeline(source.output >> loudspeaker.speaks).run)
                await anyio.sleep(at)
                given = sound.audible()
                turn.cut()
                frozen = turn.played
            assert sound.audible() == given  # nothing more was taken
            assert frozen == pytest.approx(len(given) / FORMAT.bytes_per_second)
            assert turn.basis == "measured" if given else True

    run_virtually(backend, story)


@pytest.mark.parametrize("backend", BACKENDS)
def test_after_a_hold_it_goes_on_where_the_device_stopped(backend: Backend) -> None:
    async def story() -> None:
        sound, turn = FakeSound(DELAY), Turn("r")
        loudspeaker = Loudspeaker(driver=sound)
        source = Source(reply(turn, hum(1.0)))
        before = b""
        async with going_on(sound):
            async with create_task_group() as tasks:
                tasks.start_soon(Pipeline(source.output >> loudspeaker.speaks).run)
                await anyio.sleep(0.5)
                turn.hold()
                await anyio.sleep(0.5)
                before = sound.audible()
                turn.resume()
            assert len(before) < len(hum(0.6))
            assert sound.audible() == hum(1.0)  # nothing twice, nothing lost

    run_virtually(backend, story)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_second_reply_is_measured_as_the_first_one_is(backend: Backend) -> None:
    async def story() -> None:
        sound, one, two = FakeSound(DELAY), Turn("1"), Turn("2")
        loudspeaker = Loudspeaker(driver=sound)
        source = Source([*reply(one, hum(0.5)), *reply(two, hum(0.5, 99))])
        async with going_on(sound):
            await Pipeline(source.output >> loudspeaker.speaks).run()
        assert sound.audible() == hum(0.5) + hum(0.5, 99)
        for turn in (one, two):
            assert turn.played == pytest.approx(0.5)
            assert turn.basis == "measured"

    run_virtually(backend, story)


async def test_a_thread_of_its_own_takes_what_was_written() -> None:
    sound, turn = FakeSound(), Turn("r")
    loudspeaker = Loudspeaker(driver=sound)
    source = Source(reply(turn, hum(0.5), delta=0.5))
    taken: list[bytes] = []

    def take() -> None:
        stream = sound.loudspeaker
        assert stream is not None
        while len(b"".join(taken)) < len(hum(0.5)):
            taken.append(sounding(stream.give(SIZE, 0.0, False)))

    async with create_task_group() as tasks:
        tasks.start_soon(Pipeline(source.output >> loudspeaker.speaks).run)
        await sound.playing.wait()
        thread = Thread(target=take)
        thread.start()
        await run_sync(thread.join)
        tasks.cancel_scope.cancel()
    assert b"".join(taken) == hum(0.5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_device_that_takes_nothing_holds_the_agent_back_and_then_ends_the_run(
    backend: Backend,
) -> None:
    async def story() -> None:
        sound, turn = FakeSound(), Turn("r")
        loudspeaker = Loudspeaker(driver=sound)
        source = Source(reply(turn, hum(10.0), delta=0.1))

        async def hang() -> None:
            await sound.playing.wait()
            for _ in range(10):
                await anyio.sleep(BLOCK)
                sound.play_block()

        async with create_task_group() as tasks:
            tasks.start_soon(hang)
            with pytest.raises(DeviceError, match=f"took nothing for {QUIET:g} s"):
                await Pipeline(source.output >> loudspeaker.speaks).run()
        assert turn.is_cut
        assert turn.played == pytest.approx(
            len(sound.audible()) / FORMAT.bytes_per_second
        )
        assert source.output.sent < 25  # of a hundred: 2.5 s

    run_virtually(backend, story)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_loudspeaker_that_is_unplugged_ends_the_run_with_what_has_happened(
    backend: Backend,
) -> None:
    async def story() -> None:
        sound, turn = FakeSound(), Turn("r")
        loudspeaker = Loudspeaker(driver=sound)
        source = Source(reply(turn, hum(5.0)))

        async def unplug() -> None:
            await anyio.sleep(1.0)
            assert sound.loudspeaker is not None
            sound.loudspeaker.gone()

        async with going_on(sound), create_task_group() as tasks:
            tasks.start_soon(unplug)
            with pytest.raises(DeviceError, match=r"'Built-in' \(0\) has gone"):
                await Pipeline(source.output >> loudspeaker.speaks).run()
        assert turn.is_cut
        assert 0.8 < turn.played < 1.05  # it began when the device did

    run_virtually(backend, story)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_device_that_runs_dry_is_counted_and_told(
    backend: Backend, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        sound, turn = FakeSound(), Turn("r")
        loudspeaker = Loudspeaker(driver=sound)
        source = Source(reply(turn, hum(0.2)))
        async with create_task_group() as tasks:
            tasks.start_soon(Pipeline(source.output >> loudspeaker.speaks).run)
            await sound.playing.wait()
            for number in range(30):
                sound.play_block(dry=number in (3, 7))
                await anyio.sleep(BLOCK)
        assert loudspeaker.underflows == loudspeaker.fault_count == 2

    run_virtually(backend, story)
    assert len(caplog.messages) == 1
    assert "loudspeaker 'Built-in' (0) ran dry" in caplog.messages[0]
