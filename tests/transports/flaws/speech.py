"""Flaws of what is heard and said."""

from __future__ import annotations

from anyio import (
    current_time,
    sleep,
)

from voxpipe.pipeline import (
    AudioFrame,
    Playout,
    Turn,
)

from ..honest import Honest, Line

# --- formats


class HearsInNoFormat(Honest):
    def __init__(self, line: Line) -> None:
        super().__init__(line)
        self.heard.format = None


class SpeaksInNoFormat(Honest):
    def __init__(self, line: Line) -> None:
        super().__init__(line)
        self.speaks.format = None


class PlayedInNoFormat(Honest):
    def __init__(self, line: Line) -> None:
        super().__init__(line)
        self.played.format = None


# --- heard_whole: after 0.9 s, which no other check listens for


class _Counts(Honest):
    def __init__(self, line: Line) -> None:
        super().__init__(line)
        self.came = 0

    async def hear(self, data: bytes) -> None:
        self.came += 1
        await (self.odd(data) if self.came == 46 else super().hear(data))

    async def odd(self, data: bytes) -> None:
        raise NotImplementedError


class LosesAFrame(_Counts):
    async def odd(self, data: bytes) -> None:
        pass


class HearsAFrameTwice(_Counts):
    async def odd(self, data: bytes) -> None:
        await super(_Counts, self).hear(data)
        await super(_Counts, self).hear(data)


class TearsASample(_Counts):
    async def odd(self, data: bytes) -> None:
        await super(_Counts, self).hear(data[1:])


class StartsAnew(Honest):
    async def hear(self, data: bytes) -> None:
        if not self.hung_up:
            await self.heard.send(AudioFrame(data=data, format=self.intake.format))


# --- spoken_whole


class LosesShortFrames(Honest):
    async def write(self, frame: AudioFrame) -> None:
        if not 0.03 < frame.duration < 0.15:
            await super().write(frame)


class _Replies(Honest):
    """Does something to the first frame of the second reply."""

    last: Turn | None = None

    async def write(self, frame: AudioFrame) -> None:
        before, self.last = self.last, frame.turn
        if before is not None and before is not frame.turn:
            await self.odd(frame)
        else:
            await super().write(frame)

    async def odd(self, frame: AudioFrame) -> None:
        raise NotImplementedError


class SwallowsABeginning(_Replies):
    async def odd(self, frame: AudioFrame) -> None:
        pass


class Stutters(_Replies):
    async def odd(self, frame: AudioFrame) -> None:
        await super(_Replies, self).write(frame)
        await super(_Replies, self).write(frame)


# --- paced


class SaysAllAtOnce(Honest):
    def make_playout(self) -> Playout:
        return Playout(
            self.speaks, self.write, clear=self.clear, played=self.played, lead=600
        )


class IsTooFarAhead(Honest):
    def make_playout(self) -> Playout:
        return Playout(
            self.speaks, self.write, clear=self.clear, played=self.played, lead=1.5
        )


class TakesABreak(Honest):
    async def write(self, frame: AudioFrame) -> None:
        if frame.start == 3.0:
            await sleep(0.5)
        await super().write(frame)


# --- both_at_once


class HearsNothingWhileItSpeaks(Honest):
    until = 0.0

    async def write(self, frame: AudioFrame) -> None:
        self.until = max(self.until, current_time()) + frame.duration
        await super().write(frame)

    async def hear(self, data: bytes) -> None:
        if current_time() >= self.until:
            await super().hear(data)


class SaysNothingWhileItHears(Honest):
    until = 0.0

    async def hear(self, data: bytes) -> None:
        self.until = current_time() + 0.1
        await super().hear(data)

    async def write(self, frame: AudioFrame) -> None:
        if current_time() >= self.until:
            await super().write(frame)


class HearsItself(Honest):
    async def write(self, frame: AudioFrame) -> None:
        await super().write(frame)
        if self.intake.seconds:
            await self.hear(frame.data)


FLAWS: dict[type[Honest], str] = {
    HearsInNoFormat: "formats",
    SpeaksInNoFormat: "formats",
    PlayedInNoFormat: "formats",
    LosesAFrame: "heard_whole",
    HearsAFrameTwice: "heard_whole",
    TearsASample: "heard_whole",
    StartsAnew: "heard_whole",
    LosesShortFrames: "spoken_whole both_at_once nothing_stale",
    SwallowsABeginning: "spoken_whole played_is_heard nothing_stale",
    Stutters: "spoken_whole played_is_heard nothing_stale",
    SaysAllAtOnce: "paced slow_far_side",
    IsTooFarAhead: "paced",
    TakesABreak: "paced",
    HearsNothingWhileItSpeaks: "both_at_once apart",
    SaysNothingWhileItHears: "both_at_once hangs_up half_close apart",
    HearsItself: "both_at_once half_close apart",
}
