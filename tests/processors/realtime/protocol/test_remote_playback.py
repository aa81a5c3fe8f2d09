"""Replies that the service plays itself: what is known of them, and what is ordered."""

from __future__ import annotations

from typing import Any

import pytest
from anyio import current_time, sleep
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import Dtmf, TurnError
from voxpipe.pipeline.testing import run_virtual
from voxpipe.processors.realtime import ServerVad
from voxpipe.processors.realtime.protocol.remote_playback import PLAY_TIMEOUT
from voxpipe.processors.realtime.protocol.response import Response

from ..bench import CANCEL, COMMIT, CREATE, DELETE, TRUNCATE, Bench, Json, kinds

CLEAR = "output_audio_buffer.clear"
TEN_WORDS = "one two three four five six seven eight nine ten"


def spent(audio: int) -> Json:
    """What a reply has used: 20 of these tokens are a second."""
    return {
        "input_token_details": {"text_tokens": 10},
        "output_token_details": {"text_tokens": 12, "audio_tokens": audio},
    }


@pytest.fixture
def bench() -> Bench:
    """A conversation whose audio goes elsewhere."""
    return on_the_phone()


def on_the_phone(**settings: Any) -> Bench:
    return Bench(call_id="rtc_1", **settings)


def begins(
    bench: Bench, text: str = TEN_WORDS, *, of: Response | None = None
) -> Response:
    """A reply begins to sound."""
    bench.created(of=of)
    (reply,) = bench.spoken
    bench.item("resp_1", "item_a")
    bench.words("resp_1", "item_a", text)
    bench.says("output_audio_buffer.started", response_id="resp_1")
    return reply


def ends(bench: Bench, text: str = TEN_WORDS, audio: int = 100) -> None:
    """It has been made, and sounds on."""
    bench.item_done("resp_1", "item_a", text)
    bench.done(usage=spent(audio))


def state_of(reply: Response) -> str:
    return reply.turn.state


def test_a_reply_is_heard_when_the_service_says_that_it_has_ended(
    bench: Bench,
) -> None:
    asked = bench.asks()
    reply = begins(bench, of=asked)
    assert reply is asked
    assert state_of(reply) == "playing"
    ends(bench)
    assert reply.settled is not None
    assert state_of(reply) == "playing"  # made, and not yet heard
    assert reply.turn.generated == pytest.approx(5)
    bench.now = 5.2
    bench.says("output_audio_buffer.stopped", response_id="resp_1")
    assert state_of(reply) == "played"
    assert reply.turn.basis == "measured"
    assert reply.turn.played == pytest.approx(5)
    assert bench.conversation.responses.all_left
    assert kinds(bench.sent()) == ["response.create"]
    assert bench.interruptions == []


def test_what_sounds_is_followed_by_the_clock() -> None:
    async def conversation() -> None:
        bench = on_the_phone()
        bench.now = began = current_time()
        reply = begins(bench)
        await sleep(1.5)
        assert reply.turn.basis == "estimated"
        assert reply.turn.played == pytest.approx(1.5)
        ends(bench)
        await sleep(60)
        assert reply.turn.played == pytest.approx(5)  # no more than there is
        assert reply.turn.timings.first_played == began

    run_virtual(conversation)


def test_whoever_cuts_what_sounds_it_is_cut_where_it_is() -> None:
    async def conversation() -> None:
        bench = on_the_phone()
        bench.now = current_time()
        reply = begins(bench)
        ends(bench)
        await sleep(2.5)
        reply.turn.cut()
        await sleep(1.0)
        (cut,) = bench.interruptions
        assert cut.items[0].played == pytest.approx(2.5)
        assert kinds(bench.sent()) == [CLEAR]

    run_virtual(conversation)


def test_the_caller_interrupts_and_the_service_does_the_rest(bench: Bench) -> None:
    reply = begins(bench)
    ends(bench)
    bench.now = 2.5
    bench.started()
    assert reply.turn.is_cut
    (cut,) = bench.interruptions
    assert cut.items[0].played == pytest.approx(2.5)
    assert cut.items[0].generated == pytest.approx(5)
    bench.says("output_audio_buffer.cleared", response_id="resp_1")
    where = {"item_id": "item_a", "content_index": 0, "audio_end_ms": 2_000}
    bench.says("conversation.item.truncated", **where)
    assert bench.sent() == []
    assert len(bench.interruptions) == 1
    entry = bench.conversation.history.find("item_a")
    assert entry is not None
    assert entry.text == TEN_WORDS
    assert entry.played == "one two three four"  # 2.0 of 5 s, as the service measured


def test_an_interruption_before_the_reply_is_made_goes_by_its_words(
    bench: Bench,
) -> None:
    reply = begins(bench, "x" * 75)  # five seconds of speech
    bench.now = 1.0
    bench.started()
    (cut,) = bench.interruptions
    assert cut.items[0].played == pytest.approx(1)
    assert cut.items[0].generated == pytest.approx(5)
    assert reply.turn.is_cut
    assert bench.sent() == []


def test_the_program_interrupts_by_cancelling_and_clearing(bench: Bench) -> None:
    begins(bench)
    bench.now = 1.0
    bench.conversation.interrupt(bench.now)
    assert kinds(bench.sent()) == [CANCEL, CLEAR]
    assert bench.sent(TRUNCATE, DELETE) == []


def test_a_reply_that_is_made_is_only_cleared(bench: Bench) -> None:
    begins(bench)
    ends(bench)
    bench.conversation.interrupt(bench.now)
    assert kinds(bench.sent()) == [CLEAR]


def test_a_reply_that_does_not_sound_yet_is_only_cancelled(bench: Bench) -> None:
    bench.created()
    bench.item("resp_1", "item_a")
    bench.conversation.interrupt(bench.now)
    bench.item("resp_1", "item_b")  # slipped in
    assert kinds(bench.sent()) == [CANCEL]


def test_another_client_may_clear_a_reply(bench: Bench) -> None:
    reply = begins(bench)
    bench.says("output_audio_buffer.cleared", response_id="resp_1")
    assert reply.turn.is_cut
    assert len(bench.interruptions) == 1
    assert bench.sent() == []


def test_a_written_reply_is_over_when_it_is_made(bench: Bench) -> None:
    bench.created()
    (reply,) = bench.spoken
    where = {"response_id": "resp_1", "item_id": "item_a", "content_index": 0}
    bench.says("response.output_text.delta", **where, delta="yes")
    bench.done(usage=spent(0))
    assert reply.turn.state == "played"


def test_a_reply_that_has_sounded_before_its_end_was_told_is_over(
    bench: Bench,
) -> None:
    reply = begins(bench)
    bench.now = 3.0
    bench.says("output_audio_buffer.stopped", response_id="resp_1")
    assert reply.turn.state == "played"
    assert reply.turn.played == pytest.approx(3)
    ends(bench)
    assert reply.turn.played == pytest.approx(3)
    assert reply.settled is not None


def test_several_items_share_a_reply_by_what_they_say(bench: Bench) -> None:
    reply = begins(bench, "a" * 10)
    bench.item("resp_1", "item_b")
    bench.words("resp_1", "item_b", "b" * 30)
    bench.done(usage=spent(80))
    lengths = reply.turn.generated_by_item()
    assert lengths == {"item_a": pytest.approx(1), "item_b": pytest.approx(3)}


def test_a_turn_that_the_program_closes_is_committed_though_no_audio_came() -> None:
    bench = on_the_phone(turn_detection="manual")
    bench.conversation.end_turn(bench.now)
    assert kinds(bench.sent()) == [COMMIT, CREATE]


def test_sounds_of_replies_that_nobody_knows_change_nothing(bench: Bench) -> None:
    for kind in ("started", "stopped", "cleared"):
        bench.says(f"output_audio_buffer.{kind}", response_id="resp_x")
    where = {"item_id": "item_x", "content_index": 0, "audio_end_ms": 10}
    bench.says("conversation.item.truncated", **where)
    assert bench.faults == []
    assert bench.sent() == []


def test_keys_are_told_and_nonsense_is_reported_without_being_quoted(
    bench: Bench,
) -> None:
    for key in ("4", "#", "D", "17", ""):
        bench.hears_text(
            '{"type": "input_audio_buffer.dtmf_event_received", '
            f'"event": "{key}", "received_at": 1790000000}}'
        )
    pressed: list[Dtmf] = bench.told("pressed")
    assert [frame.digit for frame in pressed] == ["4", "#", "D"]
    assert len(bench.faults) == 2
    assert "17" not in str(bench.faults)


def test_what_the_service_plays_cannot_be_held() -> None:
    bench = on_the_phone(turn_detection=ServerVad(interrupts=False))
    reply = begins(bench)
    with pytest.raises(TurnError, match="the service plays"):
        reply.turn.hold()
    bench.started()
    assert not reply.turn.is_cut


def test_a_session_over_a_websocket_takes_no_part_in_it() -> None:
    bench = Bench()
    bench.created()
    bench.speaks("resp_1", "item_a", "words", 1.0)
    (reply,) = bench.spoken
    bench.says("output_audio_buffer.cleared", response_id="resp_1")
    assert not reply.turn.is_cut


KINDS = ("created", "item", "words", "started", "done", "stopped", "cleared")
steps = st.lists(
    st.tuples(
        st.sampled_from((*KINDS, "truncated", "caller", "silence", "interrupt", "ask")),
        st.sampled_from("ab"),
        st.floats(0, 3),
    ),
    max_size=40,
)


def takes(bench: Bench, kind: str, name: str) -> None:
    """One more thing happens, whether it makes sense or not."""
    response, item = f"resp_{name}", f"item_{name}"
    match kind:
        case "created":
            bench.created(response)
        case "item":
            bench.item(response, item)
        case "words":
            bench.words(response, item, "some words of it ")
        case "done":
            bench.done(response, usage=spent(40))
        case "truncated":
            where = {"item_id": item, "content_index": 0, "audio_end_ms": 700}
            bench.says("conversation.item.truncated", **where)
        case "caller":
            bench.started()
        case "silence":
            bench.stopped()
        case "interrupt":
            bench.conversation.interrupt(bench.now)
        case "ask":
            bench.asks()
        case _:
            bench.says(f"output_audio_buffer.{kind}", response_id=response)


@given(steps)
def test_whatever_the_service_says_nothing_is_taken_back_and_no_reply_cut_twice(
    story: list[tuple[str, str, float]],
) -> None:
    bench = on_the_phone()
    for kind, name, later in story:
        bench.now += later
        takes(bench, kind, name)
    cut = [interruption.cut for interruption in bench.interruptions]
    assert len(cut) == len(set(cut))
    for interruption in bench.interruptions:
        for each in interruption.items:
            assert 0 <= each.played <= min(each.generated, bench.now)
    allowed = {CREATE, CANCEL, CLEAR}
    assert set(kinds(bench.sent())) <= allowed


def test_a_sound_whose_end_is_never_told_counts_as_played_some_time_later(
    bench: Bench,
) -> None:
    reply = begins(bench)
    ends(bench)
    assert bench.conversation.due == 5.0 + PLAY_TIMEOUT
    bench.waits(5.0 + PLAY_TIMEOUT)
    assert state_of(reply) == "played"
    assert bench.conversation.is_quiet
    assert bench.faults == ["the end of a reply's sound was never told"]


def test_a_reply_that_never_begins_to_sound_keeps_nobody(bench: Bench) -> None:
    bench.created()
    bench.item("resp_1", "item_a")
    bench.words("resp_1", "item_a", TEN_WORDS)
    ends(bench)
    assert not bench.conversation.is_quiet
    bench.waits(5.0 + PLAY_TIMEOUT)
    assert bench.conversation.is_quiet
