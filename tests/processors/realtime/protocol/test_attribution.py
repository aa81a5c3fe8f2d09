"""Which reply of ours a response is, though the service does not say so."""

from __future__ import annotations

from voxpipe.processors.realtime.protocol.arbiter import TAKE_UP_TIMEOUT

from ..bench import CANCEL, Bench, outcome

UNKNOWN = "response.output_audio.delta: expected a known reply's, got another"
LOST = "the beginning of a reply was not told"


def test_what_goes_on_is_the_reply_that_was_asked_for() -> None:
    bench = Bench(turn_detection="manual")
    reply = bench.asks()
    bench.speaks("resp_1", "item_a", "Good evening.", 0.5)
    bench.done()
    assert bench.spoken == [reply]
    assert reply.turn.generated == 0.5
    assert outcome(reply) == ("completed", "")
    assert bench.faults == [LOST]
    assert [start.of_turn for start in bench.told("turns")] == [reply.turn]


def test_it_begins_with_its_audio_if_all_before_that_was_lost() -> None:
    bench = Bench(turn_detection="manual", response_timeout=30.0)
    reply = bench.asks()
    bench.sound("resp_1", "item_a", 0.5)
    assert reply.turn.generated == 0.5
    bench.waits(31.0)  # it is looked after as any other
    assert [order["response_id"] for order in bench.sent(CANCEL)] == ["resp_1"]


def test_it_is_the_reply_that_the_service_begins_by_itself() -> None:
    bench = Bench()
    bench.started()
    bench.stopped()
    bench.speaks("resp_1", "item_a", "Good evening.", 0.5)
    (reply,) = bench.spoken
    assert (reply.options, reply.turn.generated) == (None, 0.5)


def test_one_that_was_cut_before_it_began_is_cancelled() -> None:
    bench = Bench(turn_detection="manual")
    bench.asks()
    bench.conversation.interrupt(bench.now)
    bench.item("resp_1", "item_a")
    assert [order["response_id"] for order in bench.sent(CANCEL)] == ["resp_1"]
    assert bench.spoken == []


def test_an_aside_is_heard_by_the_program_only() -> None:
    bench = Bench(turn_detection="manual")
    aside = bench.asks(conversation="none")
    bench.speaks("resp_1", "item_a", "They like Rome.", 0.5)
    bench.done()
    assert (bench.spoken, aside.store.seconds) == ([], 0.5)
    assert outcome(aside) == ("completed", "")


def test_if_it_can_be_two_it_is_neither_until_one_has_begun() -> None:
    bench = Bench(turn_detection="manual")
    reply, aside = bench.asks(), bench.asks(conversation="none")
    bench.sound("resp_1", "item_a", 0.5)
    assert (bench.spoken, aside.store.seconds) == ([], 0.0)
    assert bench.faults == [UNKNOWN]
    bench.created("resp_2", of=aside)
    bench.sound("resp_1", "item_a", 0.5)
    assert bench.spoken == [reply]


def test_what_nobody_awaits_is_no_reply() -> None:
    bench = Bench(turn_detection="manual")
    bench.sound("resp_1", "item_a", 0.5)
    bench.item("resp_1", "item_a")
    assert (bench.spoken, bench.faults) == ([], [UNKNOWN])
    assert bench.conversation.arbiter.is_free


def test_a_beginning_that_is_told_late_is_known() -> None:
    bench = Bench(turn_detection="manual")
    reply = bench.asks()
    bench.item("resp_1", "item_a")
    bench.created("resp_1", of=reply)
    bench.sound("resp_1", "item_a", 0.5)
    assert bench.spoken == [reply]


def test_an_aside_that_has_lost_its_name_is_not_heard() -> None:
    bench = Bench(turn_detection="manual")
    aside = bench.asks(conversation="none")
    bench.says("response.created", response={"id": "resp_1", "conversation_id": None})
    bench.sound("resp_1", "item_a", 0.5)
    assert (bench.spoken, aside.store.seconds) == ([], 0.5)


def test_the_aside_of_another_client_is_not_heard() -> None:
    bench = Bench(turn_detection="manual")
    bench.says("response.created", response={"id": "resp_1", "conversation_id": None})
    bench.speaks("resp_1", "item_a", "They like Rome.", 0.5)
    assert (bench.spoken, bench.transcripts, bench.faults) == ([], [], [])
    assert bench.conversation.arbiter.is_free


def test_an_aside_that_was_given_up_takes_nothing_from_the_next() -> None:
    bench = Bench(turn_detection="manual")
    late = bench.asks(conversation="none")
    bench.waits(TAKE_UP_TIMEOUT)
    aside = bench.asks(conversation="none")
    metadata = {"voxpipe": late.request_id}
    told = {"id": "resp_1", "conversation_id": None, "metadata": metadata}
    bench.says("response.created", response=told)
    bench.created("resp_2", of=aside)
    bench.sound("resp_2", "item_b", 0.5)
    assert aside.store.seconds == 0.5
    assert [order["response_id"] for order in bench.sent(CANCEL)] == ["resp_1"]
