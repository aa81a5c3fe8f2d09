"""The far sides of our own transports: how each is proved to keep its promises."""

from __future__ import annotations

import json
import struct
from base64 import b64decode, b64encode
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from runpy import run_path
from typing import Any

import anyio
from anyio import Event, create_memory_object_stream
from anyio.abc import AnyByteStream, ObjectStream, SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream
from anyio.streams.stapled import StapledObjectStream

from voxpipe.pipeline import AudioFormat
from voxpipe.transports import MemoryPhone, StreamPhone
from voxpipe.transports.browser import BrowserCall
from voxpipe.transports.browser.seat import Seat
from voxpipe.transports.serving import Server
from voxpipe.transports.telephony import Call, Switchboard
from voxpipe.transports.telephony.carrier import Carrier, CarrierEndpoints
from voxpipe.transports.telephony.socket import Socket
from voxpipe.transports.telephony.testing import Words, memory_lines, words
from voxpipe.transports.telephony.testing.dial import dialled
from voxpipe.transports.telephony.testing.words import Clear, Message, Part, Play
from voxpipe.transports.testing import Cleared, FarSide, Heard, Make, Mark, Transport

PCM = AudioFormat("pcm16", 16_000)
ULAW = AudioFormat("ulaw", 8_000)
CAPACITY = 64  # messages that a line in memory holds, each way
Ends = AsyncGenerator[tuple[Transport, FarSide]]

EXAMPLE = Path(__file__).parents[2] / "examples" / "custom_transport.py"


@asynccontextmanager
async def memory_stream() -> AsyncGenerator[
    tuple[ObjectStream[Any], ObjectStream[Any]]
]:
    """The two ends of a line in memory."""
    to_far, from_phone = create_memory_object_stream[Any](CAPACITY)
    to_phone, from_far = create_memory_object_stream[Any](CAPACITY)
    phone = StapledObjectStream(to_far, from_far)
    far = StapledObjectStream(to_phone, from_phone)
    async with phone, far:
        yield phone, far


@asynccontextmanager
async def tcp() -> AsyncGenerator[tuple[SocketStream, SocketStream]]:
    """The two ends of a connection on this machine."""
    accepted = list[SocketStream]()
    there, over = Event(), Event()

    async def keep(stream: SocketStream) -> None:
        async with stream:
            accepted.append(stream)
            there.set()
            await over.wait()

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(listener.serve, keep)
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        async with await anyio.connect_tcp("127.0.0.1", port) as far:
            await there.wait()
            yield accepted[0], far
        over.set()
        tasks.cancel_scope.cancel()


# --- a phone in memory


class MemoryFar:
    clears = False  # what it has not played it has not got

    def __init__(self, phone: MemoryPhone) -> None:
        self._phone = phone

    async def say(self, audio: bytes) -> None:
        await self._phone.say(audio)

    async def hear(self) -> Heard:
        return (await self._phone.listen()).data

    async def leave(self) -> None:
        self._phone.disconnect()

    async def garble(self) -> None:
        await self._phone.say(b"")


@asynccontextmanager
async def in_memory() -> Ends:
    phone = MemoryPhone(PCM)
    yield phone, MemoryFar(phone)


# --- bare audio over a stream


class StreamFar:
    clears = False

    def __init__(self, line: Any) -> None:
        self._line = line

    async def say(self, audio: bytes) -> None:
        await self._line.send(audio)

    async def hear(self) -> Heard:
        data: bytes = await self._line.receive()
        return data

    async def leave(self) -> None:
        await self._line.aclose()


class BareFar(StreamFar):
    async def finish(self) -> None:
        await self._line.send_eof()


@asynccontextmanager
async def by_stream(ends: Callable[[], Any] = memory_stream) -> Ends:
    async with ends() as (line, far):
        yield StreamPhone(line, PCM), BareFar(far)


@asynccontextmanager
async def by_tcp() -> Ends:
    async with by_stream(tcp) as both:
        yield both


# --- a carrier


class CarrierFar:
    """Of any carrier: what it says and takes is in its words."""

    clears = True

    def __init__(self, line: Socket, words: Words) -> None:
        self._line = line
        self._words = words
        self._chunk = 0

    async def send(self, messages: Sequence[Message]) -> None:
        for each in messages:
            await self._line.send(each)

    async def call(self) -> None:
        await self.send(self._words.opening({}))

    async def say(self, audio: bytes) -> None:
        self._chunk += 1
        text = b64encode(audio).decode()
        await self.send([self._words.media(text, self._chunk)])

    async def hear(self) -> Heard:
        while True:
            match self._words.read(await self._line.receive()):
                case Play(audio):
                    return audio
                case words.Mark(name):
                    return Mark(name)
                case Clear():
                    await self.send(self._words.cleared())
                    return Cleared()
                case Part():
                    await self.leave()
                case None:
                    pass

    async def press(self, key: str) -> None:
        await self.send([self._words.dtmf(key)])

    async def garble(self) -> None:
        await self._line.send("[]")  # no carrier says that

    async def leave(self) -> None:
        await self.send(self._words.stop())
        await self._line.close()  # which is all that some carriers say


class MarkingFar(CarrierFar):
    """Of one that confirms what was played."""

    async def confirm(self, mark: str) -> None:
        await self.send([self._words.mark(mark)])


def far_of(line: Socket, words: Words) -> CarrierFar:
    has_marks = words.call.codec.has_marks
    return (MarkingFar if has_marks else CarrierFar)(line, words)


def by_carrier(new_words: Callable[[], Words]) -> Make:
    """A call over a carrier's wire, in memory."""

    @asynccontextmanager
    async def make() -> Ends:
        line, theirs = memory_lines(CAPACITY)
        words = new_words()
        far = far_of(theirs, words)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(theirs.abort)
            await far.call()
            yield await stack.enter_async_context(words.call.accept(line)), far

    return make


def by_served(carrier: Carrier, new_words: Callable[[], Words]) -> Make:
    """As `voxpipe serve` answers: server, endpoints, switchboard, a WebSocket."""

    @asynccontextmanager
    async def make() -> Ends:
        calls, over = list[Call](), Event()
        there = Event()

        async def app(call: Call) -> None:
            calls.append(call)
            there.set()
            await over.wait()

        endpoints = CarrierEndpoints(Switchboard(app, apology=None), [carrier])
        async with Server(endpoints) as server:
            url = server.url.replace("http", "ws", 1) + carrier.path
            async with dialled(url, {}) as line:
                far = far_of(line, new_words())
                await far.call()
                await there.wait()
                yield calls[0], far
                over.set()

    return make


# --- a browser


class BrowserFar:
    """A page; of each piece it confirms the end, as if it had been told to."""

    clears = True

    def __init__(self, line: Socket, format: AudioFormat) -> None:
        self._line = line
        self._format = format
        self._said = 0  # samples
        self._next: list[Heard] = []

    async def say(self, audio: bytes) -> None:
        await self._line.send(struct.pack("<I", self._said) + audio)
        self._said += len(audio) // self._format.sample_bytes

    async def hear(self) -> Heard:
        while not self._next:
            self._take(await self._line.receive())
        return self._next.pop(0)

    def _take(self, message: str | bytes) -> None:
        if isinstance(message, str):
            if json.loads(message)["type"] == "clear":
                self._next.append(Cleared())
            return
        reply, before = struct.unpack_from("<II", message)
        audio = message[8:]
        end = before + len(audio) // self._format.sample_bytes
        self._next += [audio, Mark(f"{reply} {end * 1000 / self._format.rate}")]

    async def confirm(self, mark: str) -> None:
        reply, ms = mark.split()
        played = {"type": "played", "reply": int(reply), "ms": float(ms)}
        await self._line.send(json.dumps(played))

    async def press(self, key: str) -> None:
        await self._line.send(json.dumps({"type": "key", "digit": key}))

    async def garble(self) -> None:
        await self._line.send('{"type": "played", "reply": "the last"}')

    async def leave(self) -> None:
        await self._line.send('{"type": "bye"}')


@asynccontextmanager
async def by_browser() -> Ends:
    line, theirs = memory_lines(CAPACITY)
    format = AudioFormat("pcm16", 24_000)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(theirs.abort)
        seat = Seat(line, "browser-1")
        stack.push_async_callback(seat.close)
        yield BrowserCall(seat, format=format), BrowserFar(theirs, format)


# --- the examples


class MessageFar(StreamFar):
    """Of the README's phone."""

    clears = True

    async def hear(self) -> Heard:
        return await super().hear() or Cleared()

    async def garble(self) -> None:
        await self._line.send(b"")


def by_messages(phone: type[Any]) -> Make:
    """The transport that the README shows."""

    @asynccontextmanager
    async def make() -> Ends:
        async with memory_stream() as (line, far):
            yield phone(line, PCM.rate), MessageFar(far)

    return make


class JsonFar:
    """Of `examples/custom_transport.py`."""

    clears = True

    def __init__(self, line: AnyByteStream) -> None:
        self._line: Any = line
        self._lines = BufferedByteReceiveStream(line)

    async def say(self, audio: bytes) -> None:
        text = b64encode(audio).decode()
        await self._line.send(json.dumps({"audio": text}).encode() + b"\n")

    async def hear(self) -> Heard:
        try:
            line = await self._lines.receive_until(b"\n", 2**20)
        except anyio.IncompleteRead:
            raise anyio.EndOfStream from None
        order: Any = json.loads(line)
        return b64decode(order["audio"]) if "audio" in order else Cleared()

    async def leave(self) -> None:
        await self._line.aclose()

    async def garble(self) -> None:
        await self._line.send(b"no json\n")


@asynccontextmanager
async def by_json(ends: Callable[[], Any] = memory_stream) -> Ends:
    async with ends() as (line, far):
        yield run_path(str(EXAMPLE))["JsonPhone"](line), JsonFar(far)


@asynccontextmanager
async def by_json_over_tcp() -> Ends:
    async with by_json(tcp) as both:
        yield both
