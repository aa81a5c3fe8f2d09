"""A transport of your own: a phone that sends lines of JSON over TCP, as carriers do.

    python examples/custom_transport.py greeting.wav message.wav

is an answering machine: it waits on port 5060, plays the greeting to whoever calls, and
records what they say. Without arguments it calls itself once. A line is
``{"audio": "<base64 of μ-law, 8 kHz>"}`` in both directions; ``{"clear": true}`` tells
the phone to forget what it has not yet played.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

import anyio
from anyio.abc import AnyByteStream, SocketAttribute, SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream

import voxpipe.console
from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Intake,
    Output,
    Pipeline,
    Playout,
    PlayoutInput,
    Processor,
    ReplyFrame,
    Turn,
)
from voxpipe.processors.audio import Decode, Encode, Resample
from voxpipe.transports import WavSink, WavSource

LONGEST = 65_536  # bytes of a line; 4 s of audio


class JsonPhone(Processor):
    """Somebody who calls with lines of JSON."""

    heard = Output[AudioFrame]()
    speaks = PlayoutInput[ReplyFrame]()
    played = Output[AudioFrame]()

    def __init__(self, line: AnyByteStream) -> None:
        self._line = line
        self._intake = Intake(AudioFormat("ulaw", 8_000), self.report)
        self.heard.format = self.speaks.format = self.played.format = (
            self._intake.format
        )

    async def run(self) -> None:
        """Carry the call until they hang up."""
        playout = Playout(
            self.speaks, self._play, clear=self._clear, played=self.played
        )
        lines = BufferedByteReceiveStream(self._line)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(playout.run)
            # Raised when they hang up, gently or not.
            with suppress(anyio.IncompleteRead, anyio.BrokenResourceError):
                while True:
                    await self._hear(await lines.receive_until(b"\n", LONGEST))
            tasks.cancel_scope.cancel()

    async def _hear(self, line: bytes) -> None:
        try:
            audio = self._intake.feed_base64(str(json.loads(line)["audio"]))
        except (ValueError, KeyError, TypeError) as error:
            self.report(f"expected a line of audio, got {type(error).__name__}")
        else:
            if audio is not None:
                await self.heard.send(audio)

    async def _play(self, frame: AudioFrame) -> None:
        await self._send(b'{"audio": "%s"}\n' % frame.base64.encode())

    async def _clear(self, turn: Turn | None) -> None:
        await self._send(b'{"clear": true}\n')

    async def _send(self, line: bytes) -> None:
        with suppress(anyio.BrokenResourceError):  # `run` hears that they hung up
            await self._line.send(line)


async def answer(greeting: Path, message: Path, line: AnyByteStream) -> None:
    """One call: greet, and record."""
    phone, greets = JsonPhone(line), WavSource(greeting, pace="at once")
    records = WavSink(message, AudioFormat("pcm16", 8_000))
    async with line:
        await Pipeline(
            greets.heard >> Resample(8_000) >> Encode("ulaw") >> phone.speaks,
            phone.heard >> Decode() >> records.speaks,
        ).run()


async def serve(greeting: Path, message: Path) -> None:
    """Answer every call; each message replaces the one before."""
    listener = await anyio.create_tcp_listener(local_port=5060)
    await listener.serve(partial(answer, greeting, message))


async def call_oneself(greeting: Path) -> None:
    """Call, say back what is heard, and hang up."""
    message = Path("message.wav")
    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):

        async def once(line: SocketStream) -> None:
            await answer(greeting, message, line)
            tasks.cancel_scope.cancel()

        tasks.start_soon(listener.serve, once)
        port = listener.extra(SocketAttribute.local_port)
        async with await anyio.connect_tcp("127.0.0.1", port) as line:
            lines = BufferedByteReceiveStream(line)
            for _ in range(20):
                await line.send(await lines.receive_until(b"\n", LONGEST) + b"\n")
        await anyio.sleep_forever()
    print(f"{WavSource(message).seconds:.1f} s recorded in {message}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        anyio.run(serve, Path(sys.argv[1]), Path(sys.argv[2]))
    else:
        recordings = Path(voxpipe.console.__file__).parent / "recordings"
        anyio.run(call_oneself, recordings / "4-goodbye.wav")
