"""Whatever a box does wrong is blamed on that box, in words that say the cure."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterable, Iterator
from types import new_class
from typing import Any

import numpy as np
import pytest
from anyio.lowlevel import checkpoint

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Filter,
    FormatError,
    FrameError,
    Input,
    Output,
    Pipeline,
    Processor,
    ReplyEnd,
    SpeechStarted,
    Text,
    Transform,
    Turn,
    WiringError,
)
from voxpipe.pipeline.guilt import own
from voxpipe.pipeline.runtime.exits import ExitAttempted
from voxpipe.pipeline.testing import Probe, Source

from .boxes import PCM_8K, ULAW, Gain, Writer

SOUND = AudioFrame(data=bytes(320), format=PCM_8K)


class Shutdown(BaseException):
    pass


def raising(error: BaseException | type[BaseException]) -> Callable[..., Any]:
    def act(*_: object) -> Any:
        raise error

    return act


def giving(*frames: Any) -> Callable[..., Any]:
    def act(*_: object) -> Any:
        yield from frames

    return act


def returning(value: Any) -> Callable[..., Any]:
    return lambda *_: value


def three(_: object, __: object, ___: object) -> tuple[()]:
    return ()


# --- what a synchronous box can do wrong, while it runs

Way = tuple[str, Callable[..., Any], type[BaseException], str]

WAYS: list[Way] = [
    ("yields str", giving("words"), FrameError, r"gives str, .*Text\(text=…\)"),
    (
        "yields bytes",
        giving(bytes(320)),
        FrameError,
        r"gives bytes, .*AudioFrame\(data",
    ),
    (
        "yields bytearray",
        giving(bytearray(2)),
        FrameError,
        "gives bytearray, .*of bytes",
    ),
    (
        "yields samples",
        giving(np.zeros(160, np.int16)),
        FrameError,
        r"gives an array of int16, .*AudioFrame\.of\(samples, rate\)",
    ),
    ("yields None", giving(None), FrameError, "gives None, .*nothing where there is"),
    ("yields an object", giving(object()), FrameError, "a object, .*derive the class"),
    ("yields a class", giving(AudioFrame), FrameError, "the class AudioFrame, .*make"),
    ("yields a list", giving([SOUND]), FrameError, "gives a list, .*one by one"),
    ("yields another kind", giving(Text(text="a")), FrameError, "AudioFrame | Text"),
    ("returns None", returning(None), TypeError, "gave no frames to go on with"),
    ("returns a frame", returning(SOUND), TypeError, r"`return \((frame|held),\)`"),
    ("returns bytes", returning(b"ab"), FrameError, "gives a int, "),
    ("returns a number", returning(7), TypeError, "gave no frames to go on with"),
    ("raises", raising(ValueError("no")), ValueError, "no"),
    ("raises TypeError", raising(TypeError("its own")), TypeError, "^its own"),
    (
        "raises StopIteration",
        raising(StopIteration),
        RuntimeError,
        "`next\\(it, None\\)",
    ),
    ("raises StopAsyncIteration", raising(StopAsyncIteration), StopAsyncIteration, ""),
    ("raises GeneratorExit", raising(GeneratorExit), ExitAttempted, "GeneratorExit"),
    ("raises SystemExit", raising(SystemExit(3)), ExitAttempted, "SystemExit, which"),
    ("raises Shutdown", raising(Shutdown), ExitAttempted, "Shutdown, which would"),
    (
        "raises CancelledError",
        raising(asyncio.CancelledError),
        ExitAttempted,
        "CancelledError, which would",
    ),
    ("takes too much", three, TypeError, r"write `def (feed|flush)\("),
    ("recurses", lambda *_: recurse(), RecursionError, ""),
]


def recurse() -> Any:
    return recurse()


def box_with(base: Any, **methods: Callable[..., Any]) -> Any:
    """A box called ``guilty``."""
    return new_class("Guilty", (base,), exec_body=lambda body: body.update(methods))()


def sounds(turn: Turn | None = None) -> list[Any]:
    sound = AudioFrame(data=bytes(320), format=PCM_8K, turn=turn)
    return [sound, ReplyEnd(turn=turn), sound]


KINDS: dict[str, Any] = {
    "a filter": Filter[AudioFrame],
    "a transform": Transform[AudioFrame, AudioFrame],
}

PLACES: dict[str, Callable[[Any], tuple[list[Any], list[Any]]]] = {
    "alone": lambda _: ([], []),
    "between others": lambda _: ([Gain()], [Gain()]),
    "before one of anything": lambda _: ([], [box_with(Filter[Any], feed=pass_on)]),
}


class Speaking(Processor):
    """Sends what a model's output may."""

    says = Output[AudioFrame | ReplyEnd]()

    def __init__(self, frames: list[Any]) -> None:
        self._frames = frames

    async def run(self) -> None:
        for frame in self._frames:
            await self.says.send(frame)


def pass_on(_: Any, frame: Any) -> Iterator[Any]:
    yield frame


async def error_of(*routes: Any) -> BaseException:
    with pytest.raises(BaseException) as caught:  # noqa: PT011  # whatever it is
        await Pipeline(*routes).run(deadline=10)
    return caught.value


def routed(box: Any, place: str, sink: Input[Any], source: Output[Any]) -> Any:
    before, behind = PLACES[place](box)
    route: Any = source.drawn()
    for each in (*before, box, *behind):
        each.name = each.name or ("" if each is box else "innocent")
        route = route >> each
    return route >> sink


@pytest.mark.parametrize("method", ["feed", "flush", "flush of a reply"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("act", "error", "words"), [pytest.param(*w[1:], id=w[0]) for w in WAYS]
)
async def test_a_synchronous_box_is_blamed_for_what_it_does(
    act: Callable[..., Any],
    error: type[BaseException],
    words: str,
    kind: str,
    place: str,
    method: str,
) -> None:
    name = method.partition(" ")[0]
    box = box_with(KINDS[kind], **{"feed": pass_on, name: act})
    turn = Turn() if method == "flush of a reply" else None
    source = Speaking(sounds(turn))
    raised = await error_of(routed(box, place, Probe().input, source.says))
    assert type(raised) is error
    assert getattr(raised, "__notes__", ()) == ["raised by the box 'guilty'"]
    with pytest.raises(error, match=words or None):
        raise raised


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("error", [ValueError, SystemExit, StopIteration])
async def test_a_box_is_blamed_for_its_reset(
    error: type[BaseException], place: str
) -> None:
    class Guilty(Filter[AudioFrame]):
        resets = 0

        def feed(self, frame: AudioFrame) -> Iterable[AudioFrame]:
            return (frame,)

        def reset(self) -> None:
            self.resets += 1
            if self.resets > 1:  # with the turn of the first frame
                raise error

    source = Speaking(sounds(Turn()))
    raised = await error_of(routed(Guilty(), place, Probe().input, source.says))
    assert raised.__notes__ == ["raised by the box 'guilty'"]


# --- formats


class Lying(Filter[AudioFrame]):
    """Gives µ-law, and says that what comes leaves it."""

    name = "guilty"

    def __init__(self, after: int = 0) -> None:
        self._left = after

    def feed(self, frame: AudioFrame) -> Iterable[AudioFrame]:
        self._left -= 1
        yield frame if self._left >= 0 else frame.with_data(bytes(160), ULAW)


class Picky(Filter[AudioFrame]):
    """Trips over what is not pcm16."""

    def feed(self, frame: AudioFrame) -> Iterable[AudioFrame]:
        yield frame.with_samples(frame.samples)


@pytest.mark.parametrize("declared", [PCM_8K, None])
@pytest.mark.parametrize("after", [0, 2])
@pytest.mark.parametrize("behind", [(), (Gain,), (Picky,), (Gain, Picky, Gain)])
async def test_who_gives_another_format_than_it_says_is_blamed(
    behind: tuple[type[Any], ...], after: int, declared: AudioFormat | None
) -> None:
    source = Source([SOUND] * 4)
    source.output.format = declared
    route: Any = source.output >> Gain() >> Lying(after)
    for box in behind:
        route = route >> box()
    raised = await error_of(route >> Probe().input)
    assert type(raised) is FormatError
    assert raised.__notes__ == ["raised by the box 'guilty'"]
    assert str(raised) in (
        "guilty gives ulaw 8000 Hz, and says by its `leaves_as` that pcm16 8000 Hz "
        "leaves it: let `leaves_as` return what `feed` gives",
    )


async def test_what_makes_audio_of_words_says_nothing_of_its_format() -> None:
    class Beeping(Transform[SpeechStarted, AudioFrame]):
        def feed(self, frame: SpeechStarted) -> Iterable[AudioFrame]:
            yield SOUND

    source, probe = Source([SpeechStarted(at=0.0)]), Probe()
    source.output.format = ULAW
    await Pipeline(source.output >> Beeping() >> probe.input).run()
    assert probe.frames == [SOUND]


@pytest.mark.parametrize("given", [None, "pcm16", (PCM_8K,)])
async def test_a_box_that_does_not_say_what_leaves_it_is_blamed(given: Any) -> None:
    guilty = box_with(Filter[AudioFrame], feed=pass_on, leaves_as=returning(given))
    source, sink = Source([SOUND]), Probe()
    raised = await error_of(source.output >> guilty >> sink.input)  # as it begins
    assert type(raised) is WiringError
    assert raised.__notes__ == ["raised by the box 'guilty'"]
    assert str(raised).startswith(f"Guilty.leaves_as returns {type(given).__name__}, ")
    source.output.format = PCM_8K
    with pytest.raises(WiringError, match=r"Guilty\.leaves_as returns") as caught:
        Pipeline(source.output >> guilty >> sink.input)  # before anything runs
    assert caught.value.__notes__ == ["raised by the box 'guilty'"]


async def test_a_box_that_fails_to_say_what_leaves_it_is_blamed() -> None:
    guilty = box_with(Filter[AudioFrame], feed=pass_on, leaves_as=raising(KeyError))
    raised = await error_of(Source([SOUND]).output >> guilty >> Probe().input)
    assert type(raised) is KeyError
    assert raised.__notes__ == ["raised by the box 'guilty'"]


@pytest.mark.parametrize("accepts", [AudioFrame, "AudioFrame", ("AudioFrame",), None])
def test_kinds_that_are_none_are_refused_with_the_class(accepts: Any) -> None:
    with pytest.raises(WiringError, match=r"^Guilty\.accepts is .*\(AudioFrame,\)$"):
        type("Guilty", (Filter,), {"accepts": accepts})


# --- processors

SENT: list[tuple[Any, str]] = [
    (b"ab", r"gives bytes, .*AudioFrame\(data=…"),
    (
        np.zeros(2, np.float32),
        r"array of float32, .*\.of\(samples, rate\)",
    ),
    ("words", r"gives str, .*Text\(text=…\)"),
    (None, "gives None, "),
    (object(), "derive the class from Frame"),
    (AudioFormat, "the class AudioFormat, "),
    ((SOUND,), "one by one"),
    (iter([SOUND]), "one by one"),
    (Text(text="secret"), r"gives Text, .*declare AudioFrame \| Text"),
]


class Guilty(Processor):
    """Sends what it should not, in one of the ways to send."""

    says = Output[AudioFrame]()

    def __init__(self, given: Any, how: str) -> None:
        self._given = given
        self._how = how

    async def run(self) -> None:
        given = self._given
        if self._how == "send":
            await self.says.send(given)
        elif self._how == "send_nowait":
            await self.says.deliver(self.says.send_nowait(given))
        else:
            self.says.offer(given)


@pytest.mark.parametrize("how", ["send", "send_nowait", "offer"])
@pytest.mark.parametrize("drawn", ["direct", "through a box", "to two", "to nobody"])
@pytest.mark.parametrize(
    ("given", "words"),
    [pytest.param(*each, id=type(each[0]).__name__) for each in SENT],
)
async def test_who_sends_what_it_may_not_is_told_by_its_port(
    given: Any, words: str, drawn: str, how: str
) -> None:
    guilty, probe = Guilty(given, how), Probe()
    other = Source([])
    routes: list[Any] = {
        "direct": [guilty.says >> probe.input],
        "through a box": [guilty.says >> Gain() >> probe.input],
        "to two": [guilty.says >> probe.input, guilty.says >> Probe().input],
        "to nobody": [guilty.faults >> probe.input, other.output >> Probe().input],
    }[drawn]
    raised = await error_of(*routes)
    assert type(raised) is FrameError
    assert raised.__notes__ == ["raised by the box 'guilty'"]
    assert str(raised).startswith("guilty.says gives ")
    assert "secret" not in str(raised)
    with pytest.raises(FrameError, match=words):
        raise raised
    assert probe.frames == []


async def test_a_kind_that_an_output_is_declared_with_in_any_way_is_sent() -> None:
    class Wide(Processor):
        one = Output[Text | AudioFrame]()
        other = Output[Any]()

        async def run(self) -> None:
            for output in (self.one, self.other):
                await output.send(Text(text="a"))
                await output.send(SOUND)

    wide, probe = Wide(), Probe()
    await Pipeline(wide.one >> probe.input, wide.other >> probe.input).run()
    assert len(probe.frames) == 4


LIVES: list[tuple[str, type[BaseException], str]] = [
    ("raise ValueError('no')", ValueError, "no"),
    ("raise StopIteration", RuntimeError, "StopIteration"),
    ("raise StopAsyncIteration", StopAsyncIteration, ""),
    ("sys.exit(1)", ExitAttempted, "SystemExit"),
    ("raise Shutdown", ExitAttempted, "Shutdown"),
    ("[frame for frame in box.input]", TypeError, "'Input' object is not iterable"),
    ("await None", TypeError, "await"),
    ("box.input.receive_nowait().nothing", AttributeError, "nothing"),
]


@pytest.mark.parametrize(("life", "error", "words"), LIVES)
async def test_a_processor_is_blamed_for_its_life(
    life: str, error: type[BaseException], words: str
) -> None:
    scope: dict[str, Any] = {"sys": sys, "Shutdown": Shutdown}
    exec(f"async def live(box):\n    {life}", scope)  # the table is ours

    class Guilty(Processor):
        input = Input[Any]()
        output = Output[Any]()

        async def run(self) -> None:
            await scope["live"](self)

    guilty = Guilty()
    raised = await error_of(
        Source([SOUND] * 100).output >> guilty.input, guilty.output >> Probe().input
    )
    assert type(raised) is error
    assert raised.__notes__ == ["raised by the box 'guilty'"]
    with pytest.raises(error, match=words or None):
        raise raised


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_cancellation_that_is_not_for_a_box_does_not_end_it_silently() -> None:
    async def wait_for_another(_: Writer) -> None:
        task = asyncio.ensure_future(asyncio.sleep(10))
        await asyncio.sleep(0)
        task.cancel()
        await task

    writer = Writer(wait_for_another)
    raised = await error_of(writer.output >> Probe().input)
    assert type(raised) is ExitAttempted
    assert raised.__notes__ == ["raised by the box 'writer'"]
    assert str(raised).startswith("CancelledError, though nobody has cancelled it")


@pytest.mark.parametrize("name", ["check", "failure_counts"])
async def test_a_processor_is_blamed_for_what_it_is_asked(name: str) -> None:
    guilty = box_with(Probe, **{name: raising(KeyError)})
    with pytest.raises(KeyError) as caught:
        await Pipeline(Source([]).output >> guilty.input).run()
    assert caught.value.__notes__ == ["raised by the box 'guilty'"]


def test_a_check_that_gives_no_complaints_is_blamed() -> None:
    guilty = box_with(Probe, check=returning(None))
    with pytest.raises(TypeError) as caught:
        Pipeline(Source([]).output >> guilty.input)
    assert caught.value.__notes__ == ["raised by the box 'guilty'"]


# --- readers that work in the step of their writer, and those who watch

AT_ONCE: list[tuple[Callable[..., Any], type[BaseException], str]] = [
    (raising(ValueError("no")), ValueError, "no"),
    (raising(StopIteration), RuntimeError, "StopIteration"),
    (raising(SystemExit), ExitAttempted, "SystemExit"),
    (raising(Shutdown), ExitAttempted, "Shutdown"),
    (returning(None), TypeError, "guilty.input at once returned NoneType: .*def"),
    (returning(1), TypeError, "returned int"),
]


@pytest.mark.parametrize(("function", "error", "words"), AT_ONCE)
async def test_who_reads_at_once_is_blamed_and_not_the_writer(
    function: Callable[..., Any], error: type[BaseException], words: str
) -> None:
    class Guilty(Processor):
        input = Input[Any]()

        async def run(self) -> None:
            self.input.take_at_once(function)
            async for _ in self.input:
                pass

    async def send_slowly(writer: Writer) -> None:
        for _ in range(50):  # frames that find an empty queue
            await checkpoint()
            await writer.output.send(SOUND)

    raised = await error_of(Writer(send_slowly).output >> Guilty().input)
    assert type(raised) is error
    assert raised.__notes__ == ["raised by the box 'guilty'"]
    with pytest.raises(error, match=words or None):
        raise raised


async def test_who_watches_is_blamed_and_no_box() -> None:
    pipeline = Pipeline(Source([SOUND]).output >> Gain() >> Gain() >> Probe().input)
    with pipeline.watch(raising(KeyError)), pytest.raises(KeyError) as caught:
        await pipeline.run()
    assert caught.value.__notes__ == ["raised by what watches the pipeline"]


def test_ctrl_c_in_a_box_stays_what_it_is() -> None:
    error = KeyboardInterrupt()
    own(error, Gain(), "gain")  # or it would be raised in another's place
