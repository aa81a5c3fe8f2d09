"""Replies, and what becomes of them when they are cut."""

from __future__ import annotations

import pytest

from voxpipe.pipeline import PlayedItem, TurnError
from voxpipe.processors.realtime import ServerVad
from voxpipe.processors.realtime.protocol.response import Response
from voxpipe.processors.realtime.protocol.responses import MAX_REMEMBERED
from voxpipe.processors.realtime.protocol.store import STORE_SECONDS

from ..bench import CANCEL, CREATE, DELETE, TRUNCATE, Bench, Json, kinds, outcome


def truncated(bench: Bench) -> list[tuple[str, int]]:
    return [(o["item_id"], o["audio_end_ms"]) for o in bench.sent(TRUNCATE)]


def deleted(bench: Bench) -> list[str]:
    return [order["item_id"] for order in bench.sent(DELETE)]


# --- cut at every point of its life


def test_cut_before_it_was_asked_for() -> None:
    bench = Bench(turn_detection="local")
    first, second = bench.asks(), bench.asks()
    second.turn.cut()
    bench.created(of=first)
    bench.done()
    assert outcome(second) == ("cancelled", "cut before it was asked for")
    assert len(bench.sent(CREATE)) == 1


def test_cut_between_asking_and_creation() -> None:
    bench = Bench(turn_detection="local")
    reply = bench.asks()
    bench.starts()
    assert reply.turn.is_cut
    bench.created(of=reply)
    bench.sound("resp_1", "item_a", 0.5)
    bench.done(status="cancelled", status_details={"reason": "client_cancelled"})
    assert kinds(bench.sent()) == [CREATE, CANCEL]
    assert bench.spoken == []
    assert outcome(reply) == ("cancelled", "client_cancelled")


def test_cut_before_the_first_delta() -> None:
    bench = Bench(turn_detection="local")
    bench.created()
    bench.starts()
    assert kinds(bench.sent()) == [CANCEL]
    assert [i.items for i in bench.interruptions] == [()]


def test_cut_after_the_item_began_and_before_its_audio() -> None:
    bench = Bench(turn_detection="local")
    bench.created()
    bench.item("resp_1", "item_a")
    bench.words("resp_1", "item_a", "Good eve")
    bench.starts()
    assert kinds(bench.sent()) == [CANCEL, DELETE]
    assert deleted(bench) == ["item_a"]
    assert len(bench.conversation.history) == 0


def test_an_item_that_slips_in_after_the_cut_is_deleted() -> None:
    bench = Bench(turn_detection="local")
    bench.created()
    bench.starts()
    bench.item("resp_1", "item_a")
    bench.sound("resp_1", "item_a", 0.25)
    bench.item_done("resp_1", "item_a", "Good")
    item = {"id": "item_a", "type": "message", "role": "assistant"}
    bench.says("conversation.item.done", item=item)
    bench.done(status="cancelled")
    assert deleted(bench) == ["item_a"]
    assert [e.item_id for e in bench.conversation.history] == []
    assert not any(t.text for t in bench.transcripts)


def test_cut_in_the_middle_of_its_audio() -> None:
    bench = Bench(turn_detection="local")
    bench.created()
    bench.item("resp_1", "item_a")
    bench.words("resp_1", "item_a", "one two three four")
    bench.sound("resp_1", "item_a", 2.0)
    (reply,) = bench.spoken
    bench.plays(reply, 1.0)
    bench.starts()
    assert kinds(bench.sent()) == [CANCEL, TRUNCATE]
    assert truncated(bench) == [("item_a", 1000)]
    (interruption,) = bench.interruptions
    assert interruption.cut is reply.turn
    assert interruption.items == (PlayedItem("item_a", 0, 2.0, 1.0, "measured"),)
    last = bench.transcripts[-1]
    assert (last.text, last.played) == ("one two three four", "one two")
    (entry,) = bench.conversation.history
    assert (entry.text, entry.played) == ("one two three four", "one two")


def test_cut_after_it_was_made_and_while_it_is_still_played() -> None:
    bench = Bench(turn_detection="local")
    bench.created()
    bench.speaks("resp_1", "item_a", "one two three four", 2.0)
    bench.done()
    (reply,) = bench.spoken
    bench.plays(reply, 0.5)
    bench.starts()
    assert kinds(bench.sent()) == [TRUNCATE]  # there is nothing to cancel
    assert truncated(bench) == [("item_a", 500)]
    assert outcome(reply) == ("completed", "")


def test_what_was_heard_to_its_end_cannot_be_cut() -> None:
    bench = Bench(turn_detection="local")
    bench.created()
    bench.speaks("resp_1", "item_a", "one two", 1.0)
    bench.done()
    (reply,) = bench.spoken
    bench.plays(reply, 1.0)
    reply.all_left()
    reply.turn.finish()
    bench.starts()
    assert bench.sent() == []
    assert bench.interruptions == []
    assert bench.spoken == []


def test_cut_twice_is_cut_once() -> None:
    bench = Bench(turn_detection="local")
    bench.created()
    bench.sound("resp_1", "item_a", 1.0)
    (reply,) = bench.spoken
    bench.plays(reply, 0.5)
    bench.starts()
    bench.starts()
    bench.conversation.interrupt(bench.now)
    reply.turn.cut()
    assert kinds(bench.sent()) == [CANCEL, TRUNCATE]
    assert len(bench.interruptions) == 1


def test_cut_while_it_writes_the_arguments_of_a_call() -> None:
    bench = Bench(turn_detection="local")
    bench.created()
    call: Json = {"id": "item_c", "type": "function_call", "name": "look"}
    bench.says("response.output_item.added", response_id="resp_1", item=call)
    where = {"response_id": "resp_1", "item_id": "item_c", "call_id": "call_1"}
    bench.says("response.function_call_arguments.delta", **where, delta='{"a"')
    bench.starts()
    bench.calls("resp_1", "call_1", status="incomplete")
    bench.done(status="cancelled")
    assert kinds(bench.sent()) == [CANCEL]
    assert bench.tool_calls == []


def test_cut_after_its_calls_were_sent() -> None:
    bench = Bench(turn_detection="local")
    bench.created()
    bench.calls("resp_1", "call_1")
    bench.starts()
    bench.done(status="cancelled")
    bench.result("call_1")
    assert kinds(bench.sent()) == [CANCEL, "conversation.item.create"]


# --- who cuts it


def test_the_service_that_interrupts_by_itself_need_not_be_told_to_cancel() -> None:
    bench = Bench()
    bench.created()
    bench.item("resp_1", "item_a")
    bench.sound("resp_1", "item_a", 2.0)
    (reply,) = bench.spoken
    bench.plays(reply, 1.25)
    bench.started()
    bench.sound("resp_1", "item_a", 0.25)  # in flight already
    bench.done(status="cancelled", status_details={"reason": "turn_detected"})
    assert kinds(bench.sent()) == [TRUNCATE]
    assert truncated(bench) == [("item_a", 1250)]
    assert reply.turn.generated == 2.0
    assert outcome(reply) == ("cancelled", "turn_detected")


def test_a_reply_asked_for_before_the_caller_spoke_gives_way() -> None:
    bench = Bench()
    reply = bench.asks()
    bench.started()  # which crossed with the wish
    bench.created(of=reply)
    assert kinds(bench.sent()) == [CREATE, CANCEL]


def test_a_service_that_does_not_interrupt_goes_on_speaking() -> None:
    bench = Bench(turn_detection=ServerVad(interrupts=False))
    bench.created()
    bench.sound("resp_1", "item_a", 2.0)
    bench.started()
    (reply,) = bench.spoken
    assert not reply.turn.is_cut
    bench.stopped()
    bench.sound("resp_1", "item_a", 1.0)
    assert reply.turn.generated == 3.0


def test_a_reply_that_the_service_cancels_is_cut_here_too() -> None:
    bench = Bench()
    bench.created()
    bench.sound("resp_1", "item_a", 2.0)
    (reply,) = bench.spoken
    bench.plays(reply, 1.0)
    bench.done(status="cancelled")
    assert reply.turn.is_cut
    assert kinds(bench.sent()) == [TRUNCATE]


def test_whoever_cuts_the_turn_the_service_is_told() -> None:
    bench = Bench()
    bench.created()
    bench.sound("resp_1", "item_a", 2.0)
    (reply,) = bench.spoken
    bench.plays(reply, 1.0)
    reply.turn.cut()  # as a phone does whose caller has hung up
    assert kinds(bench.sent()) == [CANCEL, TRUNCATE]
    assert len(bench.interruptions) == 1
    assert bench.over == 1


# --- what is taken back


def test_of_several_messages_the_heard_stay_and_the_unheard_go() -> None:
    bench = Bench(turn_detection="local")
    bench.created()
    bench.speaks("resp_1", "item_a", "One moment.", 1.0)
    bench.speaks("resp_1", "item_b", "a b c d", 2.0)
    bench.speaks("resp_1", "item_c", "And more.", 1.0)
    bench.item("resp_1", "item_d")
    (reply,) = bench.spoken
    bench.plays(reply, 2.0)
    bench.starts()
    assert kinds(bench.sent()) == [CANCEL, TRUNCATE, DELETE, DELETE]
    assert truncated(bench) == [("item_b", 1000)]
    assert deleted(bench) == ["item_c", "item_d"]
    assert [(e.item_id, e.played) for e in bench.conversation.history] == [
        ("item_a", None),
        ("item_b", "a b"),
    ]
    assert [t.played for t in bench.transcripts if t.played is not None] == ["a b", ""]


def test_an_unfinished_item_is_cut_even_if_all_that_came_was_heard() -> None:
    bench = Bench(turn_detection="local")
    bench.created()
    bench.item("resp_1", "item_a")
    bench.sound("resp_1", "item_a", 0.58)
    (reply,) = bench.spoken
    bench.plays(reply, 0.58)
    bench.starts()  # the service may have made more by now
    assert truncated(bench) == [("item_a", 580)]


def test_parts_of_a_message_are_cut_one_by_one() -> None:
    bench = Bench(turn_detection="local")
    bench.created()
    bench.item("resp_1", "item_a")
    bench.words("resp_1", "item_a", "a b", part=0)
    bench.sound("resp_1", "item_a", 1.0, part=0)
    bench.words("resp_1", "item_a", "c d", part=1)
    bench.sound("resp_1", "item_a", 1.0, part=1)
    bench.item_done("resp_1", "item_a")
    (reply,) = bench.spoken
    bench.plays(reply, 1.0)
    bench.starts()
    # The part that was not heard cannot be cut to 0 ms, nor deleted with the other.
    assert [(o["content_index"], o["audio_end_ms"]) for o in bench.sent(TRUNCATE)] == [
        (1, 1)
    ]
    (entry,) = bench.conversation.history
    assert (entry.text, entry.played) == ("a b c d", "a b")


def test_nothing_is_taken_back_where_no_sink_tells_what_was_played() -> None:
    bench = Bench(turn_detection="local")
    bench.created()
    bench.speaks("resp_1", "item_a", "one two", 1.0)
    (reply,) = bench.spoken
    reply.take(0.0)  # for a reader that is no sink
    bench.starts()
    assert kinds(bench.sent()) == [CANCEL]


def test_replies_without_an_ear_are_not_cut_when_they_are_long_gone() -> None:
    bench = Bench(turn_detection="local")
    for number in range(3):
        bench.created(f"resp_{number}")
        bench.speaks(f"resp_{number}", f"item_{number}", "words", 1.0)
        bench.done(f"resp_{number}")
        reply = bench.spoken[-1]
        reply.turn.timings.first_sent = 0.0
        reply.all_left()
    bench.starts()
    assert bench.sent() == []
    assert bench.interruptions == []
    assert bench.spoken == []


def test_written_words_that_are_cut_stay() -> None:
    bench = Bench(output="text", turn_detection="local")
    bench.created()
    bench.item("resp_1", "item_a")
    where = {"response_id": "resp_1", "item_id": "item_a"}
    bench.says("response.output_text.delta", **where, delta="Good eve")
    bench.starts()
    assert kinds(bench.sent()) == [CANCEL]


def test_late_deltas_of_a_cut_reply_say_nothing() -> None:
    bench = Bench(turn_detection="local")
    bench.created()
    bench.sound("resp_1", "item_a", 1.0)
    (reply,) = bench.spoken
    bench.plays(reply, 0.5)
    bench.starts()
    told = len(bench.transcripts)
    bench.sound("resp_1", "item_a", 1.0)
    bench.words("resp_1", "item_a", "late")
    bench.item_done("resp_1", "item_a", "late words")
    assert len(reply.store) == 0
    assert reply.turn.generated == 1.0
    assert len(bench.transcripts) == told


def test_a_reply_after_an_interruption_is_another() -> None:
    bench = Bench(turn_detection="local")
    bench.created("resp_1")
    bench.sound("resp_1", "item_a", 1.0)
    bench.starts()
    bench.created("resp_2")
    bench.sound("resp_1", "item_a", 1.0)
    bench.sound("resp_2", "item_b", 0.5)
    (reply,) = bench.spoken
    assert reply.id == "resp_2"
    assert reply.turn.generated == 0.5


# --- holding


def test_a_reply_that_the_service_interrupts_cannot_be_held() -> None:
    bench = Bench()
    bench.created()
    (reply,) = bench.spoken
    with pytest.raises(TurnError, match=r"ServerVad\(interrupts=False\)"):
        reply.turn.hold()


@pytest.mark.parametrize(
    "turn_detection", ["local", "manual", ServerVad(interrupts=False)]
)
async def test_other_replies_can_be_held(turn_detection: object) -> None:
    bench = Bench(turn_detection=turn_detection)
    bench.created()
    (reply,) = bench.spoken
    reply.turn.hold()
    assert reply.turn.state == "held"


# --- bounds


def test_a_reply_far_ahead_of_the_ear_is_cut_short_and_played() -> None:
    bench = Bench()
    reply = bench.asks()
    bench.created(of=reply)
    bench.item("resp_1", "item_a")
    for _ in range(13):
        bench.sound("resp_1", "item_a", 10.0)
    assert reply.store.seconds == STORE_SECONDS
    assert reply.turn.generated == STORE_SECONDS
    assert not reply.turn.is_cut
    assert kinds(bench.sent()) == [CREATE, CANCEL]
    assert len(bench.faults) == 1
    bench.done(status="cancelled")
    assert not reply.turn.is_cut
    assert outcome(reply) == ("incomplete", "it ran more than 120 s ahead of the ear")
    bench.plays(reply, STORE_SECONDS)
    reply.all_left()
    reply.turn.finish()
    # The service had made more than was stored, and nobody heard that.
    assert truncated(bench) == [("item_a", 120_000)]


def test_a_reply_that_nobody_plays_is_not_kept_for_ever() -> None:
    bench = Bench()
    replies: list[Response] = []
    for number in range(3 * MAX_REMEMBERED):
        bench.created(f"resp_{number}")
        bench.sound(f"resp_{number}", "item", 0.1)
        replies.append(bench.spoken[-1])
        bench.done(f"resp_{number}")
    assert len(bench.spoken) <= MAX_REMEMBERED + 1
    assert replies[0].turn.is_cut


def test_every_reply_has_an_outcome_even_if_the_service_forgets_it() -> None:
    bench = Bench()
    forgotten = bench.asks()
    bench.created("resp_0", of=forgotten)
    for number in range(1, MAX_REMEMBERED + 1):
        bench.created(f"resp_{number}")
    assert outcome(forgotten) == (
        "failed",
        f"{MAX_REMEMBERED} replies have begun since",
    )
