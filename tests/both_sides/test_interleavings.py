"""Client and simulator, driven through any interleaving of what can happen.

Messages of each direction stay in order, as on a socket; everything else is free.
"""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from voxpipe.processors.realtime.config.turn_detection import TurnDetection
from voxpipe.processors.realtime.protocol.item_edits import Act
from voxpipe.simulator.service.conversation.items import Item

from .line import SILENCE, VOICE, Telephone


class Interleavings(RuleBasedStateMachine):
    """A call in which everybody does what they like, when they like."""

    call: Telephone

    @initialize(
        turn_detection=st.sampled_from(["server", "semantic", "local", "manual"])
    )
    def dial(self, turn_detection: TurnDetection) -> None:
        self.call = Telephone(turn_detection=turn_detection)
        self.outcomes: dict[int, Any] = {}

    # --- the wire and the clock

    @rule(count=st.integers(1, 20))
    def carry_up(self, count: int) -> None:
        self.call.carry_up(count)

    @rule(count=st.integers(1, 20))
    def carry_down(self, count: int) -> None:
        self.call.carry_down(count)

    @rule(seconds=st.sampled_from([0.01, 0.1, 0.5, 2.0]))
    def wait(self, seconds: float) -> None:
        self.call.wait(seconds)

    @rule(steps=st.integers(1, 8), played=st.sampled_from([0.0, 0.2]))
    def go_on(self, steps: int, played: float) -> None:
        """All goes its way for a while, and the caller listens."""
        for _ in range(steps):
            self.call.wait(0.2)
            self.call.carry_up(len(self.call.up))
            self.call.carry_down(len(self.call.down))
            self.call.play(played)

    @rule()
    def be_asked_and_answer(self) -> None:
        """The caller says something, and the answer begins."""
        self.call.speak(VOICE, 0.6)
        self.call.speak(SILENCE, 0.8)
        self.call.client.end_turn(self.call.now)
        self.call.collect()
        self.go_on(steps=4, played=0.1)

    # --- the caller

    @rule(seconds=st.sampled_from([0.1, 0.3, 0.6, 1.0]))
    def speak(self, seconds: float) -> None:
        self.call.speak(VOICE, seconds)

    @rule(seconds=st.sampled_from([0.3, 0.8]))
    def fall_silent(self, seconds: float) -> None:
        self.call.speak(SILENCE, seconds)

    @rule(seconds=st.sampled_from([0.05, 0.3, 1.0, 10.0]))
    def play(self, seconds: float) -> None:
        self.call.play(seconds)

    @rule()
    def end_turn(self) -> None:
        self.call.client.end_turn(self.call.now)
        self.call.collect()

    # --- the program

    @rule(options=st.sampled_from([{}, {"instructions": "Say exactly: 'Hello.'"}]))
    def ask(self, options: dict[str, Any]) -> None:
        self.call.ask(**options)

    @rule()
    def ask_aside(self) -> None:
        self.call.ask(conversation="none", output_modalities=["text"], tools=[])

    @rule(text=st.sampled_from(["Hello?", "What do you see?"]))
    def type_in(self, text: str) -> None:
        self.call.client.send("conversation.item.create", item=message(text))
        self.call.collect()

    @rule()
    def interrupt(self) -> None:
        self.call.client.interrupt(self.call.now)
        self.call.collect()

    @precondition(lambda self: self.call.playing is not None)
    @rule()
    def cut(self) -> None:
        playing = self.call.playing
        assert playing is not None
        playing.turn.cut()
        self.call.collect()

    @precondition(lambda self: bool(self.call.open))
    @rule(index=st.integers(0, 9))
    def answer(self, index: int) -> None:
        self.call.answer(index)

    @rule(after=st.none() | st.just("root") | st.integers(0, 99))
    def create_item(self, after: str | int | None) -> None:
        entries = list(self.call.client.history)
        if isinstance(after, int):
            after = entries[after % len(entries)].item_id if entries else None
        item_id = f"item_{len(self.call.edits)}"
        fields = {} if after is None else {"previous_item_id": after}
        item = message("Look!") | {"id": item_id}
        self.call.edit("create", item_id, item=item, **fields)

    @precondition(lambda self: len(self.call.client.history) > 0)
    @rule(act=st.sampled_from(["retrieve", "delete"]), index=st.integers(0, 99))
    def edit_item(self, act: Act, index: int) -> None:
        entries = list(self.call.client.history)
        self.call.edit(act, entries[index % len(entries)].item_id)

    @precondition(lambda self: bool(self.call.spoken))
    @rule(index=st.integers(0, 99), ms=st.sampled_from([0, 1, 200, 99_999]))
    def truncate_item(self, index: int, ms: int) -> None:
        ids = self.call.spoken
        fields = {"content_index": 0, "audio_end_ms": ms}
        self.call.edit("truncate", ids[index % len(ids)], **fields)

    # --- what always holds

    @invariant()
    def every_request_has_one_outcome(self) -> None:
        for key, reply in self.call.seen.items():
            if reply.settled is not None:
                first = self.outcomes.setdefault(key, reply.settled)
                assert reply.settled is first

    @invariant()
    def nothing_of_a_cut_reply_can_be_played(self) -> None:
        for reply in self.call.seen.values():
            assert not reply.turn.is_cut or not len(reply.store)

    @invariant()
    def no_call_is_answered_twice(self) -> None:
        assert set(self.call.results.values()) <= {1}

    def teardown(self) -> None:
        """All ends are tied up, and both sides know the same conversation."""
        if not hasattr(self, "call"):
            return
        call = self.call
        call.settle()
        service = call.items
        client = list(call.client.history)
        assert [e.item_id for e in client] == [i.id for i in service]
        calls = [i for i in service if i.type == "function_call"]
        whole = [i.call["call_id"] for i in calls if i.status == "completed"]
        assert {call_id: call.results[call_id] for call_id in whole} == dict.fromkeys(
            whole, 1
        )
        edited = {edit.item_id for edit in call.edits if edit.act == "truncate"}
        assert all(edit._answered.is_set() for edit in call.edits)  # pyright: ignore[reportPrivateUsage]  # the loop that would wait is not running
        for entry, item in zip(client, service, strict=True):
            if entry.played is None:
                assert entry.text == said(item)
            elif item.speech is not None and item.id not in edited:
                assert abs(item.speech.ms - call.played[item.id] * 1000) <= 1


def message(text: str) -> dict[str, Any]:
    content = [{"type": "input_text", "text": text}]
    return {"type": "message", "role": "user", "content": content}


def said(item: Item) -> str:
    """What the service has written down of an item."""
    if item.type == "function_call":
        return str(item.call["arguments"])
    if item.type == "function_call_output":
        return str(item.call["output"])
    return " ".join(part.text or "" for part in item.content)


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(
    max_examples=50,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    # A shorter story would take minutes to find; the one that failed is told whole.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
