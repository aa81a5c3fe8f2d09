"""Small boxes that the tests of drawings and runs share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    AudioRule,
    Filter,
    FormatError,
    Frame,
    Input,
    Output,
    PlayoutInput,
    Processor,
    ReplyFrame,
    Text,
    ToolCall,
    ToolResult,
    Transform,
)

PCM_8K = AudioFormat("pcm16", 8_000)
PCM_16K = AudioFormat("pcm16", 16_000)
PCM_24K = AudioFormat("pcm16", 24_000)
ULAW = AudioFormat("ulaw", 8_000)


class Writer(Processor):
    """Does with its output whatever a test wants."""

    output = Output[Any]()

    def __init__(self, act: Callable[[Writer], Awaitable[None]]) -> None:
        self.act = act

    async def run(self) -> None:
        await self.act(self)


class HoldsOne(Filter[Frame]):
    """Gives each frame when the next one comes, which may be another task's."""

    held: tuple[Frame, ...] = ()

    def feed(self, frame: Frame) -> Iterable[Frame]:
        held, self.held = self.held, (frame,)
        return held

    def flush(self) -> Iterable[Frame]:
        return self.held


class Phone(Processor):
    """Somebody who calls: both ways, with what was heard."""

    heard = Output[AudioFrame](format=ULAW)
    speaks = PlayoutInput[ReplyFrame]()
    played = Output[AudioFrame]()

    async def run(self) -> None:
        async for _ in self.speaks:
            pass


class Model(Processor):
    """Something that answers and calls tools."""

    hears = Input[AudioFrame]()
    results = Input[ToolResult](optional=True, feedback=True)
    says = Output[ReplyFrame]()
    calls = Output[ToolCall]()

    async def run(self) -> None:
        async for _ in self.hears:
            pass


class Tools(Processor):
    calls = Input[ToolCall]()
    results = Output[ToolResult]()

    async def run(self) -> None:
        async for _ in self.calls:
            pass


class Meter(Processor):
    input = Input[AudioFrame](format=AudioRule(encodings=("pcm16",)))

    async def run(self) -> None:
        async for _ in self.input:
            pass


class Echo(Processor):
    """A stage: one way in, one way out."""

    input = Input[AudioFrame]()
    output = Output[AudioFrame]()

    async def run(self) -> None:
        async for frame in self.input:
            await self.output.send(frame)


class Decode(Filter[AudioFrame]):
    def leaves_as(self, format: AudioFormat) -> AudioFormat:
        return AudioFormat("pcm16", format.rate)

    def feed(self, frame: AudioFrame) -> Iterable[AudioFrame]:
        return (frame.with_data(bytes(2 * frame.size), self.leaves_as(frame.format)),)


class Resample(Filter[AudioFrame]):
    def __init__(self, rate: int) -> None:
        self.rate = rate

    def leaves_as(self, format: AudioFormat) -> AudioFormat:
        if format.encoding != "pcm16":
            raise FormatError("resampling takes pcm16: put Decode() in front")
        return AudioFormat("pcm16", self.rate)

    def feed(self, frame: AudioFrame) -> Iterable[AudioFrame]:
        to = self.leaves_as(frame.format)
        return (frame.with_data(to.silence(frame.duration), to),)


class Gain(Filter[AudioFrame]):
    def feed(self, frame: AudioFrame) -> Iterable[AudioFrame]:
        return (frame,)


class Speller(Transform[AudioFrame, Text]):
    def feed(self, frame: AudioFrame) -> Iterable[Text]:
        return (Text(text="a"),)


class Voice(Transform[Text, AudioFrame]):
    """Words become sound, in a format that no drawing tells."""

    def __init__(self, format: AudioFormat = PCM_16K) -> None:
        self.format = format

    def feed(self, frame: Text) -> Iterable[AudioFrame]:
        return (AudioFrame(data=self.format.silence(0.02), format=self.format),)
