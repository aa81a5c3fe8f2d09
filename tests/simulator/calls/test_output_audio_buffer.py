"""The output audio buffer of a call: what is heard of what was made."""

from __future__ import annotations

from collections import Counter
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from voxpipe.simulator.audio.sound import wire_format
from voxpipe.simulator.calls.output_audio_buffer import BufferChange, OutputAudioBuffer

PCM = wire_format({"type": "audio/pcm"})
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("play"), st.integers(1, 400)),  # ms of audio
        st.tuples(st.just("wait"), st.integers(0, 700)),  # ms
        st.tuples(st.just("cut"), st.just(0)),
        st.tuples(st.just("next reply"), st.just(0)),
    ),
    max_size=40,
)


@given(STEPS)
def test_nothing_is_heard_twice_early_or_after_a_cut(
    steps: list[tuple[str, int]],
) -> None:
    playback, now, reply = OutputAudioBuffer(), 0.0, 0
    made: Counter[str] = Counter()  # ms, by reply
    kept: dict[str, int] = {}  # ms, of items that were cut
    changes: list[BufferChange] = []
    for what, ms in steps:
        if what == "play":
            made[f"resp_{reply}"] += ms
            audio = bytes(ms * PCM.bytes_per_ms)
            playback.play(f"resp_{reply}", f"item_{reply}", audio, PCM, now)
        elif what == "wait":
            now += ms / 1000
        elif what == "cut":
            told, cut = playback.cut(now)
            changes += told
            kept |= cut
            playback.finish(f"resp_{reply}")
            reply += 1
        else:
            playback.finish(f"resp_{reply}")
            reply += 1
        changes += playback.advance(now)
        assert playback.next > now
    playback.finish(f"resp_{reply}")
    changes += playback.advance(now + sum(made.values()) / 1000 + 1)
    heard = {each.response_id: each for each in playback.played()}
    for id, each in heard.items():
        length = len(each.data) // PCM.bytes_per_ms
        item = id.replace("resp", "item")
        assert length == (kept.get(item, made[id]) if each.cut else made[id])
    # Whatever has started ends once, and one thing is played after the other.
    assert [each.what for each in changes[::2]] == ["started"] * len(heard)
    ends = [(each.response_id, each.what) for each in changes[1::2]]
    assert ends == [
        (id, "cleared" if each.cut else "stopped") for id, each in heard.items()
    ]
    assert sum(len(each.data) for each in heard.values()) <= sum(made.values()) * 48


def test_a_gap_in_the_making_does_not_end_a_reply() -> None:
    playback = OutputAudioBuffer()
    playback.play("resp_1", "item_1", bytes(4800), PCM, 0.0)  # 100 ms
    assert playback.advance(0.0) == [BufferChange("started", "resp_1")]
    assert playback.advance(5.0) == []
    playback.play("resp_1", "item_1", bytes(4800), PCM, 5.0)
    playback.finish("resp_1")
    assert playback.next == 5.1
    assert playback.advance(5.1) == [BufferChange("stopped", "resp_1")]
    assert playback.next == inf


def test_what_is_cut_at_once_was_not_heard() -> None:
    playback = OutputAudioBuffer()
    playback.play("resp_1", "item_1", bytes(4800), PCM, 0.0)
    playback.play("resp_1", "item_2", bytes(4800), PCM, 0.0)
    changes, cut = playback.cut(0.04)
    assert [each.what for each in changes] == ["started", "cleared"]
    assert cut == {"item_1": 40, "item_2": 0}
