"""Sound devices for tests: what PortAudio would be asked, without sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Thread

from anyio import Event, current_time, sleep_until
from anyio.to_thread import run_sync

from voxpipe.pipeline import AudioFormat
from voxpipe.transports.desk import Device
from voxpipe.transports.desk.driver import BLOCK, Give, Gone, Take

DEVICES = (
    Device(0, "Built-in", "Fake", 2, 2, 48_000, ("microphone", "loudspeaker")),
    Device(1, "USB Headset: Audio", "Fake", 1, 2, 48_000),
    Device(2, "USB Camera", "Fake", 1, 0, 16_000),
    Device(3, "HDMI", "Fake", 0, 8, 48_000),
)


@dataclass(eq=False)
class FakeStream:
    """One direction of a device that runs."""

    device: Device
    format: AudioFormat
    gone: Gone
    take: Take = lambda _data, _age, _lost: None
    give: Give = lambda size, _delay, _dry: bytes(size)
    closed: bool = False

    async def close(self) -> None:
        self.closed = True


@dataclass(eq=False)
class FakeSound:
    """A driver.

    Attributes:
        delay: seconds until what is given is to be heard, and what is recorded came.
        microphone, loudspeaker: the streams that were opened last.
        played: each block that was taken, and when the first of it is heard.
    """

    delay: float = 0.0
    devices_there: Sequence[Device] = DEVICES
    microphone: FakeStream | None = None
    loudspeaker: FakeStream | None = None
    played: list[tuple[float, bytes]] = field(default_factory=list[tuple[float, bytes]])
    recording: Event = field(default_factory=Event)
    playing: Event = field(default_factory=Event)

    async def devices(self) -> Sequence[Device]:
        return self.devices_there

    async def record(
        self, device: Device, format: AudioFormat, take: Take, gone: Gone
    ) -> FakeStream:
        self.microphone = FakeStream(device, format, gone, take=take)
        self.recording.set()
        return self.microphone

    async def play(
        self, device: Device, format: AudioFormat, give: Give, gone: Gone
    ) -> FakeStream:
        self.loudspeaker = FakeStream(device, format, gone, give=give)
        self.playing.set()
        return self.loudspeaker

    # --- what the devices do

    def record_block(self, data: bytes, *, lost: bool = False) -> None:
        """The microphone has recorded this."""
        assert self.microphone is not None
        if not self.microphone.closed:
            self.microphone.take(data, self.delay, lost)

    def play_block(self, *, dry: bool = False) -> bytes:
        """The loudspeaker takes its next 20 ms."""
        stream = self.loudspeaker
        assert stream is not None
        if stream.closed:
            return b""
        data = stream.give(stream.format.bytes_in(BLOCK), self.delay, dry)
        self.played.append((current_time() + self.delay, data))
        return data

    async def tick(self, voice: bytes = b"") -> None:
        """Both devices go on, by the clock, for as long as this voice lasts."""
        size = DEVICE.bytes_in(BLOCK)
        due = current_time()
        for at in range(0, len(voice), size):
            due += BLOCK
            await sleep_until(due)
            if self.microphone is not None:
                self.record_block(voice[at : at + size])
            if self.loudspeaker is not None:
                self.play_block()

    def heard(self, since: float = 0.0) -> bytes:
        """What was to be heard from then on."""
        return b"".join(data for at, data in self.played if at >= since)


DEVICE = AudioFormat("pcm16", 24_000)


async def in_a_thread(sound: FakeSound, blocks: Sequence[bytes]) -> None:
    """Record these in a thread that is not the loop's, as PortAudio does."""

    def record() -> None:
        for each in blocks:
            sound.record_block(each)

    thread = Thread(target=record)
    thread.start()
    await run_sync(thread.join)
