"""Calls that stay open while the conversation goes on."""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal

from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import ToolUpdate
from voxpipe.processors.realtime.protocol.response import Response

from ..bench import CREATE, TOOLS, Bench, Json

RESULT = "conversation.item.create"
Kind = Literal["filler", "progress", "sentence", "detached"]


class Desk(Bench):
    """A bench with tools at work."""

    def __init__(self) -> None:
        super().__init__(tools=TOOLS)

    def tells(self, call_id: str, kind: Kind, text: str = "", **when: float) -> None:
        """A tool tells of its work."""
        update = ToolUpdate(call_id=call_id, kind=kind, text=text, **when)
        self.conversation.add_result(update, self.now)

    def called(self, *call_ids: str, id: str = "resp_1") -> None:
        """A reply that only calls."""
        self.created(id)
        for call_id in call_ids:
            self.calls(id, call_id)
        self.done(id)

    def user_says(self, item: str) -> None:
        """The caller's words are an item."""
        body: Json = {"id": item, "type": "message", "role": "user", "content": []}
        for kind in ("added", "done"):
            self.says(f"conversation.item.{kind}", item=body, previous_item_id=None)

    def confirms(self, call_id: str) -> None:
        """The service has a result."""
        kind = "function_call_output"
        body: Json = {"id": f"item_{call_id}_out", "type": kind, "call_id": call_id}
        for event in ("added", "done"):
            self.says(f"conversation.item.{event}", item=body, previous_item_id=None)

    @property
    def asked(self) -> list[str]:
        """The instructions of all replies that were asked for."""
        orders = self.sent(CREATE)
        return [each["response"].get("instructions", "") for each in orders]

    @property
    def answered(self) -> Counter[str]:
        """How often each call was answered."""
        orders = (each["item"] for each in self.sent(RESULT))
        return Counter(item["call_id"] for item in orders if "call_id" in item)

    def takes_up(self, id: str, *, cancelled: bool = False) -> None:
        """The service makes what was asked for last."""
        metadata = self.sent(CREATE)[-1]["response"]["metadata"]
        self.says("response.created", response={"id": id, "metadata": metadata})
        self.done(id, "cancelled" if cancelled else "completed")


# --- what is said meanwhile


def test_a_filler_waits_for_its_seconds_of_silence() -> None:
    desk = Desk()
    desk.called("call_1")
    desk.tells("call_1", "filler", "One moment.", after=2.0)
    desk.waits(1.9)
    assert desk.asked == []
    desk.waits(0.1)
    assert len(desk.asked) == 1
    assert "One moment." in desk.asked[0]


def test_nothing_is_said_while_the_caller_speaks() -> None:
    desk = Desk()
    desk.called("call_1")
    desk.tells("call_1", "filler", "One moment.", after=2.0)
    desk.waits(1.9)
    desk.started()
    desk.waits(5)
    assert desk.asked == []


def test_the_wait_begins_anew_when_a_reply_has_been_heard() -> None:
    desk = Desk()
    desk.created()
    desk.speaks("resp_1", "item_1", "I will look.", 1.0)
    desk.calls("resp_1", "call_1")
    desk.done()
    (reply,) = desk.spoken
    desk.plays(reply, 0.5)
    desk.tells("call_1", "filler", "One moment.", after=2.0)
    desk.waits(10)
    assert desk.asked == []
    reply.turn.finish()
    desk.waits(0)
    desk.waits(1.9)
    assert desk.asked == []
    desk.waits(0.1)
    assert len(desk.asked) == 1


def test_a_newer_report_takes_the_place_of_one_that_waits() -> None:
    desk = Desk()
    desk.called("call_1")
    desk.started()
    desk.tells("call_1", "progress", "a third")
    desk.tells("call_1", "progress", "two thirds")
    desk.stopped()
    desk.waits(6)  # no reply comes
    assert len(desk.asked) == 1
    assert "two thirds" in desk.asked[0]
    assert "no order to you" in desk.asked[0]


def test_a_filler_that_is_not_begun_makes_room_for_the_result() -> None:
    desk = Desk()
    desk.called("call_1")
    desk.tells("call_1", "filler", "One moment.")
    desk.result("call_1")
    desk.takes_up("resp_filler")
    assert [each["response_id"] for each in desk.sent("response.cancel")] == [
        "resp_filler"
    ]
    desk.waits(0)
    assert desk.asked[1:] == [""]


def test_nobody_is_kept_company_who_has_gone() -> None:
    desk = Desk()
    desk.called("call_1")
    desk.tells("call_1", "filler", "One moment.", after=2.0)
    desk.conversation.hang_up(desk.now)
    desk.waits(5)
    assert desk.asked == []


def test_news_of_a_call_that_is_not_open_is_a_fault() -> None:
    desk = Desk()
    desk.tells("call_1", "filler", "One moment.")
    desk.waits(5)
    assert desk.asked == []
    assert len(desk.faults) == 1


# --- results that come late


def test_a_result_that_the_next_reply_can_use_asks_for_none_of_its_own() -> None:
    desk = Desk()
    desk.called("call_1")
    desk.started()
    desk.stopped()
    desk.result("call_1")
    desk.confirms("call_1")
    desk.created("resp_2")
    desk.done("resp_2")
    desk.waits(10)
    assert desk.asked == []
    assert desk.answered == {"call_1": 1}


def test_a_result_that_comes_as_the_next_reply_begins_is_told_after_it() -> None:
    desk = Desk()
    desk.called("call_1")
    desk.started()
    desk.stopped()
    desk.result("call_1")
    desk.created("resp_2")  # the service did not have it yet
    desk.confirms("call_1")
    desk.done("resp_2")
    assert desk.asked == [""]


def test_a_result_that_a_cut_off_call_gives_too_late_is_told_by_itself() -> None:
    desk = Desk()
    desk.created()
    desk.speaks("resp_1", "item_1", "I will look.", 1.0)
    desk.calls("resp_1", "call_1")
    desk.done()
    (reply,) = desk.spoken
    desk.plays(reply, 0.5)
    desk.started()
    desk.stopped()
    desk.created("resp_2")  # answers the caller, and knows nothing yet
    desk.result("call_1")
    assert desk.asked == []
    desk.done("resp_2")
    assert desk.asked == [""]


def test_what_is_detached_holds_no_other_call_up() -> None:
    desk = Desk()
    desk.called("call_1", "call_2")
    desk.tells("call_1", "detached")
    desk.result("call_2")
    assert desk.asked == [""]
    desk.takes_up("resp_2")
    desk.result("call_1", "late")
    assert desk.asked == ["", ""]
    assert desk.answered == {"call_1": 1, "call_2": 1}


def test_a_call_that_was_detached_is_not_followed_up_before_its_result() -> None:
    desk = Desk()
    desk.called("call_1")
    desk.tells("call_1", "filler", "One moment.", after=2.0)
    desk.tells("call_1", "detached")
    desk.waits(10)
    assert desk.asked == []


def test_calls_tell_how_many_turns_the_caller_has_had() -> None:
    desk = Desk()
    desk.user_says("item_1")
    desk.created()
    desk.user_says("item_2")  # while the reply is made: it knows nothing of it
    desk.calls("resp_1", "call_1")
    desk.done()
    desk.called("call_2", id="resp_2")
    assert [each.caller_turns for each in desk.tool_calls] == [1, 2]


# --- whatever the order

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("call", "result", "result", "filler", "progress", "sentence"),
                *("detached", "started", "stopped", "interrupt", "wait", "take_up"),
                *("own reply", "cut", "twice"),
            ]
        ),
        st.integers(0, 3),
    ),
    max_size=40,
)


class Chance(Desk):
    """Does what hypothesis says, as far as a service could."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.number = 0
        self.taken = 0

    def step(self, what: str, which: int) -> None:
        """One thing happens."""
        self.number += 1
        call_id = self.open[which % len(self.open)] if self.open else "nobody"
        match what:
            case "call":
                names = [f"call_{self.number}_{n}" for n in range(which)]
                self.called(*names, id=f"resp_{self.number}")
                self.open += names
            case "result" | "twice":
                if self.open:
                    self.open.remove(call_id)
                    for _ in range(1 if what == "result" else 2):
                        self.result(call_id)
            case "filler" | "progress" | "sentence" | "detached":
                self.tells(call_id, what, "words", after=float(which))
            case "started":
                self.started()
            case "stopped":
                self.stopped()
            case "interrupt":
                self.conversation.interrupt(self.now)
            case "take_up":
                self.serve()
            case "own reply":
                self.created(f"resp_{self.number}")
                self.done(f"resp_{self.number}")
            case "cut":
                for reply in self.spoken:
                    reply.turn.cut()
            case _:
                self.waits(float(which))

    def serve(self) -> None:
        """The service makes whatever it was asked for and has not made."""
        orders = self.sent(CREATE)
        for order in orders[self.taken :]:
            self.taken += 1
            response: Any = {
                "id": f"resp_asked_{self.taken}",
                "metadata": order["response"]["metadata"],
            }
            self.says("response.created", response=response)
            self.done(response["id"])


@given(STEPS)
def test_each_call_is_answered_once_whatever_happens(
    steps: list[tuple[str, int]],
) -> None:
    desk = Chance()
    for what, which in steps:
        desk.step(what, which)
        pending = desk.conversation.arbiter.asked
        assert pending is None or isinstance(pending, Response)
    for call_id in desk.open:
        desk.result(call_id)
    desk.stopped()
    for _ in range(20):  # all that is wished for is made
        desk.waits(6.0)
        desk.serve()
    calls = [each.call_id for each in desk.tool_calls]
    assert desk.answered == Counter(calls)
    assert not desk.conversation._tools.any_open  # pyright: ignore[reportPrivateUsage] - the promise
    plain = [each for each in desk.asked if not each]
    assert len(plain) <= len(calls)  # no result is told twice
    assert desk.conversation.due is None  # and nothing more will be said
