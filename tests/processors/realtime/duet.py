"""Our conversation and the simulated service, and a line between them that is slow.

No socket and no clock: a test decides when what was said arrives on the other side.
"""

from __future__ import annotations

import json
from collections import deque
from typing import Any

from voxpipe.pipeline import AudioFrame, ToolCall, ToolResult
from voxpipe.processors.realtime import Settings
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.events import read_order
from voxpipe.processors.realtime.protocol.conversation import Conversation
from voxpipe.simulator import Script, ToneVoice
from voxpipe.simulator.service.conversation.items import Item
from voxpipe.simulator.service.machine import Machine

from .bench import Ear
from .call import speech
from .sdk_events import judge

VOICE = ToneVoice()
_SPOKEN: dict[str, bytes] = {}


class Duet:
    """Both ends of a session.

    Attributes:
        client: ours.
        machine: the service's.
        faults: what the client has reported.
        calls: tools that wait for their result.
    """

    def __init__(self, script: Script, **settings: Any) -> None:
        self.faults: list[str] = []
        self.calls: list[ToolCall] = []
        self.now = 0.0
        chosen = Settings(**settings)
        self.client = Conversation(chosen, self.faults.append)
        self.machine = Machine(
            "realtime", chosen.model, script, now=0.0, today=1_790_000_000, seed=1
        )
        self._ear = Ear()
        self._up: deque[str] = deque()
        self._down: deque[str] = deque()
        self.client.order("session.update", session=chosen.to_wire())
        self.settle()

    # --- the line

    def up(self, messages: int) -> None:
        """So many messages of the client arrive."""
        self._post()
        for _ in range(min(messages, len(self._up))):
            self.machine.receive(self._up.popleft(), self.now)
        self._post()

    def down(self, messages: int) -> None:
        """So many messages of the service arrive."""
        self._post()
        for _ in range(min(messages, len(self._down))):
            self.client.receive(self._down.popleft(), self.now)
        self._post()

    def wait(self, seconds: float) -> None:
        """Time passes on both sides; what is said stays on the line."""
        end = self.now + seconds
        while (due := self.machine.next_timer) is not None and due <= end:
            self.now = max(self.now, due)
            self.machine.advance(self.now)
            self._post()
        self.now = end
        self.client.pump(self.now)
        self._post()

    def flow(self, seconds: float) -> None:
        """Time passes, and what is said arrives at once."""
        for _ in range(round(seconds * 10)):
            self.up(len(self._up))
            self.wait(0.1)
            self.down(len(self._down))

    def settle(self) -> None:
        """All that was said has arrived, and all that follows from it."""
        for _ in range(200):
            self.wait(0.5)
            while self._up or self._down:
                self.up(len(self._up))
                self.down(len(self._down))
            if self.client.arbiter.is_idle and not self._up:
                break

    def _post(self) -> None:
        outbox = self.client.outbox
        while outbox:
            each = outbox.popleft()
            if isinstance(each, AudioFrame):
                order: Any = {"type": "input_audio_buffer.append", "audio": each.base64}
            else:
                order = each
            judge(order)
            assert read_order(json.dumps(order)).to_wire() == order
            self._up.append(json.dumps(order))
        while speeches := self.machine.speeches():
            for part in speeches:
                self.machine.spoken(part, _sound_of(part.text), self.now)
        self._down += [json.dumps(event) for event in self.machine.outgoing()]
        news = self.client.news
        while news:
            port, frame = news.popleft()
            if port == "calls":
                assert isinstance(frame, ToolCall)
                self.calls.append(frame)

    # --- the caller

    def speaks(self, seconds: float) -> None:
        """The caller says something, and is silent for a while."""
        data = speech(seconds) + bytes(PCM_24K.bytes_in(1.0))
        size = PCM_24K.bytes_in(0.1)
        for at in range(0, len(data) - size, size):
            frame = AudioFrame(data=data[at : at + size], format=PCM_24K)
            self.client.hear(frame, self.now)

    def plays(self, share: float) -> None:
        """The ear has played so much of what came of the oldest reply."""
        for reply in self.client.spoken:
            if reply.turn.is_over:
                continue
            while reply.store.take() is not None:
                pass
            reply.turn.timings.first_sent = self.now
            self._ear.plays(reply.turn, reply.turn.generated * share)
            if reply.store.closed and share == 1:
                reply.ended = True
                reply.turn.finish()
            return

    def answers(self) -> None:
        """The oldest open tool gives its result."""
        if self.calls:
            call = self.calls.pop(0)
            result = ToolResult(call_id=call.call_id, output=f'"{call.call_id}"')
            self.client.add_result(result, self.now)

    # --- what both remember

    @property
    def server_items(self) -> list[Item]:
        """The conversation as the service holds it."""
        return list(self.machine._session.conversation)  # pyright: ignore[reportPrivateUsage]


def _sound_of(text: str) -> bytes:
    if text not in _SPOKEN:
        _SPOKEN[text] = VOICE.speak(text, "alloy", 1.0)
    return _SPOKEN[text]
