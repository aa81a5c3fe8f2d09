"""Twilio's side of a call for tests: it plays what it is sent by its own clock."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Literal

import pytest
from anyio import (
    BrokenResourceError,
    EndOfStream,
    Event,
    create_task_group,
    current_time,
    sleep,
    sleep_until,
)
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from voxpipe.pipeline import AudioFormat, AudioFrame, Pipeline, ReplyEnd, Turn
from voxpipe.pipeline.testing import Probe, Source, run_virtual
from voxpipe.transports.telephony.twilio import TwilioCall

FORMAT = AudioFormat("ulaw", 8_000)
STREAM = "MZ" + "5" * 32
CALL = "CA" + "7" * 32
CONNECTED = '{"event":"connected","protocol":"Call","version":"1.0.0"}'


def start(**changes: Any) -> str:
    """The message that begins a stream; ``changes`` are made within its `start`."""
    body = {
        "streamSid": STREAM,
        "accountSid": "AC" + "9" * 32,
        "callSid": CALL,
        "tracks": ["inbound"],
        "customParameters": {"table": "4", "Name": "Zoë"},
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
    }
    return message("start", start=body | changes)


def message(event: str, **parts: Any) -> str:
    """One of Twilio's messages, written as Twilio writes them."""
    value: dict[str, Any] = {"event": event, "sequenceNumber": "3", **parts}
    return json.dumps({"streamSid": STREAM} | value, separators=(",", ":"))


def speech(number: int, data: bytes | None = None, **changes: Any) -> str:
    """20 ms of the caller; all samples are the frame's number, unless given."""
    payload = b64encode(bytes([number % 256]) * 160 if data is None else data)
    body = {
        "track": "inbound",
        "chunk": str(number + 1),
        "timestamp": str(number * 20 + 5),
        "payload": payload.decode(),
    }
    return message("media", media=body | changes)


def digit(key: str) -> str:
    return message("dtmf", dtmf={"track": "inbound_track", "digit": key})


STOP = message("stop", stop={"accountSid": "AC" + "9" * 32, "callSid": CALL})


Loses = Literal["no mark", "marks that were played", "every mark"]


class Carrier:
    """The socket of a call; `post` is what Twilio sends, `sent` what it was sent.

    Args:
        latency: seconds from us to Twilio's loudspeaker.
        delay: seconds from there until we know.

    Attributes:
        sent: moment and message, parsed.
        texts: the messages as they came.
        heard: what the caller's ear got: the moment, and 10 ms of audio.
    """

    def __init__(self, *, latency: float = 0.0, delay: float = 0.0) -> None:
        self._posted: deque[str | bytes] = deque()
        self._arrival = Event()
        self._has_left = False
        self._latency = latency
        self._delay = delay
        self._epoch = 0
        self._free_at = 0.0
        self._pending: list[tuple[float, str, int]] = []
        self._tasks: TaskGroup | None = None
        self.loses: Loses = "no mark"
        self.is_broken = False
        self.stuck: Event | None = None
        self.sent: list[tuple[float, dict[str, Any]]] = []
        self.texts: list[str] = []
        self.heard: list[tuple[float, bytes]] = []
        self.closed: list[int] = []

    # --- the socket

    async def receive(self) -> str | bytes:
        await checkpoint()
        while not self._posted:
            if self._has_left:
                raise EndOfStream
            self._arrival = Event()
            await self._arrival.wait()
        return self._posted.popleft()

    async def send(self, message: str | bytes, /) -> None:
        if self.is_broken:
            raise BrokenResourceError
        if self.stuck is not None:
            await self.stuck.wait()
        assert isinstance(message, str)
        self.texts.append(message)
        value = json.loads(message)
        self.sent.append((current_time(), value))
        await self._play(value)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        await checkpoint()
        self.closed.append(code)

    # --- Twilio

    def post(self, *messages: str | bytes) -> None:
        self._posted.extend(messages)
        self._arrival.set()

    def leave(self) -> None:
        """The connection ends without a word."""
        self._has_left = True
        self._arrival.set()

    def answering(self, tasks: TaskGroup) -> None:
        """From here on, marks are answered."""
        self._tasks = tasks

    async def _play(self, value: dict[str, Any]) -> None:
        now = current_time() + self._latency
        if value["event"] == "media":
            data = b64decode(value["media"]["payload"])
            begins = max(now, self._free_at)
            self._free_at = begins + len(data) / 8_000
            for at in range(0, len(data), 80):
                self.heard.append((begins + at / 8_000, data[at : at + 80]))
        elif value["event"] == "mark":
            item = (max(now, self._free_at), value["mark"]["name"], self._epoch)
            self._pending.append(item)
            self._spawn(self._answer, *item)
        else:
            self._epoch += 1
            self._free_at = 0.0
            self.heard = [each for each in self.heard if each[0] < now]
            pending, self._pending = self._pending, []
            if self.loses != "every mark":
                for _, name, _ in pending:  # Twilio returns what it is to forget
                    self._spawn(self._echo, name)

    async def _answer(self, at: float, name: str, epoch: int) -> None:
        await sleep_until(at)
        if epoch == self._epoch:
            self._pending.remove((at, name, epoch))
            if self.loses == "no mark":
                await self._echo(name)

    async def _echo(self, name: str) -> None:
        await sleep(self._delay)
        self.post(message("mark", mark={"name": name}))

    def _spawn(self, function: Callable[..., Any], *arguments: Any) -> None:
        if self._tasks is not None:
            self._tasks.start_soon(function, *arguments)

    # --- what came of it

    def events(self, kind: str) -> list[tuple[float, dict[str, Any]]]:
        return [each for each in self.sent if each[1]["event"] == kind]

    @property
    def audio(self) -> bytes:
        """All that was sent to be played."""
        payloads = [value["media"]["payload"] for _, value in self.events("media")]
        return b"".join(b64decode(each) for each in payloads)

    @property
    def sounded(self) -> bytes:
        """What the caller's ear got."""
        return b"".join(data for _, data in self.heard)


def reply(turn: Turn, seconds: float, frame: float = 0.25) -> list[AudioFrame]:
    """The frames of a reply in which each 10 ms are a number of their own."""
    data = b"".join(bytes([n % 251]) * 80 for n in range(round(seconds * 100)))
    size = FORMAT.bytes_in(frame)
    return [
        AudioFrame(data=data[at:][:size], format=FORMAT, start=at / 8_000, turn=turn)
        for at in range(0, len(data), size)
    ]


def said(turn: Turn, seconds: float, frame: float = 0.25) -> list[Any]:
    return [*reply(turn, seconds, frame), ReplyEnd(turn=turn)]


class Agent(Source):
    """Says its frames, stays silent for a while, and hangs up by ending."""

    def __init__(self, frames: list[Any], *, stays: float = 0.0) -> None:
        super().__init__(frames)
        self.stays = stays

    async def run(self) -> None:
        await super().run()
        await sleep(self.stays)


Story = Callable[[TwilioCall, Carrier], Coroutine[Any, Any, object]]


class Evening:
    """A call in virtual time, with what came of it.

    Args:
        agent: what it says.
        story: what happens meanwhile.
        carrier: the other side.
    """

    def __init__(
        self, agent: Source, story: Story | None = None, carrier: Carrier | None = None
    ) -> None:
        self.carrier = carrier or Carrier()
        self.heard, self.pressed, self.played = Probe(), Probe(), Probe()
        self.faults = Probe()
        self.call = run_virtual(self._pass, agent, story)

    async def _pass(self, agent: Source, story: Story | None) -> TwilioCall:
        self.carrier.post(CONNECTED, start())
        async with (
            TwilioCall.accept(self.carrier) as call,
            create_task_group() as tasks,
        ):
            self.began = current_time()
            self.carrier.answering(tasks)
            if story is not None:
                tasks.start_soon(story, call, self.carrier)
            await Pipeline(
                agent.output >> call.speaks,
                call.heard >> self.heard.input,
                call.pressed >> self.pressed.input,
                call.played >> self.played.input,
                call.faults >> self.faults.input,
            ).run()
            self.lasted = current_time() - self.began
            tasks.cancel_scope.cancel()
        return call

    def at(self, kind: str) -> list[float]:
        """When messages of a kind were sent, in seconds from the beginning."""
        return [at - self.began for at, _ in self.carrier.events(kind)]

    @property
    def reports(self) -> list[str]:
        return [fault.message for fault in self.faults.frames]


def nearly(seconds: Any) -> Any:
    return pytest.approx(seconds, abs=1e-6)


def silent(seconds: float) -> Agent:
    return Agent([], stays=seconds)
