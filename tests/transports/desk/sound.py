"""Sound devices for tests: what PortAudio would be asked, without sound."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from anyio import Event, create_task_group, current_time, sleep_until

from voxpipe.pipeline import AudioFormat
from voxpipe.transports.desk import Device
from voxpipe.transports.desk.driver import BLOCK, Give, Gone, Take

FORMAT = AudioFormat("pcm16", 24_000)
SIZE = FORMAT.bytes_in(BLOCK)
DEVICES = (
    Device(0, "Built-in", "Fake", 2, 2, 48_000, ("microphone", "loudspeaker")),
    Device(1, "USB Headset: Audio", "Fake", 1, 2, 48_000),
    Device(2, "USB Camera", "Fake", 1, 0, 16_000),
    Device(3, "HDMI", "Fake", 0, 8, 48_000),
)


def hum(seconds: float, first: int = 1) -> bytes:
    """Audio in which no sample is silent."""
    count = round(seconds * FORMAT.rate)
    return b"".join(
        ((first + at) % 30_000 + 1).to_bytes(2, "little") for at in range(count)
    )


def sounding(block: bytes) -> bytes:
    """A block without the silence behind the sound."""
    data = block.rstrip(b"\0")
    return data + bytes(len(data) % 2)


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
        delay: seconds until what is given is heard, and since what is recorded began.
        there: the devices.
        microphone, loudspeaker: the streams that were opened last.
        recording, playing: set when they were.
        heard: each block that was taken, and when the first of it is heard.
    """

    delay: float = 0.0
    there: Sequence[Device] = DEVICES
    microphone: FakeStream | None = None
    loudspeaker: FakeStream | None = None
    recording: Event = field(default_factory=Event)
    playing: Event = field(default_factory=Event)
    heard: list[tuple[float, bytes]] = field(default_factory=list[tuple[float, bytes]])

    async def devices(self) -> Sequence[Device]:
        return self.there

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
        stream = self.microphone
        if stream is not None and not stream.closed:
            stream.take(data, self.delay, lost)

    def record_blocks(self, blocks: Sequence[bytes]) -> None:
        """One after the other."""
        for each in blocks:
            self.record_block(each)

    def play_block(self, *, dry: bool = False) -> bytes:
        """The loudspeaker takes its next 20 ms."""
        stream = self.loudspeaker
        if stream is None or stream.closed:
            return b""
        data = stream.give(SIZE, self.delay, dry)
        self.heard.append((current_time() + self.delay, data))
        return data

    async def go_on(self) -> None:
        """Both devices, by the clock: silence is recorded, and what comes is played."""
        due = current_time()
        while True:
            due += BLOCK
            await sleep_until(due)
            self.record_block(bytes(SIZE))
            self.play_block()

    def audible(self, since: float = 0.0) -> bytes:
        """What was heard from then on, without the silence."""
        return b"".join(sounding(data) for at, data in self.heard if at >= since)


@asynccontextmanager
async def going_on(sound: FakeSound) -> AsyncGenerator[FakeSound]:
    """The devices go on for as long as this block."""
    async with create_task_group() as tasks:
        tasks.start_soon(sound.go_on)
        yield sound
        tasks.cancel_scope.cancel()
