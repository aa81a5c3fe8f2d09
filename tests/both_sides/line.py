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
    Turn,
)
from voxpipe.pipeline.turn import Basis
from voxpipe.processors.realtime import Reply, Settings
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.config.turn_detection import TurnDetection
from voxpipe.processors.realtime.protocol.conversation import Conversation
from voxpipe.processors.realtime.protocol.item_edits import Act, ItemEdit
from voxpipe.processors.realtime.shell.sender import encode
from voxpipe.simulator import CallTool, Line, Script, Timing
from voxpipe.simulator.service.conversation.items import Item
from voxpipe.simulator.service.machine import Machine

from ..processors.realtime.call import speech

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


class Ear:
    """Plays what is taken out of a reply, as fast as it is told to."""

    def __init__(self) -> None:
        self.edits: list[ItemEdit] = []
        self.heard: dict[Turn, float] = {}

    def position(self, turn: Turn) -> tuple[float, Basis]:
        return self.heard[turn], "measured"


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
        heard: seconds that were heard of each item of a reply that was cut.
        faults: what the client reported.
    """

    def __init__(self, turn_detection: TurnDetection) -> None:
        self.now = self._spoken = 0.0
        self._turns = turn_detection
        self.faults: list[str] = []
        settings = Settings(turn_detection=turn_detection, tools=TOOLS)
        self.client = Conversation(settings, self.faults.append)
        self.service = Machine(
            "realtime", "gpt-realtime-2.1", SCRIPT, now=0.0, today=0, seed=1
        )
        self.up: deque[str] = deque()
        self.down: deque[str] = deque()
        self.asked: list[Reply] = []
        self.seen: dict[int, Reply] = {}
        self.open: list[ToolCall] = []
        self.results: Counter[str] = Counter()
        self.edits: list[ItemEdit] = []
        self.heard: dict[str, float] = {}
        self._ear = Ear()
        session = {"type": "realtime", **settings.to_wire()}
        self.service.receive(
            json.dumps({"type": "session.update", "session": session}), 0
        )
        self.collect()
        self.carry_down(len(self.down))

    @property
    def items(self) -> list[Item]:
        """The conversation as the service has it."""
        return list(self.service._session.conversation)  # pyright: ignore[reportPrivateUsage]  # it shows itself by events only

    # --- the wire

    def collect(self) -> None:
        """Put on the wire what both sides have to send."""
        for words in self.service.speeches():
            seconds = 0.06 * len(words.text)
            self.service.spoken(words, PCM_24K.silence(seconds), self.now)
        self.down.extend(json.dumps(event) for event in self.service.outgoing())
        outbox = self.client.outbox
        self.up.extend(encode(outbox.popleft()) for _ in range(len(outbox)))
        for _ in range(len(self.client.news)):
            _, frame = self.client.news.popleft()
            if isinstance(frame, ToolCall):
                self.open.append(frame)
            elif isinstance(frame, Interruption):
                for item in frame.items:
                    key = item.item_id
                    self.heard[key] = self.heard.get(key, 0.0) + item.played
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
        """Time goes by on both sides."""
        end = self.now + seconds
        while (due := self.service.next_timer) is not None and due <= end:
            self.now = max(self.now, due)
            self.service.advance(self.now)
            self.collect()
        self.now = end
        self.client.pump(self.now)
        self.collect()

    # --- the caller and the program

    def speak(self, frame: AudioFrame, seconds: float) -> None:
        """The caller says something, or nothing, for a while."""
        marked = self._turns == "local" and frame is VOICE
        if marked:
            self.client.mark(SpeechStarted(at=self._spoken), self.now)
        for _ in range(round(seconds / FRAME)):
            self.client.hear(frame, self.now)
            self._spoken += FRAME
            self.wait(FRAME)
        if marked:
            self.client.mark(SpeechStopped(at=self._spoken), self.now)
        self.collect()

    def ask(self, **options: Any) -> Reply:
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
    def playing(self) -> Reply | None:
        """The reply that is to be played now."""
        for reply in self.client.spoken:
            if not reply.ended and not reply.turn.is_over:
                return reply
        return None

    def play(self, seconds: float) -> None:
        """The caller's ear plays so much more of a reply, if it is there."""
        reply = self.playing
        if reply is None:
            return
        turn = reply.turn
        while reply.store.take() is not None:
            assert not turn.is_cut, "audio of a cut reply came out"
        if not turn.has_ear:
            turn.timings.first_sent = self.now
            self._ear.heard[turn] = 0.0
            turn.playing_on(self._ear)
        heard = min(turn.generated, self._ear.heard[turn] + seconds)
        self._ear.heard[turn] = heard
        turn.note_played(heard, "measured")
        if reply.store.closed and heard == turn.generated:
            reply.ended = True
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
