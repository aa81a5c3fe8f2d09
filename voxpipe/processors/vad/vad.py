"""Marks in the stream where somebody begins to speak and where they fall silent."""

from __future__ import annotations

from collections.abc import Callable

from voxpipe.pipeline import (
    AudioFrame,
    CallerFrame,
    SpeechStarted,
    SpeechStopped,
    Transform,
    WiringError,
)
from voxpipe.pipeline.runtime.expect import expect, is_a

from .barge_in import BargeIn
from .detector import Change, Detector, Rule
from .energy import Energy
from .engine import Engine, Listener
from .windows import Windows

_MAX_SECONDS = 10.0  # seconds; somebody has mistaken them for milliseconds
_GAP = 0.15  # seconds within a word, of silence before a stop: "appetite" has two


class Vad(Transform[CallerFrame, CallerFrame]):
    """Say in the stream when speech starts and stops; audio passes untouched.

    A mark follows the frame in which it was noticed; its ``at`` says where it was, in
    seconds on the stream's own timeline (`AudioFrame.start`; counted, where frames do
    not tell). Audio of any format is understood. A stream that ends in the middle of
    speech gets its `SpeechStopped`.

    Args:
        engine: what tells speech from noise; `Energy` unless given.
        start: the probability from which it is speech; it stays speech down to 0.15
            less.
        minimum: seconds of speech before it is believed; 0.08 are three windows of
            Silero.
        hangover: seconds of silence before speech has stopped; pauses between words
            are shorter.
        preroll: seconds before the first sound that belong to speech: soft beginnings
            are not noticed.
        barge_in: what it takes while the agent speaks, so that a "mhm" does not cut it
            off; by default the same as else.

    Raises:
        WiringError: a probability that is not between 0 and 1, seconds that are not
            from 0 to 10, or an engine that is none.
    """

    marks_speech = True  # so that a model can tell who owns the turns

    def __init__(
        self,
        engine: Engine | None = None,
        *,
        start: float = 0.5,
        minimum: float = 0.08,
        hangover: float = 0.4,
        preroll: float = 0.2,
        barge_in: BargeIn | None = None,
    ) -> None:
        if not 0 < start < 1:
            raise WiringError(f"start is a probability between 0 and 1, not {start!r}")
        for seconds in (minimum, hangover, preroll):
            if not 0 <= seconds <= _MAX_SECONDS:
                raise WiringError(
                    "minimum, hangover and preroll are seconds from 0 to "
                    f"{_MAX_SECONDS:g}, not {seconds!r}"
                )
        if engine is not None and not (
            not isinstance(engine, type)
            and hasattr(engine, "rates")
            and hasattr(engine, "listen")
        ):
            raise WiringError(_no_engine(engine))
        rule = "barge_in is a BargeIn, such as BargeIn(model.is_speaking)"
        expect(is_a(barge_in, BargeIn | None), barge_in, rule)
        self._engine = Energy() if engine is None else engine
        self._start = start
        self._minimum, self._hangover, self._preroll = minimum, hangover, preroll
        self._barge_in = barge_in
        self._stream: _Stream | None = None

    def reset(self) -> None:
        """Forget the stream."""
        self._stream = None

    def feed(self, frame: CallerFrame) -> tuple[CallerFrame, ...]:
        """The frame; marks after it, or before it where audio was missing."""
        if not isinstance(frame, AudioFrame):
            return (frame,)
        stream = self._stream
        if stream is None or (
            # The same object nearly always; to compare is slower.
            stream.windows.format is not frame.format
            and stream.windows.format != frame.format
        ):
            stream = self._stream = self._begin(frame)
        marks = stream.skip(frame)
        return (*marks, frame, *stream.hear(frame))

    def flush(self) -> tuple[CallerFrame, ...]:
        """The end of speech, if the stream ends in the middle of it."""
        return () if self._stream is None else self._stream.end()

    def _begin(self, first: AudioFrame) -> _Stream:
        rates, rate = self._engine.rates, first.format.rate
        if rates and rate not in rates:
            rate = rates[0]
        listener = self._engine.listen(rate)
        detector = Detector(
            Rule(self._start, round(self._minimum * rate)),
            round(self._hangover * rate),
            round(self._preroll * rate),
        )
        windows = Windows(first, rate, listener.window)
        barge_in = self._barge_in
        if barge_in is None:
            return _Stream(windows, listener, detector)
        start = self._start if barge_in.start is None else barge_in.start
        rule = Rule(start, round(barge_in.minimum * rate), round(_GAP * rate))
        return _Stream(windows, listener, detector, barge_in.when, rule)


Marks = tuple[SpeechStarted | SpeechStopped, ...]


class _Stream:
    """All that is remembered of one stream."""

    def __init__(
        self,
        windows: Windows,
        listener: Listener,
        detector: Detector,
        agent_speaks: Callable[[], bool] = lambda: False,
        barge_in: Rule | None = None,
    ) -> None:
        self.windows = windows
        self._listener = listener
        self._detector = detector
        self._agent_speaks = agent_speaks
        self._barge_in = barge_in

    def skip(self, frame: AudioFrame) -> Marks:
        """Take what is missing in front of a frame for silence."""
        missing = self.windows.missing(frame)
        if missing is None:
            return ()
        change = self._detector.step(0.0, *missing)
        return () if change is None else (self._mark(change),)

    def hear(self, frame: AudioFrame) -> Marks:
        """Look at all windows that the frame completes."""
        marks: Marks = ()
        rule = self._barge_in
        if rule is not None and not self._agent_speaks():
            rule = None
        for begin, end, samples in self.windows.feed(frame):
            probability = self._listener.probability(samples)
            if not 0 <= probability <= 1:  # nor NaN, in which nobody would ever speak
                raise ValueError(
                    f"a probability is a number from 0 to 1, not {probability!r}: "
                    f"{type(self._listener).__name__} gives it"
                )
            change = self._detector.step(probability, begin, end, rule)
            if change is not None:
                marks = (*marks, self._mark(change))
        return marks

    def end(self) -> Marks:
        """Speech that goes on at the end stops there."""
        return (self._mark(self._detector.stop()),) if self._detector.speaking else ()

    def _mark(self, change: Change) -> SpeechStarted | SpeechStopped:
        kind, place = change
        at = self.windows.seconds(place)
        return SpeechStarted(at=at) if kind == "started" else SpeechStopped(at=at)


def _no_engine(given: object) -> str:
    if isinstance(given, type):
        return f"an engine is made before: {given.__name__}(), not {given.__name__}"
    return (
        f"an engine has rates and listen(rate), {type(given).__name__} has not: leave "
        "it out for Energy(), or take Silero() from voxpipe.processors.vad.silero"
    )
