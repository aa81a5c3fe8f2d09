"""An agent for tests that needs no model: it says back what it has heard."""

from __future__ import annotations

import math
from array import array

from anyio import create_memory_object_stream, create_task_group

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
from voxpipe.processors.audio.g711 import expansion
from voxpipe.transports.telephony import Call
from voxpipe.transports.telephony.loudness import loudness
from voxpipe.transports.telephony.testing import Speech

ULAW = AudioFormat("ulaw", 8_000)
PCM = AudioFormat("pcm16", 8_000)
QUIET = 0.5  # seconds of silence after which it answers
DELTA = 1_600  # bytes; 200 ms, as a model sends


def _is_loud(frame: AudioFrame) -> bool:
    if frame.format == ULAW:
        return any(_LOUD[code] for code in frame.data)
    return loudness(frame.format)(frame.data)


_LOUD = [abs(int(sample)) > 1_000 for sample in expansion("ulaw")]


def voice(seconds: float, amplitude: int = 8_000) -> bytes:
    """A hum as pcm16, loud in every frame."""
    count = round(seconds * PCM.rate)
    hum = (round(amplitude * math.cos(index / 2)) for index in range(count))
    return array("h", hum).tobytes()


def speech(seconds: float) -> Speech:
    """The same, ready to be said."""
    return Speech.of(AudioFrame(data=voice(seconds), format=PCM))


class Parrot(Processor):
    """Says back what it has heard, and is silent as soon as somebody speaks."""

    hears = Input[AudioFrame]()
    says = Output[ReplyFrame]()

    def __init__(self, greeting: bytes = b"") -> None:
        self._greeting = greeting
        self._format = ULAW  # until it has heard another

    async def run(self) -> None:
        to_say, said = create_memory_object_stream[tuple[Turn, bytes]](8)
        async with to_say, said, create_task_group() as tasks:

            async def talk() -> None:
                async for turn, audio in said:
                    await self._say(turn, audio)

            tasks.start_soon(talk)
            turn, heard, quiet = Turn(), b"", 0.0
            if self._greeting:
                to_say.send_nowait((turn, self._greeting))
            async for frame in self.hears:
                if _is_loud(frame):
                    turn.cut()
                    self._format = frame.format
                    heard, quiet = heard + frame.data, 0.0
                elif heard:
                    quiet += frame.duration
                    if quiet >= QUIET - 0.001:
                        turn = Turn()
                        to_say.send_nowait((turn, heard))
                        heard = b""
            to_say.close()

    async def _say(self, turn: Turn, audio: bytes) -> None:
        for at in range(0, len(audio), DELTA):
            data = audio[at : at + DELTA]
            start = at / self._format.bytes_per_second
            await self.says.send(
                AudioFrame(data=data, format=self._format, start=start, turn=turn)
            )
        await self.says.send(ReplyEnd(turn=turn))


async def parrot(call: Call) -> None:
    """The app."""
    await talk(call, Parrot())


async def greeter(call: Call) -> None:
    """The app that speaks first: for two seconds."""
    await talk(call, Parrot(HUM))


async def talk(call: Call, agent: Parrot) -> None:
    """Join them and run."""
    await Pipeline(call.heard >> agent.hears, agent.says >> call.speaks).run()


HUM = bytes(0x10 if index % 2 else 0x90 for index in range(16_000))
