"""Synchronous boxes know from their types what they are fed with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Generic, Protocol, TypeVar, runtime_checkable

import pytest
from typing_extensions import TypeAliasType

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Filter,
    Frame,
    ReplyEnd,
    Text,
    Transform,
)
from voxpipe.pipeline.filters import name_of


class OfSound(Filter[AudioFrame]): ...


class OfTwo(Filter[AudioFrame | ReplyEnd]): ...


class OfAnything(Filter[Any]): ...


class ToText(Transform[AudioFrame, Text]): ...


class Louder(OfSound): ...


T = TypeVar("T")
U = TypeVar("U")


class FromSound(Transform[AudioFrame, T]): ...


class SoundToText(FromSound[Text]): ...


class Turned(Transform[T, U], Generic[U, T]): ...


class TextOfSound(Turned[Text, AudioFrame]): ...


class OfSome(Filter[T]): ...


class OfSomeSound(OfSome[AudioFrame]): ...


@runtime_checkable
class Keyed(Protocol):
    digit: str


class Closed(Protocol):
    digit: str


class OfKeyed(Filter[Keyed]): ...


class OfClosed(Filter[Closed]): ...


Sound = Annotated[AudioFrame, "mono"]
Heard = TypeAliasType("Heard", Sound | ReplyEnd)


class OfAnnotated(Transform[Sound, Text]): ...


class OfAlias(Filter[Heard]): ...


class Unsaid(Filter): ...  # type: ignore[type-arg]  # pyright: ignore[reportMissingTypeArgument]


@pytest.mark.parametrize(
    ("kind", "accepts"),
    [
        (OfSound, (AudioFrame,)),
        (OfTwo, (AudioFrame, ReplyEnd)),
        (ToText, (AudioFrame,)),
        (OfAnything, (Frame,)),
        (Louder, (AudioFrame,)),
        (Unsaid, (Frame,)),
        (SoundToText, (AudioFrame,)),
        (TextOfSound, (AudioFrame,)),
        (OfSomeSound, (AudioFrame,)),
        (OfSome, (Frame,)),
        (OfKeyed, (Keyed,)),
        (OfClosed, (Frame,)),
        (OfAnnotated, (AudioFrame,)),
        (OfAlias, (AudioFrame, ReplyEnd)),
    ],
)
def test_a_box_is_fed_with_what_its_type_names(
    kind: type[Any], accepts: tuple[type, ...]
) -> None:
    assert kind.accepts == accepts


def test_the_kinds_may_be_given_by_hand() -> None:
    class Chosen(Filter[Any]):
        accepts = (Text,)

    assert Chosen.accepts == (Text,)


def test_a_box_that_feeds_nothing_says_so() -> None:
    for box in (OfSound(), ToText()):
        with pytest.raises(NotImplementedError):
            box.feed(AudioFrame(data=b"", format=AudioFormat("ulaw", 8_000)))


def test_a_box_holds_nothing_back_and_keeps_the_format_unless_it_says_otherwise() -> (
    None
):
    ulaw = AudioFormat("ulaw", 8_000)
    for box in (OfSound(), ToText()):
        assert list(box.flush()) == []
        assert box.leaves_as(ulaw) is ulaw
        box.reset()
        assert not box.running


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("WavRecorder", "wav_recorder"),
        ("Vad", "vad"),
        ("VAD", "vad"),
        ("G711Decoder", "g711_decoder"),
        ("HTTPPhone", "httpphone"),
    ],
)
def test_a_box_is_called_after_its_class(name: str, called: str) -> None:
    assert name_of(type(name, (), {})) == called


def test_a_generator_is_a_way_to_feed() -> None:
    class Twice(Filter[Text]):
        def feed(self, frame: Text) -> Iterable[Text]:
            yield frame
            yield frame

    assert list(Twice().feed(Text(text="a"))) == [Text(text="a")] * 2
