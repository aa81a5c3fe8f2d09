"""What is drawn behind an output is one call; what comes of it is in drawn order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Filter,
    FormatError,
    Pipeline,
    SpeechStarted,
    Text,
)
from voxpipe.pipeline.entry import Entry
from voxpipe.pipeline.fused import Leaf, Node, Tree
from voxpipe.pipeline.queue import Delivery, Queue
from voxpipe.pipeline.testing import Probe, Source

from .boxes import PCM_8K, PCM_16K, PCM_24K, Gain, Voice


class Add(Filter[SpeechStarted]):
    """Adds to the number in a mark, and says goodbye with a mark of its own."""

    def __init__(self, number: float) -> None:
        self.number = number
        self.fed = 0

    def feed(self, frame: SpeechStarted) -> Iterable[SpeechStarted]:
        self.fed += 1
        if frame.at < 0:
            raise ValueError("negative")
        return (SpeechStarted(at=frame.at + self.number),)

    def flush(self) -> Iterable[SpeechStarted]:
        return (SpeechStarted(at=self.number),)


def node(name: str, box: Add, children: list[Node | Leaf]) -> Node:
    return Node(name, box, children, Entry("source.output"))


class Grove:
    """Trees without a pipeline."""

    def __init__(self) -> None:
        self.out: list[Delivery] = []
        self.queues: list[Queue] = []

    def leaf(self, name: str) -> Leaf:
        queue = Queue(name, 8, 200.0)
        self.queues.append(queue)
        return Leaf(queue, None, Entry("source.output"), self.out)

    def tree(self, *children: Node | Leaf) -> Tree:
        return Tree(list(children), self.queues, self.out, lambda _: ())

    def close(self) -> None:
        for queue in self.queues:
            queue.finish()


@pytest.fixture
def grove() -> Iterable[Grove]:
    grove = Grove()
    yield grove
    grove.close()


def told(deliveries: Iterable[Delivery]) -> list[tuple[str, float]]:
    return [(queue.name, each.at) for queue, each in deliveries]  # type: ignore[attr-defined]  # pyright: ignore  # marks


def test_deliveries_come_in_drawn_order(grove: Grove) -> None:
    tree = grove.tree(
        node("one", Add(1), [grove.leaf("a"), grove.leaf("b")]),
        grove.leaf("c"),
        node("ten", Add(10), [node("hundred", Add(100), [grove.leaf("d")])]),
    )
    assert told(tree.push(SpeechStarted(at=0.0))) == [
        ("a", 1.0),
        ("b", 1.0),
        ("c", 0.0),
        ("d", 110.0),
    ]
    assert told(tree.push(SpeechStarted(at=5.0)))[2] == ("c", 5.0)


def test_a_shared_box_runs_once_for_all_its_readers(grove: Grove) -> None:
    shared = Add(1)
    tree = grove.tree(node("add", shared, [grove.leaf(name) for name in "abc"]))
    tree.push(SpeechStarted(at=0.0))
    assert shared.fed == 1


def test_the_end_flushes_each_box_through_those_behind_it(grove: Grove) -> None:
    tree = grove.tree(
        node("one", Add(1), [node("ten", Add(10), [grove.leaf("a")])]), grove.leaf("b")
    )
    assert told(tree.flush()) == [("a", 11.0), ("a", 10.0)]


def test_only_a_single_reader_with_nothing_in_between_is_direct(grove: Grove) -> None:
    leaf = grove.leaf("a")
    assert grove.tree(leaf).direct is leaf.queue
    assert grove.tree().direct is None
    assert grove.tree(grove.leaf("b"), grove.leaf("c")).direct is None
    assert grove.tree(node("add", Add(1), [grove.leaf("d")])).direct is None


def test_a_tree_is_abandoned_when_all_its_readers_have_finished(grove: Grove) -> None:
    one, other = grove.leaf("a"), grove.leaf("b")
    tree = grove.tree(node("add", Add(1), [one]), other)
    assert not Grove().tree().abandoned  # nobody ever read there
    seen = [tree.abandoned]
    for leaf in (one, other):
        leaf.queue.finish()
        seen.append(tree.abandoned)
    assert seen == [False, False, True]


def test_what_fails_leaves_nothing_to_deliver(grove: Grove) -> None:
    tree = grove.tree(grove.leaf("a"), node("add", Add(1), [grove.leaf("b")]))
    with pytest.raises(ValueError, match="negative"):
        tree.push(SpeechStarted(at=-1.0))
    assert told(tree.push(SpeechStarted(at=1.0))) == [("a", 1.0), ("b", 2.0)]


def test_a_tree_writes_to_each_queue_until_it_is_closed(grove: Grove) -> None:
    one, other = grove.leaf("a"), grove.leaf("b")
    tree = grove.tree(one, node("add", Add(1), [other]))
    assert [queue.writers for queue in grove.queues] == [1, 1]
    tree.close()
    assert [queue.writers for queue in grove.queues] == [0, 0]


def test_counts_stay_right_however_often_somebody_looks(grove: Grove) -> None:
    first, second = node("a", Add(1), [grove.leaf("x")]), Add(10)
    outer = node("b", second, [first])
    tree = grove.tree(outer)
    seen: list[str] = []

    def watch(name: str, frame: Any, seconds: float) -> None:
        seen.append(name)

    for number in range(6):
        tree.watch(watch if number % 2 else None)
        tree.push(SpeechStarted(at=0.0))
    assert (outer.taken, outer.made, first.taken, first.made) == (6, 6, 6, 6)
    assert seen == ["a", "b"] * 3


# --- where a branch ends, the format that really arrives is checked


async def test_sound_that_is_made_of_words_is_checked_when_it_arrives() -> None:
    source, probe = Source([Text(text="a")]), Probe()
    probe.input.format = PCM_24K
    pipeline = Pipeline(source.output >> Voice(PCM_16K) >> Gain() >> probe.input)
    with pytest.raises(FormatError) as caught:
        await pipeline.run()
    assert str(caught.value) == (
        "gain is pcm16 16000 Hz, probe.input takes pcm16 24000 Hz: put Resample(24000) "
        "between gain and probe.input"
    )


async def test_sound_of_the_right_format_passes() -> None:
    source, probe = Source([Text(text="a")] * 3), Probe()
    probe.input.format = AudioFormat("pcm16", 16_000)  # equal, not the same
    await Pipeline(source.output >> Voice(PCM_16K) >> probe.input).run()
    assert [frame.format for frame in probe.frames] == [PCM_16K] * 3


async def test_a_box_that_changes_its_format_midway_is_found_out() -> None:
    class Moody(Voice):
        def feed(self, frame: Text) -> tuple[AudioFrame]:
            self.format = PCM_8K if frame.text == "low" else PCM_16K
            (made,) = super().feed(frame)
            return (made,)

    source, probe = Source([Text(text="high"), Text(text="low")]), Probe()
    pipeline = Pipeline(source.output >> Moody() >> probe.input)
    with pytest.raises(FormatError) as caught:
        await pipeline.run()
    assert str(caught.value) == (
        "moody gives pcm16 16000 Hz, and now pcm16 8000 Hz: a format does not change "
        "during a session"
    )
