"""What types cannot say is said before anything starts, with the cure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, TypeVar

import pytest

from voxpipe.pipeline import (
    AudioFrame,
    Dtmf,
    Filter,
    Frame,
    Image,
    Input,
    Output,
    Pipeline,
    Processor,
    Route,
    Text,
    Transcript,
    Transform,
    WiringError,
)
from voxpipe.pipeline.testing import Probe, Source

from .boxes import (
    PCM_8K,
    PCM_16K,
    PCM_24K,
    ULAW,
    Decode,
    Echo,
    Gain,
    Meter,
    Model,
    Phone,
    Resample,
    Speller,
    Tools,
)


def complaints(*routes: Route) -> list[str]:
    with pytest.raises(WiringError) as caught:
        Pipeline(*routes)
    return str(caught.value).split("\n")


# --- kinds of frames


class Desk(Processor):
    """Something with a port for each kind."""

    words = Output[Transcript]()
    keys = Output[Dtmf]()
    anything = Output[Any]()
    frames = Output[Frame]()
    plain: Output[Any] = Output()
    reads = Input[Text | Image](optional=True)
    hears = Input[AudioFrame | Dtmf](optional=True, takes=(AudioFrame,))
    takes_all = Input[Any](optional=True)


class Marked(Filter[AudioFrame]):
    """A filter of a class of its own."""


class Quiet(Marked):
    def feed(self, frame: AudioFrame) -> Iterable[AudioFrame]:
        return (frame,)


class Written(Transform[Transcript, Text]):
    def feed(self, frame: Transcript) -> Iterable[Text]:
        return (Text(text=frame.text),)


F = TypeVar("F", bound=Frame)


class Unknown(Transform[Any, F]):
    """Nobody can know what it gives."""

    def feed(self, frame: Any) -> Iterable[F]:
        return ()


def unchecked(output: Output[Any]) -> Output[Any]:
    """As it is for who uses no type checker."""
    return output


def test_a_route_that_brings_nothing_of_use_is_refused() -> None:
    desk, phone, model = Desk(), Phone(), Model()
    wrong = unchecked(desk.words) >> phone.speaks
    assert complaints(wrong, phone.heard >> desk.takes_all) == [
        "phone.speaks takes AudioFrame or ReplyEnd, and from desk.words comes "
        "Transcript, which it would not heed: take the route away, or put a Transform "
        "into it that makes one of the other"
    ]
    wrong = unchecked(model.calls) >> phone.speaks
    assert complaints(wrong, phone.heard >> model.hears) == [
        "phone.speaks takes AudioFrame or ReplyEnd, and from model.calls comes "
        "ToolCall, which it would not heed: draw `model.says >> phone.speaks`"
    ]
    wrong = unchecked(phone.heard) >> Quiet() >> desk.reads
    assert complaints(
        wrong, model.says >> phone.speaks, phone.heard >> model.hears
    ) == [
        "desk.reads takes Image or Text, and from phone.heard comes AudioFrame, which "
        "it would not heed: draw `phone.heard >> desk.hears`"
    ]


def test_keys_that_would_be_dropped_are_told_their_way() -> None:
    desk, phone = Desk(), Desk()
    phone.name = "phone"
    assert complaints(phone.keys >> desk.hears) == [
        "desk.hears takes AudioFrame, and from phone.keys comes Dtmf, which it would "
        "not heed: draw `phone.keys >> Keys() >> desk.reads`"
    ]


class Keyed(Protocol):
    digit: str


class OfKeys(Processor):
    keys = Output[Keyed]()


class ToKeys(Transform[AudioFrame, Keyed]):
    def feed(self, frame: AudioFrame) -> Iterable[Keyed]:
        return ()


def test_what_only_a_type_checker_can_know_is_let_through() -> None:
    desk, phone = Desk(), Phone()
    Pipeline(
        unchecked(OfKeys().keys) >> desk.hears,
        unchecked(phone.heard) >> ToKeys() >> desk.takes_all,
        Source([]).output >> phone.speaks,
    )


def test_a_route_of_which_something_may_come_is_let_through() -> None:
    desk, other, phone, unknown = Desk(), Desk(), Phone(), Unknown[Text]()
    Pipeline(
        other.words >> Written() >> desk.reads,
        other.anything >> phone.speaks,
        unchecked(other.frames) >> desk.reads,
        other.plain >> desk.reads,
        other.words >> desk.takes_all,
        other.words >> unknown >> desk.reads,
        phone.heard >> Speller() >> desk.reads,
        phone.heard >> Decode() >> desk.hears,
    )


async def test_a_feed_that_cannot_wait_must_not_be_async() -> None:
    class Slow(Filter[Any]):
        async def slowly(self, frame: Any) -> Any:
            return (frame,)

        feed: Any = slowly

    desk, other = Desk(), Desk()
    assert complaints(other.anything >> Slow() >> desk.takes_all) == [
        "Slow.feed is async, and a box without a task cannot wait: write `def feed`, "
        "or a Processor for what has to wait"
    ]


# --- inputs


def test_an_input_that_nobody_feeds_is_refused() -> None:
    phone, model = Phone(), Model()
    assert complaints(model.says >> phone.speaks) == [
        "nothing feeds model.hears: draw a route that ends `>> model.hears`"
    ]


def test_an_optional_input_may_stay_unfed() -> None:
    phone, model = Phone(), Model()
    Pipeline(phone.heard >> model.hears, model.says >> phone.speaks)
    assert not model.results.fed
    assert not model.calls.read


def test_two_complaints_come_together() -> None:
    phone, model, tools, meter = Phone(), Model(), Tools(), Meter()
    assert complaints(
        phone.heard >> meter.input,
        model.says >> phone.speaks,
        tools.results >> model.results,
    ) == [
        "nothing feeds model.hears: draw a route that ends `>> model.hears`",
        "nothing feeds tools.calls: draw a route that ends `>> tools.calls`",
        "phone.heard is ulaw 8000 Hz, meter.input takes pcm16: put Decode() between "
        "phone.heard and meter.input",
    ]


# --- formats


def test_a_decoder_left_out_is_missed_before_anything_starts() -> None:
    phone, model, meter = Phone(), Model(), Meter()
    routes = [phone.heard >> model.hears, model.says >> phone.speaks]
    assert complaints(*routes, phone.heard >> meter.input) == [
        "phone.heard is ulaw 8000 Hz, meter.input takes pcm16: put Decode() between "
        "phone.heard and meter.input"
    ]
    Pipeline(*routes, phone.heard >> Decode() >> meter.input)


def test_a_resampler_left_out_is_missed_before_anything_starts() -> None:
    source, probe = Source([]), Probe()
    source.output.format, probe.input.format = PCM_16K, PCM_24K
    assert complaints(source.output >> probe.input) == [
        "source.output is pcm16 16000 Hz, probe.input takes pcm16 24000 Hz: put "
        "Resample(24000) between source.output and probe.input"
    ]
    Pipeline(source.output >> Resample(24_000) >> probe.input)


def test_a_resampler_left_out_behind_other_boxes_is_missed_where_it_belongs() -> None:
    source, probe = Source([]), Probe()
    source.output.format, probe.input.format = ULAW, PCM_24K
    assert complaints(source.output >> Decode() >> Gain() >> probe.input) == [
        "gain is pcm16 8000 Hz, probe.input takes pcm16 24000 Hz: put Resample(24000) "
        "between gain and probe.input"
    ]


def test_the_cure_names_every_box_that_is_missing() -> None:
    source, probe = Source([]), Probe()
    source.output.format, probe.input.format = PCM_24K, ULAW
    assert complaints(source.output >> probe.input) == [
        "source.output is pcm16 24000 Hz, probe.input takes ulaw 8000 Hz: put "
        'Resample(8000) >> Encode("ulaw") between source.output and probe.input'
    ]


def test_a_box_that_cannot_take_what_comes_says_so() -> None:
    source, probe = Source([]), Probe()
    source.output.format = ULAW
    assert complaints(source.output >> Resample(24_000) >> probe.input) == [
        "source.output is ulaw 8000 Hz, resample: resampling takes pcm16: put Decode() "
        "in front"
    ]


def test_each_branch_is_checked() -> None:
    source, one, other, gain = Source([]), Probe(), Probe(), Gain()
    source.output.format = PCM_8K
    one.input.format, other.input.format = PCM_16K, PCM_24K
    assert complaints(
        source.output >> gain >> one.input, source.output >> gain >> other.input
    ) == [
        "gain is pcm16 8000 Hz, probe.input takes pcm16 16000 Hz: put Resample(16000) "
        "between gain and probe.input",
        "gain is pcm16 8000 Hz, probe2.input takes pcm16 24000 Hz: put Resample(24000) "
        "between gain and probe2.input",
    ]


def test_formats_that_are_not_known_yet_are_no_reason_to_refuse() -> None:
    source, probe = Source([]), Probe()
    probe.input.format = PCM_24K
    Pipeline(source.output >> Gain() >> probe.input)


async def test_a_format_that_became_wrong_since_drawing_is_refused_by_run() -> None:
    source, probe = Source([]), Probe()
    pipeline = Pipeline(source.output >> probe.input)
    source.output.format, probe.input.format = PCM_8K, PCM_24K
    with pytest.raises(WiringError, match=r"put Resample\(24000\) between"):
        await pipeline.run()


# --- sinks


def test_one_ear_hears_one_voice() -> None:
    phone, model, other = Phone(), Model(), Model()
    assert complaints(
        phone.heard >> model.hears,
        phone.heard >> other.hears,
        model.says >> phone.speaks,
        other.says >> phone.speaks,
    ) == [
        "model.says and model2.says speak into phone.speaks: one ear hears one voice "
        "at a time; mix them in a processor in front of it"
    ]


def test_one_reply_is_played_once() -> None:
    phone, other, model = Phone(), Phone(), Model()
    assert complaints(
        phone.heard >> model.hears,
        model.says >> phone.speaks,
        model.says >> Gain() >> other.speaks,
    ) == [
        "model.says is played on phone.speaks and phone2.speaks: one reply has one "
        "ear, or nobody knows what was heard; record the others from `played`"
    ]


def test_one_reply_reaches_its_ear_by_one_way() -> None:
    phone, model = Phone(), Model()
    assert complaints(
        phone.heard >> model.hears,
        model.says >> phone.speaks,
        model.says >> Gain() >> phone.speaks,
    ) == [
        "model.says reaches phone.speaks by two ways: it would sound twice; take one "
        "of the routes away"
    ]


def test_an_input_that_is_no_ear_may_be_fed_by_many_and_twice() -> None:
    source, other, probe = Source([]), Source([]), Probe()
    Pipeline(
        source.output >> probe.input,
        source.output >> Gain() >> probe.input,
        other.output >> probe.input,
    )


# --- loops


def test_a_loop_in_which_every_input_waits_is_refused() -> None:
    source, first, second = Source([]), Echo(), Echo()
    assert complaints(
        source.output >> first >> second >> first.input,
    ) == [
        "echo >> echo2 >> echo is a loop in which every input waits, so it can stand "
        "still: declare the input that closes it with feedback=True"
    ]


def test_a_box_that_feeds_itself_is_a_loop() -> None:
    echo = Echo()
    assert complaints(echo.output >> Gain() >> echo.input) == [
        "echo >> echo is a loop in which every input waits, so it can stand still: "
        "declare the input that closes it with feedback=True"
    ]


def test_a_feedback_input_closes_a_loop() -> None:
    phone, model, tools = Phone(), Model(), Tools()
    Pipeline(
        phone.heard >> model.hears,
        model.says >> phone.speaks,  # a sink takes what it takes: no loop
        model.calls >> tools.calls,
        tools.results >> model.results,
    )


def test_an_input_that_drops_does_not_wait() -> None:
    class Lossy(Processor):
        input = Input[AudioFrame](on_full="drop_oldest")
        output = Output[AudioFrame]()

    lossy, echo = Lossy(), Echo()
    Pipeline(lossy.output >> echo >> lossy.input)


# --- what a box knows of itself


class Owner(Processor):
    """Has an opinion about its own wiring."""

    hears = Input[AudioFrame](optional=True)
    speech = Input[AudioFrame](optional=True)
    calls = Output[Any]()

    def check(self) -> Iterable[str]:
        if not self.calls.read:
            yield f"nobody takes what {self.name} calls: draw `{self.name}.calls >>`"
        if any(isinstance(box, Gain) for box in self.hears.through):
            yield f"{self.name} wants to hear it unchanged: take Gain() away"

    async def run(self) -> None:
        return


def test_a_box_may_complain_about_its_own_wiring() -> None:
    source, owner, gain = Source([]), Owner(), Gain()
    assert complaints(
        source.output >> gain >> Decode() >> owner.hears,
        source.output >> owner.speech,
    ) == [
        "nobody takes what owner calls: draw `owner.calls >>`",
        "owner wants to hear it unchanged: take Gain() away",
    ]
    assert [type(box) for box in owner.hears.through] == [Gain, Decode]
    assert owner.speech.through == ()


def test_a_box_that_is_content_says_nothing() -> None:
    source, owner, probe = Source([]), Owner(), Probe()
    Pipeline(source.output >> owner.hears, owner.calls >> probe.input)
    assert owner.hears.fed
    assert owner.calls.read
    assert not owner.speech.fed


def test_the_same_complaint_is_made_once() -> None:
    class Twice(Owner):
        def check(self) -> Iterable[str]:
            return ("it is so", "it is so")

    twice, source = Twice(), Source([])
    assert complaints(source.output >> twice.hears) == ["it is so"]
