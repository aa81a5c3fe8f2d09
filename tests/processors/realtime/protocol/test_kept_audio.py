"""The caller's audio, of which each sample is told to another session once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import AudioFrame
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.protocol.kept_audio import MAX_KEPT, KeptAudio

FRAME = 480  # samples, 20 ms


def frame(number: int) -> AudioFrame:
    """The samples of a frame tell its number."""
    data = (number + 1).to_bytes(2, "little") * FRAME
    return AudioFrame(data=data, format=PCM_24K, start=number * 0.02)


def spoken(kept: KeptAudio, count: int, first: int = 0) -> None:
    for number in range(first, first + count):
        kept.append(frame(number))


def data(frames: list[AudioFrame]) -> bytes:
    return b"".join(each.data for each in frames)


def raw(first: int, end: int) -> bytes:
    return b"".join(frame(number).data for number in range(first, end))


def test_what_stands_in_no_item_is_heard_again() -> None:
    kept = KeptAudio(PCM_24K)
    spoken(kept, 5)
    turns, rest = kept.replayed()
    assert (turns, data(rest)) == ([], raw(0, 5))
    assert len(rest) == 1  # in one message, as it goes faster than it was heard


def test_a_turn_that_was_closed_and_not_confirmed_stays_a_turn() -> None:
    kept = KeptAudio(PCM_24K)
    spoken(kept, 5)
    kept.commit()
    spoken(kept, 3, first=5)
    turns, rest = kept.replayed()
    assert [data(turn) for turn in turns] == [raw(0, 5)]
    assert data(rest) == raw(5, 8)


def test_a_turn_that_is_an_item_is_kept_until_its_words_are_known() -> None:
    kept = KeptAudio(PCM_24K)
    spoken(kept, 5)
    kept.commit()
    kept.committed("item_1", is_wanted=True)
    spoken(kept, 2, first=5)
    assert list(kept.items) == ["item_1"]
    assert data(kept.take("item_1")) == raw(0, 5)
    assert not kept.items
    assert data(kept.replayed()[1]) == raw(5, 7)


def test_an_item_of_the_services_own_has_what_it_says_to_the_sample() -> None:
    kept = KeptAudio(PCM_24K)
    spoken(kept, 50)
    kept.started("item_1", 0.25)  # in the middle of a frame
    kept.stopped("item_1", 0.69)
    kept.committed("item_1", is_wanted=True)
    turn, (_, rest) = data(kept.take("item_1")), kept.replayed()
    whole = raw(0, 50)
    assert turn == whole[12_000:33_120]
    assert data(rest) == whole[33_120:]


def test_what_is_thrown_away_is_not_heard_again_but_the_turn_before_it_is() -> None:
    kept = KeptAudio(PCM_24K)
    spoken(kept, 5)
    kept.commit()
    spoken(kept, 3, first=5)
    kept.clear()
    spoken(kept, 2, first=8)
    turns, rest = kept.replayed()
    assert [data(turn) for turn in turns] == [raw(0, 5)]
    assert data(rest) == raw(8, 10)


def test_ten_seconds_are_kept_and_what_is_lost_is_counted() -> None:
    kept = KeptAudio(PCM_24K)
    spoken(kept, 600)  # 12 s, in one turn of the program's
    kept.lose(is_heard=False)
    _, rest = kept.replayed()
    assert data(rest) == raw(100, 600)
    assert abs(kept.lost - 2.0) < 1e-6


def test_silence_that_the_service_has_heard_is_no_loss() -> None:
    kept = KeptAudio(PCM_24K)
    spoken(kept, 600)
    kept.lose(is_heard=True)
    kept.replayed()
    assert kept.lost == 0


def test_of_items_without_words_the_newest_ten_seconds_are_kept() -> None:
    kept = KeptAudio(PCM_24K)
    for number in range(4):
        spoken(kept, 200, first=200 * number)  # 4 s each
        kept.commit()
        kept.committed(f"item_{number}", is_wanted=True)
    assert list(kept.items) == ["item_2", "item_3"]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("speak"), st.integers(1, 40)),
        st.tuples(st.sampled_from(["commit", "confirm", "lose"]), st.just(0)),
    ),
    max_size=40,
)


@given(STEPS)
def test_each_sample_is_in_an_item_or_heard_again_once_and_in_order(
    steps: list[tuple[str, int]],
) -> None:
    kept, said, items, sent = KeptAudio(PCM_24K), 0, b"", 0

    def replay() -> bytes:
        nonlocal sent
        turns, rest = kept.replayed()
        for turn in turns:
            for each in turn:
                kept.append(each)
            kept.commit()
        for each in rest:
            kept.append(each)
        sent = len(turns)
        return b"".join(map(data, [*turns, rest]))

    for kind, count in steps:
        if kind == "speak" and said + count < MAX_KEPT / 0.02:
            spoken(kept, count, first=said)
            said += count
        elif kind == "commit":
            kept.commit()
            sent += 1
        elif kind == "confirm" and sent:
            sent -= 1
            kept.committed("item", is_wanted=True)
            items += data(kept.take("item"))
        elif kind == "lose":
            kept.lose(is_heard=False)
            assert items + replay() == raw(0, said)
    assert items + replay() == raw(0, said)
