"""From one sample rate to another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from voxpipe.pipeline import AudioFormat, AudioFrame, AudioRule, Filter
from voxpipe.pipeline.audio import rule_of
from voxpipe.pipeline.runtime.words import one_of

from .pcm import need_pcm16
from .polyphase import MAX_CYCLE, Polyphase, factors

if TYPE_CHECKING:
    from .soxr_stream import SoxrStream

Quality = Literal["live", "best"]


class Resample(Filter[AudioFrame]):
    """Change the sample rate; audio that has it already passes untouched.

    ``live`` gives a frame for each frame, of the same duration from the first one on.
    The sound in it is 12 samples of the lower rate late (1.5 ms at 8 kHz, 0.5 ms at
    24 kHz), and that much more comes at the end. From 0.6 of the lower rate on it is
    80 dB down, up to 0.42 of it flat to 0.5 dB.

    ``best`` is flat to the last hertz, and in time with its input to the sample, but
    up to 157 ms of it are held back: for files. A ratio that is too odd to tabulate,
    such as 8,000 to 8,001 Hz, is always done so.

    Args:
        rate: Hz, of what leaves.
        quality: which of the two.

    Raises:
        FormatError: a rate that audio cannot have.
        WiringError: another quality.
    """

    def __init__(self, rate: int, *, quality: Quality = "live") -> None:
        one_of(Quality, quality, "quality")
        self._to = AudioFormat("pcm16", rate)
        self._quality = quality
        self._from: AudioFormat | None = None
        self._engine: Polyphase | SoxrStream | None = None
        self.reset()

    def leaves_as(self, format: AudioFormat) -> AudioFormat:
        """The same at this rate.

        Raises:
            FormatError: it is not pcm16.
        """
        if format.rate == self._to.rate:
            return format
        need_pcm16(format, "resampling")
        return AudioFormat("pcm16", self._to.rate, format.channels)

    def written_for(
        self, format: AudioFormat, rule: AudioFormat | AudioRule | None
    ) -> str:
        """With the right rate, if only that is wrong."""
        if rule is None:
            return ""
        rates = rule_of(rule).rates
        for rate in rates:
            if rule_of(rule).allows(replace(format, rate=rate)):
                return f"Resample({rate})"
        return ""

    def reset(self) -> None:
        """Forget the stream."""
        self._last: AudioFrame | None = None
        self._taken = 0  # samples
        self._made = 0  # samples
        if self._engine is not None:
            self._engine.reset()

    def feed(self, frame: AudioFrame) -> tuple[AudioFrame, ...]:
        """What is ready after this frame."""
        if frame.format is not self._from:
            self._learn(frame.format)
        engine = self._engine
        if engine is None:
            return (frame,)
        samples = frame.samples
        made = self._frames(engine.feed(samples), frame, frame.start)
        self._taken += len(samples)
        self._last = frame
        return made

    def flush(self) -> tuple[AudioFrame, ...]:
        """The tail."""
        last, self._last = self._last, None
        if last is None or self._engine is None:
            return ()
        return self._frames(self._engine.flush(), last, last.start + last.duration)

    def _frames(
        self, data: bytes, like: AudioFrame, start: float
    ) -> tuple[AudioFrame, ...]:
        if not data:
            return ()
        # What leaves now entered earlier than ``start`` if the engine holds audio back.
        # Whole numbers, so that it is exactly ``start`` if it does not.
        rate_in, rate_out = like.format.rate, self._to.rate
        behind = self._taken * rate_out - self._made * rate_in
        self._made += len(data) // self._to.sample_bytes
        start -= behind / (rate_in * rate_out)
        return (AudioFrame(data=data, format=self._to, start=start, turn=like.turn),)

    def _learn(self, format: AudioFormat) -> None:
        if format == self._from:
            self._from = format
            return
        leaving = self.leaves_as(format)
        self._from, self._engine = format, None
        self.reset()
        if leaving == format:
            return
        self._to = leaving
        rates = format.rate, leaving.rate
        up, down = factors(*rates)
        live = self._quality == "live" and up * down <= MAX_CYCLE
        self._engine = (Polyphase if live else _soxr())(*rates, format.channels)


def _soxr() -> type[SoxrStream]:
    # Not at the top: most pipelines never need it.
    from .soxr_stream import SoxrStream

    return SoxrStream
