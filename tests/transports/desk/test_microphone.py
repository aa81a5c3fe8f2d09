"""From a microphone's thread to `heard`: all of it, in order, and never late."""

from __future__ import annotations

import random
from collections.abc import Sequence
from threading import Thread

import anyio
import pytest
from anyio import create_task_group
from anyio.to_thread import run_sync

from voxpipe.pipeline import AudioFrame, Pipeline
from voxpipe.pipeline.testing import Probe, Source
from voxpipe.transports.desk import DeviceError, Loudspeaker, Microphone
from voxpipe.transports.desk.listening import QUIET, WAITING

from ...processors.realtime.loops import BACKENDS, Backend, run_virtually
from .sound import FORMAT, SIZE, FakeSound, going_on, hum


def _audio(probe: Probe) -> bytes:
    return b"".join(
        frame.data for frame in probe.frames if isinstance(frame, AudioFrame)
    )


async def _record(sound: FakeSound, blocks: Sequence[bytes]) -> None:
    """In a thread that is not the loop's, as PortAudio does."""
    thread = Thread(target=sound.record_blocks, args=[blocks])
    thread.start()
    await run_sync(thread.join)


async def test_what_a_thread_records_is_heard_whole_and_in_order() -> None:
    sound, probe = FakeSound(), Probe()
    microphone = Microphone("camera", driver=sound)
    voice = hum(0.8)
    cuts = sorted(random.Random(1).sample(range(2, len(voice), 2), 30))
    pieces = [voice[a:b] for a, b in zip([0, *cuts], [*cuts, len(voice)], strict=True)]
    async with create_task_group() as tasks:
        tasks.start_soon(Pipeline(microphone.heard >> probe.input).run)
        await sound.recording.wait()
        await _record(sound, pieces)
        while len(_audio(probe)) < len(voice):
            await anyio.lowlevel.checkpoint()
        microphone.hang_up()
    assert _audio(probe) == voice
    assert sound.microphone is not None
    assert sound.microphone.device.name == "USB Camera"
    assert sound.microphone.closed


async def test_a_loop_that_is_late_loses_the_oldest_and_says_how_much() -> None:
    sound, probe = FakeSound(), Probe()
    microphone = Microphone(driver=sound)
    blocks = [hum(0.02, 480 * at) for at in range(WAITING + 7)]
    async with create_task_group() as tasks:
        routes = [each >> probe.input for each in (microphone.heard, microphone.faults)]
        tasks.start_soon(Pipeline(*routes).run)
        await sound.recording.wait()
        # While this thread, which is the loop's, is busy.
        thread = Thread(target=sound.record_blocks, args=[blocks])
        thread.start()
        thread.join()
        while len(_audio(probe)) < WAITING * SIZE:
            await anyio.lowlevel.checkpoint()
        microphone.hang_up()
    assert _audio(probe) == b"".join(blocks[7:])
    assert microphone.lost == 7
    assert microphone.fault_count == 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_samples_that_the_device_lost_are_counted_and_told_once_for_each(
    backend: Backend, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        sound, probe = FakeSound(), Probe()
        microphone = Microphone(driver=sound)
        async with create_task_group() as tasks:
            tasks.start_soon(Pipeline(microphone.heard >> probe.input).run)
            await sound.recording.wait()
            for lost in (False, True, False, True):
                sound.record_block(hum(0.02), lost=lost)
                await anyio.sleep(0.02)
            microphone.hang_up()
        assert microphone.overflows == microphone.fault_count == 2

    run_virtually(backend, story)
    assert len(caplog.messages) == 1
    assert "samples of microphone 'Built-in' (0) were lost" in caplog.messages[0]


@pytest.mark.parametrize("backend", BACKENDS)
def test_who_is_muted_is_silent_and_time_goes_on(backend: Backend) -> None:
    async def story() -> bytes:
        sound, probe = FakeSound(), Probe()
        microphone = Microphone(driver=sound)
        async with create_task_group() as tasks:
            tasks.start_soon(Pipeline(microphone.heard >> probe.input).run)
            await sound.recording.wait()
            for muted in (False, True, False):
                (microphone.mute if muted else microphone.unmute)()
                assert microphone.is_muted == muted
                sound.record_block(hum(0.02))
                await anyio.sleep(0.02)
                assert (microphone.level < -90) == muted
            microphone.hang_up()
        return _audio(probe)

    assert run_virtually(backend, story) == hum(0.02) + bytes(SIZE) + hum(0.02)


@pytest.mark.parametrize("backend", BACKENDS)
def test_beside_a_loudspeaker_nothing_is_heard_while_it_sounds_and_a_little_longer(
    backend: Backend,
) -> None:
    async def story() -> bytes:
        sound, probe = FakeSound(delay=0.04), Probe()
        loudspeaker = Loudspeaker(driver=sound)
        microphone = Microphone(driver=sound, deaf_to=loudspeaker)
        word = AudioFrame(data=hum(0.2), format=FORMAT)
        heard = Pipeline(microphone.heard >> probe.input)
        says = Pipeline(Source([word]).output >> loudspeaker.speaks)
        async with create_task_group() as tasks:
            tasks.start_soon(heard.run)
            await sound.recording.wait()
            tasks.start_soon(says.run)
            await sound.playing.wait()
            await anyio.lowlevel.checkpoint()
            for _ in range(50):  # a second
                sound.record_block(hum(0.02))
                sound.play_block()
                await anyio.sleep(0.02)
            microphone.hang_up()
        return _audio(probe)

    audio = run_virtually(backend, story)
    silent = audio.count(b"\0\0") * 2 / FORMAT.bytes_per_second
    assert 0.5 <= silent <= 0.62  # the word, and 0.3 s of the room; some of the way
    assert audio.endswith(hum(0.02))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("gone", "has gone: was it unplugged"),
        ("still", f"gave nothing for {QUIET:g} s"),
    ],
)
def test_a_microphone_that_is_gone_ends_the_run_with_what_has_happened(
    how: str, words: str, backend: Backend
) -> None:
    async def story() -> None:
        sound, probe = FakeSound(), Probe()
        microphone = Microphone(driver=sound)

        async def unplug() -> None:
            await sound.recording.wait()
            sound.record_block(hum(0.02))
            assert sound.microphone is not None
            if how == "gone":
                await anyio.sleep(0.1)
                sound.microphone.gone()

        async with create_task_group() as tasks:
            tasks.start_soon(unplug)
            with pytest.raises(DeviceError, match=words):
                await Pipeline(microphone.heard >> probe.input).run()
        assert sound.microphone is not None
        assert sound.microphone.closed
        assert _audio(probe) == hum(0.02)  # what came before was heard

    run_virtually(backend, story)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_microphone_that_is_not_there_is_told_when_it_runs(backend: Backend) -> None:
    async def story() -> None:
        probe = Probe()
        microphone = Microphone("violin", driver=FakeSound())
        with pytest.raises(DeviceError, match="no microphone 'violin'"):
            await Pipeline(microphone.heard >> probe.input).run()

    run_virtually(backend, story)


@pytest.mark.parametrize("backend", BACKENDS)
def test_cancelled_it_lets_go_of_the_device(backend: Backend) -> None:
    async def story() -> None:
        sound, probe = FakeSound(), Probe()
        microphone = Microphone(driver=sound)
        async with going_on(sound):
            with anyio.move_on_after(1):
                await Pipeline(microphone.heard >> probe.input).run()
        assert sound.microphone is not None
        assert sound.microphone.closed

    run_virtually(backend, story)


def test_a_thread_may_ring_when_the_loop_is_over() -> None:
    sound, probe = FakeSound(), Probe()
    microphone = Microphone(driver=sound)

    async def story() -> None:
        with anyio.move_on_after(0.05):
            await Pipeline(microphone.heard >> probe.input).run()

    run_virtually("asyncio", story)
    stream = sound.microphone
    assert stream is not None
    for _ in range(3):
        stream.take(hum(0.02), 0.0, False)  # the device has not noticed yet
