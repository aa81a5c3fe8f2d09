"""Both sides of the wire without the wire: messages wait until a test carries them."""

from __future__ import annotations

import json
from collections import Counter, deque
from typing import Any

from voxpipe.pipeline import (
    AudioFrame,
    Interruption,
    SpeechStarted,
    SpeechStopped,
    ToolCall,
    ToolResult,
)
from voxpipe.processors.realtime import Settings
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.events import read_order
from voxpipe.processors.realtime.protocol.conversation import Conversation
from voxpipe.processors.realtime.protocol.item_edits import Act, ItemEdit
from voxpipe.processors.realtime.protocol.response import Response
from voxpipe.processors.realtime.shell.sender import encode
from voxpipe.simulator import CallTool, Line, Script, Timing
from voxpipe.simulator.service.conversation.items import Item
from voxpipe.simulator.service.machine import Machine
from voxpipe.simulator.service.session.state import SpeechRequest

from ..playhead import Played
from ..processors.realtime.call import speech
from ..processors.realtime.sdk_events import judge

Json = dict[str, Any]
FRAME = 0.1  # seconds of the caller's audio at once
TOOLS: tuple[Json, ...] = ({"type": "function", "name": "look"},)
SCRIPT = Script(
    replies=(
        Line(say="Let me see.", calls=(CallTool(name="look"), CallTool(name="look"))),
        Line(say="There is nothing to be seen here, as far as I can tell."),
        Line(calls=(CallTool(name="look"),)),
        Line(say="Well, there is something after all, and it is quite large."),
    ),
    out_of_band=(Line(say="Between us: nothing."),),
    then="repeat",
    timing=Timing(first_audio_ms=100, first_text_ms=50, transcription_ms=300),
)


VOICE = AudioFrame(data=speech(FRAME), format=PCM_24K)
SILENCE = AudioFrame(data=PCM_24K.silence(FRAME), format=PCM_24K)


class Telephone:
    """A caller, the client, the simulated service, and messages on their way.

    Attributes:
        client: under test.
        service: under test.
        up: messages on their way to the service.
        down: messages on their way to the client.
        asked: replies that the program has asked for.
        seen: all replies that there were.
        open: tool calls without a result.
        results: how often the service was told the result of a call.
        edits: what the program has asked of items.
        played: seconds that were played of each item of a reply that was cut.
        faults: what the client reported.
    """

    def __init__(self, script: Script = SCRIPT, **settings: Any) -> None:
        self.now = self._spoken = 0.0
        options: dict[str, Any] = {"tools": TOOLS} | settings
        chosen = Settings(**options)
        self._turn_detection = chosen.turn_detection
        self.client = Conversation(chosen)
        self.service = Machine(
            "realtime", chosen.model, script, now=0.0, today=1_790_000_000, seed=1
        )
        self.up: deque[str] = deque()
        self.down: deque[str] = deque()
        self.asked: list[Response] = []
        self.seen: dict[int, Response] = {}
        self.open: list[ToolCall] = []
        self.results: Counter[str] = Counter()
        self.edits: list[ItemEdit] = []
        self.played: dict[str, float] = {}
        self.faults: list[str] = []
        self._playhead = Played()
        self.client.send("session.update", session=chosen.to_wire())
        self.collect()
        self.carry_up(len(self.up))
        self.carry_down(len(self.down))

    @property
    def items(self) -> list[Item]:
        """The conversation as the service has it."""
        return list(self.service._session.conversation)  # pyright: ignore[reportPrivateUsage]  # it shows itself by events only

    # --- the wire

    def collect(self) -> None:
        """Put on the wire what both sides have to send."""
        for words in self.service.requests():
            assert isinstance(words, SpeechRequest)
            seconds = 0.06 * len(words.text)
            self.service.answered(words, PCM_24K.silence(seconds), self.now)
        self.down.extend(json.dumps(event) for event in self.service.outgoing())
        outbox = self.client.outbox
        while outbox.messages:
            message = outbox.messages.popleft()
            if not isinstance(message, AudioFrame):
                judge(message)
                assert read_order(json.dumps(message)).to_wire() == message
            self.up.append(encode(message))
        while outbox.frames:
            _, frame = outbox.frames.popleft()
            if isinstance(frame, ToolCall):
                self.open.append(frame)
            elif isinstance(frame, Interruption):
                for item in frame.items:
                    key = item.item_id
                    self.played[key] = self.played.get(key, 0.0) + item.played
        while outbox.reports:
            self.faults.append(outbox.reports.popleft())
        for reply in (*self.asked, *self.client.spoken):
            self.seen[id(reply)] = reply

    def carry_up(self, count: int) -> None:
        """The service receives the next messages."""
        for _ in range(min(count, len(self.up))):
            message = self.up.popleft()
            event = json.loads(message)
            if event.get("item", {}).get("type") == "function_call_output":
                self.results[event["item"]["call_id"]] += 1
            self.service.receive(message, self.now)
        self.collect()

    def carry_down(self, count: int) -> None:
        """The client receives the next messages."""
        for _ in range(min(count, len(self.down))):
            self.client.receive(self.down.popleft(), self.now)
        self.collect()

    def wait(self, seconds: float) -> None:
        """Time goes by on both sides; what is said stays on the line."""
        self.collect()
        end = self.now + seconds
        while (due := self.service.next_timer) <= end:
            self.now = max(self.now, due)
            self.service.advance(self.now)
            self.collect()
        self.now = end
        self.client.advance(self.now)
        self.collect()

    def flow(self, seconds: float) -> None:
        """Time goes by, and what is said arrives at once."""
        for _ in range(round(seconds * 10)):
            self.carry_up(len(self.up))
            self.wait(0.1)
            self.carry_down(len(self.down))

    def arrive(self) -> None:
        """All that was said has arrived, and all that follows from it."""
        for _ in range(200):
            self.wait(0.5)
            while self.up or self.down:
                self.carry_up(len(self.up))
                self.carry_down(len(self.down))
            if self.client.arbiter.is_idle and not self.up:
                break

    # --- the caller and the program

    def speak(self, frame: AudioFrame, seconds: float) -> None:
        """The caller says something, or nothing, for a while."""
        marked = self._turn_detection == "local" and frame is VOICE
        if marked:
            self.client.mark(SpeechStarted(at=self._spoken), self.now)
        for _ in range(round(seconds / FRAME)):
            self.client.hear(frame, self.now)
            self._spoken += FRAME
            self.wait(FRAME)
        if marked:
            self.client.mark(SpeechStopped(at=self._spoken), self.now)
        self.collect()

    def ask(self, **options: Any) -> Response:
        """The program asks for a reply."""
        reply = self.client.request(options, self.now)
        self.asked.append(reply)
        self.collect()
        return reply

    def answer(self, index: int) -> None:
        """A tool gives its result."""
        call = self.open.pop(index % len(self.open))
        result = ToolResult(call_id=call.call_id, output='{"seen": "nothing"}')
        self.client.add_result(result, self.now)
        self.collect()

    def edit(self, act: Act, item_id: str, **fields: Any) -> None:
        """The program asks something of an item."""
        self.edits.append(self.client.edits.ask(act, item_id, **fields))
        self.collect()

    @property
    def spoken(self) -> list[str]:
        """The items that the model has said, as far as nobody has cut them."""
        entries = self.client.history
        return [e.item_id for e in entries if e.seconds and e.played is None]

    @property
    def playing(self) -> Response | None:
        """The reply that is to be played now."""
        for reply in self.client.spoken:
            if reply.left != "all" and not reply.turn.is_over:
                return reply
        return None

    def play(self, seconds: float) -> None:
        """So much more of a reply is played, if it is there."""
        reply = self.playing
        if reply is None:
            return
        turn = reply.turn
        while reply.take(self.now) is not None:
            assert not turn.is_cut, "audio of a cut reply came out"
        played = self._playhead.seconds.get(turn, 0.0)
        played = min(turn.generated, played + seconds)
        self._playhead.plays(turn, played)
        if reply.store.closed and played == turn.generated:
            reply.all_left()
            turn.finish()
        self.collect()

    def settle(self) -> None:
        """The caller falls silent, and everything that was begun comes to its end."""
        quiet = 0
        for _ in range(300):
            if quiet == 3:
                return
            self.speak(SILENCE, 1.0)
            while self.open:
                self.answer(0)
            self.carry_up(len(self.up))
            self.wait(8.0)
            self.carry_down(len(self.down))
            while self.playing is not None and self.playing.store.closed:
                self.play(60.0)
            waits = any(reply.settled is None for reply in self.seen.values())
            quiet = 0 if waits or self.open or self.playing is not None else quiet + 1
        waiting = [reply for reply in self.seen.values() if reply.settled is None]
        raise AssertionError(f"it goes on for ever: {waiting}")
