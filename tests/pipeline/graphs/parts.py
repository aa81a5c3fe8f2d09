"""What random drawings are made of: frames that carry a label, and boxes of every kind.

A label says who sent a frame, as which, and along which routes it came, so that a
reader can tell what it should have got, how often, and in which order.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from anyio import EndOfStream, Event, create_task_group, move_on_after, sleep
from anyio.lowlevel import checkpoint

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Filter,
    Frame,
    Input,
    Output,
    Processor,
    Text,
    Transform,
    Turn,
)

PCM = AudioFormat("pcm16", 8_000)

Labelled = AudioFrame | Text
Way = tuple[int, tuple[int, ...]]
"""A writer, and the routes from it to a reader."""
Reading = Literal["iterates", "receives", "polls", "announces", "is impatient"]
Each = Callable[[Labelled], Awaitable[None]]


class Label(NamedTuple):
    writer: int
    number: int
    routes: tuple[int, ...] = ()

    @property
    def way(self) -> Way:
        return self.writer, self.routes


def labelled(label: Label, size: int, turn: Turn | None) -> Labelled:
    """Audio of ``size`` bytes with this label; of none: words."""
    routes = ",".join(map(str, label.routes))
    text = f"{label.writer}/{label.number}/{routes}"
    if not size:
        return Text(text=text, turn=turn)
    return AudioFrame(data=text.encode().ljust(size, b" "), format=PCM, turn=turn)


def label_of(frame: Labelled) -> Label:
    text = frame.data.decode() if isinstance(frame, AudioFrame) else frame.text
    writer, number, routes = text.rstrip().split("/")
    return Label(
        int(writer), int(number), tuple(int(each) for each in routes.split(",") if each)
    )


# --- without a task


class Tag(Filter[AudioFrame | Text]):
    """Adds its route to the label."""

    def __init__(self, route: int) -> None:
        self._route = route

    def feed(self, frame: Labelled) -> Iterable[Labelled]:
        writer, number, routes = label_of(frame)
        size = frame.size if isinstance(frame, AudioFrame) else 0
        yield labelled(Label(writer, number, (*routes, self._route)), size, frame.turn)


class Plain(Filter[Frame]):
    def feed(self, frame: Frame) -> Iterable[Frame]:
        return (frame,)


class Copying(Filter[AudioFrame]):
    def feed(self, frame: AudioFrame) -> Iterable[AudioFrame]:
        yield frame.with_data(bytes(frame.data))


class WordsOnly(Filter[Text]):
    def feed(self, frame: Text) -> Iterable[Text]:
        return [frame]


class Through(Transform[Frame, Frame]):
    def feed(self, frame: Frame) -> Iterable[Frame]:
        return (frame,)


class Sieve(Filter[AudioFrame | Text]):
    """Lets go of two frames in three."""

    def feed(self, frame: Labelled) -> Iterable[Labelled]:
        return (frame,) if self.keeps(label_of(frame).number) else ()

    @staticmethod
    def keeps(number: int) -> bool:
        return number % 3 == 0


class Hold(Filter[AudioFrame | Text]):
    """Gives what it has once it has so many: of another task, too, that sends here."""

    most = 1

    def __init__(self) -> None:
        self._held: list[Labelled] = []

    def feed(self, frame: Labelled) -> Iterable[Labelled]:
        full = len(self._held) >= self.most
        given = self.flush() if full else ()
        self._held.append(frame)
        return given

    def flush(self) -> Sequence[Labelled]:
        held, self._held = self._held, []
        return held

    def reset(self) -> None:
        self._held = []


class Bundle(Hold):
    most = 3


class Boom(Exception):
    pass


class Bomb(Filter[Frame]):
    """Raises once, at a frame or at the end."""

    def __init__(self, where: Literal["feed", "flush"], at: int) -> None:
        self._where = where
        self._left = at
        self.went_off = False

    def feed(self, frame: Frame) -> Iterable[Frame]:
        self._left -= 1
        if self._where == "feed" and self._left < 0:
            self._go_off()
        return (frame,)

    def flush(self) -> Iterable[Frame]:
        if self._where == "flush":
            self._go_off()
        return ()

    def _go_off(self) -> None:
        if not self.went_off:
            self.went_off = True
            raise Boom


# --- with a task


@dataclass(frozen=True)
class Pace:
    """Waits ``seconds`` at every so manieth frame."""

    every: int = 1
    seconds: float | None = None

    async def wait(self, count: int) -> None:
        if self.seconds is not None and count % self.every == 0:
            await sleep(self.seconds)


@dataclass(frozen=True)
class Manners:
    """How a box reads its inputs, and sends."""

    readings: tuple[Reading, Reading] = ("iterates", "iterates")
    pace: Pace = field(default_factory=Pace)
    in_two_steps: bool = False  # `send_nowait`, and `deliver` what is left


class Sending(Processor):
    manners: Manners

    async def _send(self, output: Output[Labelled], frame: Labelled) -> bool:
        if not self.manners.in_two_steps:
            return await output.send(frame)
        rest = output.send_nowait(frame)
        if rest:
            await output.deliver(rest)
        elif output.sent % 32 == 0:  # who does not wait has to let others run
            await checkpoint()
        return True


class Writer(Sending):
    a = Output[Labelled]()

    def __init__(self, frames: Sequence[Labelled], manners: Manners) -> None:
        self.frames = frames
        self.manners = manners

    async def run(self) -> None:
        for count, frame in enumerate(self.frames):
            await self.manners.pace.wait(count)
            if not await self._send(self.a, frame):
                return


class Reader(Sending):
    """Two inputs, each with a task of its own.

    Attributes:
        stale: frames of cut turns that were delivered all the same.
    """

    one = Input[Labelled](optional=True)
    other = Input[Labelled](optional=True)

    def __init__(self, manners: Manners) -> None:
        self.manners = manners
        self.stale = 0

    async def run(self) -> None:
        async with create_task_group() as tasks:
            for port, reading in zip(self.inputs(), self.manners.readings, strict=True):
                if port.fed:
                    tasks.start_soon(self.read, port, reading)

    async def read(self, port: Input[Labelled], reading: Reading) -> None:
        try:
            while True:
                frame = await _next(port, reading)
                if frame is not None:
                    self.stale += frame.turn is not None and frame.turn.is_cut
                    await self.take(port, frame)
        except (EndOfStream, StopAsyncIteration):
            pass

    async def take(self, port: Input[Labelled], frame: Labelled) -> None:
        raise NotImplementedError


async def _next(port: Input[Labelled], reading: Reading) -> Labelled | None:
    match reading:
        case "iterates":
            return await anext(aiter(port))
        case "receives":
            return await port.receive()
        case "is impatient":  # it gives up again and again, and must lose nothing so
            with move_on_after(0.007):
                return await port.receive()
            return None
        case _:
            frame = port.receive_nowait()
            if frame is None and reading == "polls":
                await port.wait()
            elif frame is None:
                bell = Event()
                port.announce(bell)
                await bell.wait()
            return frame


class Middle(Reader):
    """Passes on what it reads to both of its outputs; can be told to fail, once."""

    a = Output[Labelled]()
    b = Output[Labelled]()

    def __init__(self, manners: Manners) -> None:
        super().__init__(manners)
        self.fails_after: int | None = None
        self.went_off = False
        self._count = 0

    async def take(self, port: Input[Labelled], frame: Labelled) -> None:
        self._count += 1
        if self.fails_after is not None and self._count > self.fails_after:
            self.fails_after = None
            self.went_off = True
            raise Boom
        await self.manners.pace.wait(self._count)
        for output in (self.a, self.b):
            await self._send(output, frame)


class Sink(Reader):
    """Keeps what it gets.

    Args:
        leaves_after: frames at an input, with which it has enough.
    """

    def __init__(self, manners: Manners, leaves_after: int | None) -> None:
        super().__init__(manners)
        self.leaves_after = leaves_after
        self.got: dict[str, list[Labelled]] = {}

    async def run(self) -> None:
        self.got = {port.name: [] for port in self.inputs()}
        await super().run()

    async def take(self, port: Input[Labelled], frame: Labelled) -> None:
        got = self.got[port.name]
        got.append(frame)
        await self.manners.pace.wait(len(got))
        if len(got) == self.leaves_after:
            port.finish()
