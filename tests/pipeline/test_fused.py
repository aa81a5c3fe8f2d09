"""Fused boxes: counted, reset between turns, flushed at ends, named when they fail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

import pytest

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Filter,
    FormatError,
    Frame,
    Input,
    Pipeline,
    Processor,
    ReplyEnd,
    ReplyFrame,
    SpeechStarted,
    Text,
    Transform,
    Turn,
)
from voxpipe.pipeline.testing import Probe, Source

PCM = AudioFormat("pcm16", 8_000)
ULAW = AudioFormat("ulaw", 8_000)
Kind = Literal["tuple", "generator"]
KINDS: tuple[Kind, ...] = ("tuple", "generator")
both_kinds = pytest.mark.parametrize("kind", KINDS)


def sound(letter: str, turn: Turn | None = None) -> AudioFrame:
    return AudioFrame(data=letter.encode() * 2, format=PCM, turn=turn)


def words(frames: Iterable[Frame]) -> str:
    """A letter for each audio frame, and a sign for each of the others."""
    signs: dict[type, str] = {ReplyEnd: ".", SpeechStarted: "!", Text: "?"}
    return "".join(
        frame.data.decode()[::2]
        if isinstance(frame, AudioFrame)
        else signs[type(frame)]
        for frame in frames
    )


class Hold(Filter[AudioFrame]):
    """Gives each frame when the next one comes: the last is its tail."""

    def __init__(self, name: str = "hold") -> None:
        self.name = name
        self.log: list[str] = []
        self.held: AudioFrame | None = None

    def reset(self) -> None:
        self.held = None
        self.log.append("reset")

    def feed(self, frame: AudioFrame) -> tuple[AudioFrame, ...]:
        held, self.held = self.held, frame
        self.log.append(words([frame]))
        return () if held is None else (held,)

    def flush(self) -> tuple[AudioFrame, ...]:
        self.log.append("flush")
        return () if self.held is None else (self.held,)


class LazyHold(Hold):
    """The same as a generator."""

    def feed(self, frame: AudioFrame) -> Iterator[AudioFrame]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # the same to the core
        yield from super().feed(frame)


def hold(kind: Kind, name: str = "hold") -> Hold:
    return Hold(name) if kind == "tuple" else LazyHold(name)


async def ran(frames: Iterable[Frame], *boxes: Any) -> tuple[str, Pipeline]:
    """What came out at the end of a chain of boxes."""
    source, probe = Source(frames), Probe()
    route: Any = source.output
    for box in boxes:
        route = route >> box
    pipeline = Pipeline(route >> probe.input)
    await pipeline.run()
    return words(probe.frames), pipeline


# --- turns


@both_kinds
async def test_the_end_of_a_reply_passes_behind_its_tail(kind: Kind) -> None:
    turn, box = Turn(), hold(kind)
    frames = [sound("a", turn), sound("b", turn), ReplyEnd(turn=turn)]
    assert (await ran(frames, box))[0] == "ab."
    assert box.log == ["reset", "reset", "a", "b", "flush", "reset", "flush"]


@both_kinds
async def test_the_tail_goes_through_all_boxes_behind(kind: Kind) -> None:
    turn, boxes = Turn(), [hold(kind, name) for name in "123"]
    frames = [*(sound(each, turn) for each in "abcd"), ReplyEnd(turn=turn)]
    assert (await ran(frames, *boxes))[0] == "abcd."
    for box in boxes:
        assert [each for each in box.log if each in "abcd"] == list("abcd")


@both_kinds
async def test_a_new_turn_begins_with_a_box_that_remembers_nothing(kind: Kind) -> None:
    one, two, box = Turn("1"), Turn("2"), hold(kind)
    frames = [sound("a", one), sound("b", one), sound("x", two), sound("y", two)]
    # "b" was not asked for by an end of its reply, and may not sound in the next.
    assert (await ran(frames, box))[0] == "axy"
    assert box.log == ["reset", "reset", "a", "b", "reset", "x", "y", "flush"]


@both_kinds
async def test_a_cut_turn_never_sounds_in_the_next(kind: Kind) -> None:
    one, two, boxes = Turn("1"), Turn("2"), [hold(kind, name) for name in "12"]

    def frames() -> Iterator[Frame]:
        yield sound("a", one)
        yield sound("b", one)
        one.cut()
        yield sound("c", one)
        yield sound("x", two)
        yield sound("y", two)
        yield ReplyEnd(turn=two)

    source, probe = Source(frames()), Probe()
    pipeline = Pipeline(source.output >> boxes[0] >> boxes[1] >> probe.input)
    await pipeline.run()
    assert words(probe.frames) == "xy."
    assert pipeline.stats().outputs["source.output"].stale == 1


@both_kinds
@pytest.mark.parametrize("then", ["no turn", "the end"])
async def test_a_cut_turn_never_sounds_behind_it_either(kind: Kind, then: str) -> None:
    turn = Turn()

    def frames() -> Iterator[Frame]:
        yield sound("a", turn)
        turn.cut()
        if then == "no turn":
            yield sound("x")
            yield sound("y")

    source, probe = Source(frames()), Probe()
    await Pipeline(source.output >> hold(kind) >> probe.input).run()
    assert words(probe.frames) == ("xy" if then == "no turn" else "")


class Untied(Hold):
    """Gives a tail that does not say to which reply it belongs."""

    def flush(self) -> tuple[AudioFrame, ...]:
        return tuple(AudioFrame(data=f.data, format=PCM) for f in super().flush())


async def test_the_tail_of_a_cut_turn_is_not_even_asked_for() -> None:
    turn, box = Turn(), Untied()

    def frames() -> Iterator[Frame]:
        yield sound("a", turn)
        turn.cut()

    assert (await ran(frames(), box))[0] == ""
    assert "flush" not in box.log


@both_kinds
async def test_marks_between_the_frames_of_a_reply_reset_nothing(kind: Kind) -> None:
    turn, box = Turn(), hold(kind)
    frames = [sound("a", turn), SpeechStarted(at=0.0), sound("b", turn)]
    assert (await ran(frames, box))[0] == "!ab"
    assert box.log == ["reset", "reset", "a", "b", "flush"]


# --- the end of the stream


@both_kinds
async def test_the_end_of_the_stream_gives_all_tails_in_order(kind: Kind) -> None:
    boxes = [hold(kind, name) for name in "123"]
    assert (await ran([sound(each) for each in "abcde"], *boxes))[0] == "abcde"
    assert [box.log[-1] for box in boxes] == ["flush"] * 3


@both_kinds
async def test_a_pipeline_that_runs_again_begins_afresh(kind: Kind) -> None:
    box = hold(kind)
    source, probe = Source([sound("a"), sound("b")]), Probe()
    pipeline = Pipeline(source.output >> box >> probe.input)
    for _ in range(2):
        await pipeline.run()
        assert pipeline.stats().boxes["hold"].taken == 2
        assert pipeline.stats().boxes["hold"].made == 2
    assert words(probe.frames) == "abab"
    assert box.log == ["reset", "a", "b", "flush"] * 2


# --- trees


@both_kinds
async def test_a_box_with_two_readers_runs_once_for_each_frame(kind: Kind) -> None:
    box, left, right = hold(kind), hold(kind, "left"), hold(kind, "right")
    source, one, two, three = Source([sound(x) for x in "abc"]), *_probes()
    shared = source.output >> box
    pipeline = Pipeline(
        shared >> left >> one.input, shared >> right >> two.input, shared >> three.input
    )
    await pipeline.run()
    assert [words(each.frames) for each in (one, two, three)] == ["abc"] * 3
    assert box.log == ["reset", "a", "b", "c", "flush"]
    counts = pipeline.stats().boxes
    assert {name: (each.taken, each.made) for name, each in counts.items()} == {
        "hold": (3, 3),
        "left": (3, 3),
        "right": (3, 3),
    }


def _probes() -> tuple[Probe, Probe, Probe]:
    return Probe(), Probe(), Probe()


# --- kinds of frames


@both_kinds
async def test_other_kinds_of_frames_pass_by(kind: Kind) -> None:
    box = hold(kind)
    frames = [Text(text="t"), sound("a"), SpeechStarted(at=0.0), sound("b")]
    out, pipeline = await ran(frames, box)
    assert out == "?!ab"
    assert [each for each in box.log if len(each) == 1] == ["a", "b"]
    count = pipeline.stats().boxes["hold"]
    assert (count.taken, count.made) == (4, 4)


class Ends(Transform[ReplyEnd, Text]):
    """Tells of the ends of replies in words."""

    def feed(self, frame: ReplyEnd) -> tuple[Text]:
        return (Text(text="over", turn=frame.turn),)


async def test_a_box_that_asks_for_the_ends_of_replies_is_given_them() -> None:
    turn = Turn()
    out, _ = await ran([sound("a", turn), ReplyEnd(turn=turn)], Ends())
    assert out == "a?"


class Speak(Transform[Text, AudioFrame]):
    """Audio out of words, in a format that only the frames tell."""

    def __init__(self) -> None:
        self.formats = [PCM, PCM, ULAW]

    def feed(self, frame: Text) -> tuple[AudioFrame]:
        return (AudioFrame(data=b"aa", format=self.formats.pop(0)),)


class Narrow(Processor):
    """Takes 24 kHz only."""

    input = Input[Any](format=AudioFormat("pcm16", 24_000))

    async def run(self) -> None:
        async for _ in self.input:
            pass


async def test_audio_out_of_words_is_checked_where_it_arrives() -> None:
    source, narrow = Source([Text(text="a")]), Narrow()
    with pytest.raises(FormatError) as caught:
        await Pipeline(source.output >> Speak() >> narrow.input).run()
    assert str(caught.value) == (
        "speak is pcm16 8000 Hz, narrow.input takes pcm16 24000 Hz: put "
        "Resample(24000) between speak and narrow.input"
    )


async def test_audio_out_of_words_may_not_change_its_format() -> None:
    with pytest.raises(FormatError, match=r"^speak gives pcm16 8000 Hz, and now ulaw"):
        await ran([Text(text="a")] * 3, Speak())


class Picky(Filter[AudioFrame]):
    """Refuses all audio."""

    def leaves_as(self, format: AudioFormat) -> AudioFormat:
        raise FormatError(f"picky takes nothing, not even {format}")


async def test_a_box_that_refuses_a_format_is_named_with_what_came_before() -> None:
    with pytest.raises(FormatError) as caught:
        await ran([sound("a")], Hold(), Picky())
    assert str(caught.value) == (
        "hold is pcm16 8000 Hz, picky: picky takes nothing, not even pcm16 8000 Hz"
    )


# --- failures

Place = Literal["feed", "flush", "flush at an end", "reset", "end"]
PLACES: tuple[Place, ...] = ("feed", "flush", "flush at an end", "reset", "end")


class Failing(Filter[ReplyFrame]):
    """Fails in one place."""

    name = "failing"

    def __init__(self, place: Place) -> None:
        self.place = place
        self.turns = 0

    def reset(self) -> None:
        self.turns += 1
        if self.place == "reset" and self.turns == 2:
            raise LookupError

    def feed(self, frame: ReplyFrame) -> tuple[ReplyFrame]:
        if self.place == ("end" if isinstance(frame, ReplyEnd) else "feed"):
            raise LookupError
        return (frame,)

    def flush(self) -> tuple[()]:
        if self.place.startswith("flush"):
            raise LookupError
        return ()


class LazyFailing(Failing):
    """The same as a generator."""

    def feed(self, frame: Any) -> Iterator[Any]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # the same to the core
        yield from super().feed(frame)


class Pass(Filter[AudioFrame]):
    """Passes everything on."""

    def __init__(self, name: str) -> None:
        self.name = name

    def feed(self, frame: AudioFrame) -> tuple[AudioFrame]:
        return (frame,)


class LazyPass(Pass):
    """The same as a generator."""

    def feed(self, frame: AudioFrame) -> Iterator[AudioFrame]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # the same to the core
        yield frame


@both_kinds
@pytest.mark.parametrize("around", KINDS)
@pytest.mark.parametrize("place", PLACES)
async def test_the_innermost_box_that_failed_is_named_once(
    kind: Kind, around: Kind, place: Place
) -> None:
    turn = Turn()
    frames: list[Frame] = [sound("a", turn), sound("b", turn)]
    if place in ("end", "flush at an end"):
        frames.append(ReplyEnd(turn=turn))
    failing = Failing(place) if kind == "tuple" else LazyFailing(place)
    passes = Pass if around == "tuple" else LazyPass
    with pytest.raises(LookupError) as caught:
        await ran(frames, passes("before"), failing, passes("after"))
    assert caught.value.__notes__ == ["raised by the box 'failing'"]


async def test_a_frame_that_fails_leaves_nothing_half_done() -> None:
    class Moody(Filter[AudioFrame]):
        def feed(self, frame: AudioFrame) -> tuple[AudioFrame]:
            if frame.data == b"xx":
                raise LookupError
            return (frame,)

    class Sender(Source):
        async def run(self) -> None:
            for letter in "axb":
                try:
                    await self.output.send(sound(letter))
                except LookupError:
                    continue

    source, one, two = Sender([]), Probe(), Probe()
    await Pipeline(
        source.output >> one.input, source.output >> Moody() >> two.input
    ).run()
    assert words(one.frames) == words(two.frames) == "ab"
