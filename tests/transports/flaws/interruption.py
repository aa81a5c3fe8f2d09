"""Flaws of an interruption."""

from __future__ import annotations

from anyio import (
    sleep,
)

from voxpipe.pipeline import (
    AudioFrame,
    Playout,
    Turn,
)

from ..honest import Honest

# --- interrupted


class CannotClear(Honest):
    def make_playout(self) -> Playout:
        return Playout(self.speaks, self.write, played=self.played)


class ClearsLate(Honest):
    async def clear(self, turn: Turn | None) -> None:
        await sleep(0.03)
        await super().clear(turn)


class ClearsOnlyItself(Honest):
    async def clear(self, turn: Turn | None) -> None:
        self.marks.clear()


class SpeaksOn(Honest):
    """What was to be written next is written nevertheless."""

    rest: AudioFrame | None = None

    async def write(self, frame: AudioFrame) -> None:
        await super().write(frame)
        self.rest = frame

    async def clear(self, turn: Turn | None) -> None:
        await super().clear(turn)
        if self.rest is not None and self.rest.turn is turn:
            await sleep(0.1)
            await super().write(self.rest)


# --- nothing_stale


class _AfterAClear(Honest):
    """Does something at the first frame of the reply after a clear."""

    is_cleared = False
    old: AudioFrame | None = None

    async def clear(self, turn: Turn | None) -> None:
        await super().clear(turn)
        self.is_cleared = True

    async def write(self, frame: AudioFrame) -> None:
        if self.is_cleared:
            self.is_cleared = False
            await self.odd(frame)
        else:
            self.old = frame
            await super().write(frame)

    async def odd(self, frame: AudioFrame) -> None:
        raise NotImplementedError


class ClearsTwice(_AfterAClear):
    async def odd(self, frame: AudioFrame) -> None:
        await super(_AfterAClear, self).write(frame)
        await super(_AfterAClear, self).clear(frame.turn)


class SaysSomethingOld(_AfterAClear):
    async def odd(self, frame: AudioFrame) -> None:
        await super(_AfterAClear, self).write(frame)
        assert self.old is not None
        await self.line.send(("audio", self.old.data))


class BeginsLate(_AfterAClear):
    async def odd(self, frame: AudioFrame) -> None:
        pass


FLAWS: dict[type[Honest], str] = {
    CannotClear: "interrupted",
    ClearsLate: "interrupted",
    ClearsOnlyItself: "interrupted position_true played_is_heard",
    SpeaksOn: "interrupted nothing_stale",
    ClearsTwice: "nothing_stale",
    SaysSomethingOld: "nothing_stale",
    BeginsLate: "nothing_stale",
}
