"""A call at the desk keeps what a transport owes, and ends as calls do."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import pytest
from anyio import (
    BrokenResourceError,
    create_memory_object_stream,
    create_task_group,
    current_time,
    sleep_until,
)
from anyio.streams.memory import MemoryObjectReceiveStream

from voxpipe.pipeline import AudioFrame, Pipeline, Turn, Usage
from voxpipe.pipeline.testing import Probe, Source
from voxpipe.processors.audio import Gain
from voxpipe.transports.desk import DeskCall, DeviceError
from voxpipe.transports.desk.driver import BLOCK
from voxpipe.transports.testing import (
    Check,
    FarSide,
    Heard,
    Transport,
    transport_checks,
)

from ...processors.realtime.loops import BACKENDS, Backend, run_virtually
from .sound import FORMAT, SIZE, FakeSound, going_on, hum, sounding
from .test_loudspeaker import reply

# A sound card does not stop to take: one that does is gone, and is told as an error.
# That the agent is held back until then is proved in test_loudspeaker.py.
NOT_OF_A_DEVICE = {"slow_far_side"}


class Person:
    """Sits at the desk."""

    clears = False  # what the device has, sounds

    def __init__(
        self,
        sound: FakeSound,
        call: DeskCall,
        hears: MemoryObjectReceiveStream[bytes],
    ) -> None:
        self._sound = sound
        self._call = call
        self._hears = hears
        self.spoke_at = 0.0

    async def say(self, audio: bytes) -> None:
        await self._sound.recording.wait()
        self.spoke_at = current_time()
        self._sound.record_block(audio)
        await anyio.lowlevel.checkpoint()

    async def hear(self) -> Heard:
        return await self._hears.receive()

    async def leave(self) -> None:
        await self._call.disconnect()  # the app is cancelled, at Ctrl-C


@asynccontextmanager
async def at_the_desk() -> AsyncGenerator[tuple[Transport, FarSide]]:
    sound = FakeSound()
    send, receive = create_memory_object_stream[bytes](0)
    call = DeskCall(headphones=True, driver=sound)
    person = Person(sound, call, receive)

    async def go_on() -> None:
        await sound.playing.wait()
        due = current_time()
        try:
            while True:
                due = max(due + BLOCK, current_time())
                await sleep_until(due)
                if current_time() - person.spoke_at > 1:
                    sound.record_block(bytes(SIZE))  # a microphone is never still
                data = sound.play_block()
                if not data:
                    break
                if data := sounding(data):
                    await send.send(data)
        except BrokenResourceError:
            pass
        finally:
            send.close()

    with send, receive:
        async with create_task_group() as tasks:
            tasks.start_soon(go_on)
            yield call, person
            tasks.cancel_scope.cancel()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("check", transport_checks(), ids=str)
def test_a_call_at_the_desk_keeps(check: Check, backend: Backend) -> None:
    if str(check) not in NOT_OF_A_DEVICE:
        run_virtually(backend, check, at_the_desk)


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_app_hangs_up_before_it_runs_or_while_it_does(backend: Backend) -> None:
    async def story() -> None:
        for early in (True, False):
            sound = FakeSound()
            call = DeskCall(driver=sound)
            async with going_on(sound), create_task_group() as tasks:
                if early:
                    call.hang_up()
                tasks.start_soon(Pipeline(call.heard >> Gain(0) >> call.speaks).run)
                await anyio.sleep(0.5)
                call.hang_up()
            assert call.ended == "agent"
            assert sound.loudspeaker is not None
            assert sound.loudspeaker.closed

    run_virtually(backend, story)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_call_in_which_nothing_speaks_ends_when_it_hangs_up(backend: Backend) -> None:
    async def story() -> None:
        for early in (True, False):
            sound, probe = FakeSound(), Probe()
            call = DeskCall(driver=sound)
            async with going_on(sound), create_task_group() as tasks:
                if early:
                    call.hang_up()
                tasks.start_soon(Pipeline(call.heard >> probe.input).run)
                await anyio.sleep(0.1)
                call.hang_up()

    run_virtually(backend, story)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_key_is_heard_whole_before_the_end(backend: Backend) -> None:
    async def story() -> None:
        sound, probe = FakeSound(0.3), Probe()
        call = DeskCall(driver=sound)
        async with create_task_group() as tasks:
            tasks.start_soon(Pipeline(call.heard >> probe.input).run)
            await sound.playing.wait()
            await anyio.sleep(0.1)
            call.press("1")
            call.hang_up()
            await anyio.sleep(1.0)  # in which the device hangs
            for _ in range(30):
                sound.play_block()
                await anyio.sleep(BLOCK)
        assert len(sound.audible()) > 0.05 * FORMAT.bytes_per_second

    run_virtually(backend, story)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("which", ["microphone", "loudspeaker"])
def test_whichever_device_is_unplugged_the_call_ends_with_its_name(
    which: str, backend: Backend
) -> None:
    async def story() -> None:
        sound = FakeSound()
        call = DeskCall(microphone=2, loudspeaker=3, driver=sound)

        async def unplug() -> None:
            await anyio.sleep(1.0)
            getattr(sound, which).gone()

        async with going_on(sound), create_task_group() as tasks:
            tasks.start_soon(unplug)
            with pytest.raises(DeviceError, match=f"{which} '.*' .* has gone"):
                await Pipeline(call.heard >> Gain(0) >> call.speaks).run()
        assert call.ended == "lost"
        for stream in (sound.microphone, sound.loudspeaker):
            assert stream is not None
            assert stream.closed

    run_virtually(backend, story)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_hand_interrupts_and_what_was_heard_is_known(backend: Backend) -> None:
    async def story() -> None:
        sound, turn, probe = FakeSound(0.05), Turn("r"), Probe()
        call = DeskCall(driver=sound)
        source = Source(reply(turn, hum(5.0)))
        sounded = False
        async with going_on(sound), create_task_group() as tasks:
            tasks.start_soon(
                Pipeline(source.output >> call.speaks, call.heard >> probe.input).run
            )
            await anyio.sleep(1.0)
            sounded = call.is_sounding
            assert call.interrupt()
            assert not call.interrupt()  # there is nothing any more
            await anyio.sleep(0.1)
            assert not call.is_sounding
            call.hang_up()
        assert sounded
        assert list(call.turns) == [turn]
        assert call.replies == 1
        assert 0.8 < turn.played < 1.1  # it began when the device did
        assert len(sound.audible()) / FORMAT.bytes_per_second == pytest.approx(
            turn.played
        )

    run_virtually(backend, story)


@pytest.mark.parametrize("headphones", [False, True])
@pytest.mark.parametrize("backend", BACKENDS)
def test_only_with_headphones_is_one_heard_while_the_agent_speaks(
    headphones: bool, backend: Backend
) -> None:
    async def story() -> bytes:
        sound, turn, probe = FakeSound(), Turn("r"), Probe()
        call = DeskCall(headphones=headphones, driver=sound)
        source = Source(reply(turn, hum(1.0)))
        async with create_task_group() as tasks:
            tasks.start_soon(
                Pipeline(source.output >> call.speaks, call.heard >> probe.input).run
            )
            await sound.recording.wait()
            for _ in range(40):
                await anyio.sleep(BLOCK)
                sound.record_block(hum(BLOCK))
                sound.play_block()
            tasks.cancel_scope.cancel()
        return b"".join(
            each.data for each in probe.frames if isinstance(each, AudioFrame)
        )

    heard = run_virtually(backend, story)
    assert (heard[-SIZE:] == hum(BLOCK)) is headphones
    assert (bytes(SIZE) in heard) is not headphones


@pytest.mark.parametrize("backend", BACKENDS)
def test_keys_sound_and_charges_add_up(backend: Backend) -> None:
    async def story() -> None:
        sound = FakeSound()
        call = DeskCall(driver=sound)
        costs = [Usage(kind="reply", cost_usd=cost) for cost in (0.01, 0.02)]
        charged, probe = Source(costs), Probe()
        async with going_on(sound), create_task_group() as tasks:
            tasks.start_soon(
                Pipeline(call.heard >> probe.input, charged.output >> call.charges).run
            )
            await anyio.sleep(0.1)
            call.press("1")
            await anyio.sleep(0.5)
            call.hang_up()
        assert len(sound.audible()) > 0.05 * FORMAT.bytes_per_second
        assert call.cost_usd == pytest.approx(0.03)
        with pytest.raises(ValueError, match="key"):
            call.press("x")

    run_virtually(backend, story)
