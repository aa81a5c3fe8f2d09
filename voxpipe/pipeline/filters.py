"""Synchronous boxes: no queue, no task, no await; each costs a function call.

Use the smallest that fits: a `Filter` when one kind of frame changes and the rest
passes, a `Transform` when other kinds of frames leave than entered, and a `Processor`
(in ``processor.py``) only for what has to wait.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Generic, TypeVar, get_args, get_origin

from .annotations import members
from .audio import AudioFormat, AudioRule
from .audioframe import Frame
from .errors import WiringError

F = TypeVar("F")
In_contra = TypeVar("In_contra", contravariant=True)
Out_co = TypeVar("Out_co", covariant=True)


class SyncBox:
    """What a `Filter` and a `Transform` have in common: their state, and its life.

    Attributes:
        name: what diagrams and error notes call it; by default from its class.
        accepts: the kinds of frames that `feed` is given; all others pass by. Taken
            from the type, as in ``Filter[AudioFrame]``, unless a class says otherwise.
        running: a pipeline runs with it.
    """

    name: str = ""
    running: bool = False
    accepts: tuple[type, ...] = (Frame,)
    _taken: Any = None  # the annotation of what is fed; a variable in a generic box

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        if "accepts" in vars(cls):
            _check_kinds(cls.__name__, cls.accepts)
            return
        for base in vars(cls).get("__orig_bases__", ()):
            origin = get_origin(base)
            if isinstance(origin, type) and issubclass(origin, SyncBox):
                cls._taken = origin._taken_with(get_args(base))
                kinds = tuple(filter(_is_class, members(cls._taken)))
                if kinds:
                    cls.accepts = kinds

    @classmethod
    def _taken_with(cls, arguments: tuple[Any, ...]) -> Any:
        """What is fed to this generic box, with these arguments for its variables."""
        parameters: tuple[Any, ...] = getattr(cls, "__parameters__", ())
        taken = parameters[0] if cls._taken is None else cls._taken
        return arguments[parameters.index(taken)] if taken in parameters else taken

    def __repr__(self) -> str:
        return f"<{type(self).__name__}{f' {self.name}' if self.name else ''}>"

    def leaves_as(self, format: AudioFormat) -> AudioFormat:
        """The format in which audio leaves that enters in ``format``.

        Asked before anything runs; the answer must not depend on the box's state.

        Raises:
            FormatError: such audio cannot enter here; say what can.
        """
        return format

    def written_for(
        self, format: AudioFormat, rule: AudioFormat | AudioRule | None
    ) -> str:
        """How a program would write this box so that what comes next can take it.

        Args:
            format: what leaves the box as it was written.
            rule: what comes next can take, and ``format`` is not.

        Returns:
            Such as ``Resample(24000)``; empty if it is not this box that is wrong.
        """
        return ""

    def reset(self) -> None:
        """Forget the stream: called before a run, and when another turn begins."""


class Filter(SyncBox, Generic[F]):
    """A box in which one kind of frame changes; all other frames pass by.

    Write ``feed``, and ``flush`` if the box holds audio back.
    """

    def feed(self, frame: F) -> Iterable[F]:
        """Turn one frame into none, one or more; a generator or a tuple."""
        raise NotImplementedError(_no_feed(self))

    def flush(self) -> Iterable[F]:
        """What was held back, at the end of a reply or of the stream."""
        return ()


class Transform(SyncBox, Generic[In_contra, Out_co]):
    """A box out of which other kinds of frames come than go in."""

    def feed(self, frame: In_contra) -> Iterable[Out_co]:
        """Turn one frame into none, one or more; a generator or a tuple."""
        raise NotImplementedError(_no_feed(self))

    def flush(self) -> Iterable[Out_co]:
        """What was held back, at the end of a reply or of the stream."""
        return ()


def _check_kinds(name: str, kinds: Any) -> None:
    if kinds.__class__ is not tuple or not all(
        isinstance(each, type) for each in kinds
    ):
        raise WiringError(
            f"{name}.accepts is {kinds!r}, and not a tuple of kinds of frames, such as "
            "(AudioFrame,)"
        )


def _no_feed(box: SyncBox) -> str:
    return (
        f"{type(box).__name__} does nothing: write `def feed(self, frame)` in it, "
        "which yields frames"
    )


AnyBox = Filter[Any] | Transform[Any, Any]


def name_of(cls: type) -> str:
    """What a box of this class is called when it has no name of its own.

    >>> name_of(type("WavRecorder", (), {}))
    'wav_recorder'
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()


def is_protocol(kind: Any) -> bool:
    """Whether it is one of `typing`'s, which no frame has among its classes."""
    return bool(getattr(kind, "_is_protocol", False))


def _is_class(kind: Any) -> bool:
    """Whether a frame can be asked if it is one; of some protocols only, it can."""
    if not isinstance(kind, type) or kind is Any:
        return False
    return getattr(kind, "_is_runtime_protocol", False) or not is_protocol(kind)
