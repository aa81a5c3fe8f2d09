"""A million messages, most of them broken, into both state machines.

Both are bounded by what they remember, not by what they are sent: the second half of
the messages leaves nothing behind that the first has not.
"""

from __future__ import annotations

import gc
import json
from base64 import b64encode
from collections import deque
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from pydantic import BaseModel

from voxpipe.pipeline import AudioFrame, ToolCall, ToolResult
from voxpipe.processors.realtime import Settings
from voxpipe.processors.realtime.protocol.conversation import Conversation
from voxpipe.simulator.protocol.json_types import is_array, is_object
from voxpipe.simulator.service.machine import Machine
from voxpipe.simulator.service.session.state import SpeechRequest

from ..processors.realtime.sdk_events import (
    CLIENT,
    SERVER,
    instances,
)
from ..simulator.bench import (
    BIRTHDAY,
    Bench,
    Json,
    hum,
    silence,
)
from ..simulator.test_fuzz import (
    SCRIPT,
    SENSIBLE,
)
from .mutation import ID, Mutator

TOOLS: tuple[Json, ...] = ({"type": "function", "name": "f"},)
POOL = 20_000  # different messages at most: making one costs as much as taking ten
SESSION = 1_000  # messages until the mad client connects anew: an hour of items
GROWTH = 2_000  # objects


def conversation() -> list[Json]:
    """All that the service says in a conversation with everything in it."""
    bench = Bench(SCRIPT)
    bench.raw(json.dumps(next(e for e in SENSIBLE if e["type"] == "session.update")))
    bench.append(silence(300) + hum(900) + silence(700))
    bench.run()
    call = next(e for e in bench.events if e["type"].endswith("arguments.done"))
    item = {"type": "function_call_output", "call_id": call["call_id"], "output": "{}"}
    bench.send("conversation.item.create", item=item)
    bench.run()
    bench.respond()
    bench.respond(output_modalities=["text"])
    bench.respond(conversation="none")
    bench.send("response.create")
    spoken = bench.until("response.output_audio.delta")[-1]
    bench.send("response.cancel")
    item_id = spoken["item_id"]
    bench.send(
        "conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=9
    )
    bench.send("conversation.item.retrieve", item_id=item_id)
    bench.send("conversation.item.delete", item_id=item_id)
    bench.send("response.cancel")
    bench.run()
    return bench.events


def everything(known: Mapping[str, type[BaseModel]]) -> list[Json]:
    """Each event that the official SDK knows, in all its shapes."""
    return [event for model in known.values() for event in instances(model)]


def without_names(events: list[Json]) -> list[Json]:
    """The same with `ID` for every id, and no ``event_id``: they must not repeat."""

    def rename(value: Any, key: str = "") -> Any:
        if is_object(value):
            return {k: rename(v, k) for k, v in value.items() if k != "event_id"}
        if is_array(value):
            return [rename(each) for each in value]
        named = key == "id" or key.endswith("_id")
        return ID if named and isinstance(value, str) else value

    return [rename(event) for event in events]


class Peer:
    """Sends from a pool of messages, with names that the other side knows."""

    def __init__(self, seeds: list[Json], random: Random, messages: int) -> None:
        mutator = Mutator(seeds, random)
        self._pool = [mutator.message() for _ in range(min(messages, POOL))]
        self._random = random
        self.names = deque(["nobody"], maxlen=32)

    def message(self) -> str:
        message = self._random.choice(self._pool)
        if ID in message:
            message = message.replace(ID, self._random.choice(self.names))
        return message


class TheClient:
    """Our side of the wire, and a service that has gone mad."""

    def __init__(self, random: Random, messages: int) -> None:
        self._random = random
        events = [*conversation(), *everything(SERVER)]
        self.peer = Peer(without_names(events), random, messages)
        self.peer.names.extend(f"resp_{number}" for number in range(31))
        settings = Settings(tools=TOOLS, turn_detection="server")
        self.machine = Conversation(settings)
        self.now = 0.0
        self._frame = AudioFrame(
            data=settings.audio.silence(0.02), format=settings.audio
        )

    def step(self) -> None:
        machine, random = self.machine, self._random
        machine.receive(self.peer.message(), self.now)
        chance = random.random()
        if chance > 0.05:
            return
        self.now += 0.3
        if chance < 0.005:
            machine.request({}, self.now)
        elif chance < 0.008:
            machine.interrupt(self.now)
        elif chance < 0.03:
            machine.hear(self._frame, self.now)
        elif machine.spoken:
            machine.spoken[0].store.clear()
        outbox = machine.outbox
        while outbox.frames:
            _, frame = outbox.frames.popleft()
            if isinstance(frame, ToolCall):
                result = ToolResult(call_id=frame.call_id, output="{}")
                machine.add_result(result, self.now)
        outbox.messages.clear()
        outbox.reports.clear()


class TheSimulator:
    """The service's side of the wire, and a client that has gone mad."""

    def __init__(self, random: Random, messages: int) -> None:
        self._random = random
        appends = [bench_append(sound) for sound in (hum(40), silence(40), b"\0")]
        events = without_names([*SENSIBLE, *everything(CLIENT)])
        self.peer = Peer([*events, *appends, *editing()], random, messages)
        self._steps = 0
        self._connect()

    def _connect(self) -> None:
        self.now = 0.0
        self.machine = Machine(
            "realtime", "gpt-realtime-2.1", SCRIPT, now=0.0, today=BIRTHDAY, seed=1
        )

    def step(self) -> None:
        self._steps += 1
        if self._steps % SESSION == 0:
            self._connect()
        machine = self.machine
        machine.receive(self.peer.message(), self.now)
        if self._random.random() < 0.05:
            self.now += 0.3
            machine.advance(self.now)
        for request in machine.requests():
            spoken = isinstance(request, SpeechRequest)
            machine.answered(request, bytes(9_600) if spoken else "nothing", self.now)
        for event in machine.outgoing():
            if "item" in event:
                self.peer.names.append(event["item"]["id"])
        assert machine.close_frame is None


def bench_append(sound: bytes) -> Json:
    return {"type": "input_audio_buffer.append", "audio": b64encode(sound).decode()}


def editing() -> list[Json]:
    """Client events about items, which need an id that exists."""
    verb = "conversation.item"
    message = {"type": "message", "role": "user"}
    content = [{"type": "input_text", "text": "Hello?"}]
    cut = {"item_id": ID, "content_index": 0, "audio_end_ms": 20}
    return [
        {"type": f"{verb}.create", "item": {**message, "content": content}},
        {"type": f"{verb}.retrieve", "item_id": ID},
        {"type": f"{verb}.delete", "item_id": ID},
        {"type": f"{verb}.truncate", **cut},
    ]


def count_objects() -> int:
    gc.collect()
    return len(gc.get_objects())


@pytest.mark.parametrize("side", [TheClient, TheSimulator])
@pytest.mark.parametrize(
    "messages",
    [
        2_000,
        pytest.param(20_000, marks=pytest.mark.slow),
        pytest.param(500_000, marks=pytest.mark.soak),
    ],
)
def test_whatever_comes_is_survived_and_leaves_nothing_behind(
    side: type[TheClient] | type[TheSimulator], messages: int
) -> None:
    fuzzed = side(Random(4), messages)
    for _ in range(messages // 2):
        fuzzed.step()
    before = count_objects()
    for _ in range(messages // 2):
        fuzzed.step()
    assert count_objects() - before < GROWTH
