"""Flaws of who tells how much was heard."""

from __future__ import annotations

from anyio import (
    current_time,
    sleep_until,
)

from voxpipe.pipeline import (
    AudioFrame,
    Playout,
    Turn,
)
from voxpipe.pipeline.ledger import Basis

from ..honest import Honest

# --- position_true


class _Ahead(Playout):
    def position(self, turn: Turn) -> tuple[float, Basis]:
        played, basis = super().position(turn)
        return max(played, turn.noted) + 0.15, basis


class IsAhead(Honest):
    def make_playout(self) -> Playout:
        return _Ahead(self.speaks, self.write, clear=self.clear, played=self.played)


class ConfirmsTooLittle(Honest):
    def returned(self, mark: str) -> None:
        turn, position = self.marks.pop(mark, (Turn(), 0.0))
        self.playout.confirm(turn, max(position - 0.15, 0.0))


class PlaysByItself(Honest):
    """Paced, and cut; but no turn is told."""

    async def play(self) -> None:
        free_at = 0.0
        async for frame in self.speaks:
            if isinstance(frame, AudioFrame):
                await sleep_until(free_at - 0.2)
                free_at = max(free_at, current_time()) + frame.duration
                await self.write(frame)
        await sleep_until(free_at)


# --- confirmed


class SendsNoMarks(Honest):
    async def mark(self, frame: AudioFrame) -> None:
        pass


class ConfirmsNothing(Honest):
    def returned(self, mark: str) -> None:
        pass


class ConfirmsForAnother(Honest):
    def returned(self, mark: str) -> None:
        self.playout.confirm(Turn(), self.marks.pop(mark, (None, 0.0))[1])


class ConfirmsWhatIsWritten(Honest):
    async def mark(self, frame: AudioFrame) -> None:
        assert frame.turn is not None
        self.playout.confirm(frame.turn, frame.start)


# --- played_is_heard


class _TellsByItself(Honest):
    def make_playout(self) -> Playout:
        return Playout(self.speaks, self.write, clear=self.clear)

    async def write(self, frame: AudioFrame) -> None:
        await super().write(frame)
        await self.tell(frame)

    async def tell(self, frame: AudioFrame) -> None:
        raise NotImplementedError


class TellsNothing(_TellsByItself):
    async def tell(self, frame: AudioFrame) -> None:
        pass


class TellsWhatIsWritten(_TellsByItself):
    async def tell(self, frame: AudioFrame) -> None:
        await self.played.send(frame.moved(start=frame.start, turn=None))


class TellsOfATurn(_TellsByItself):
    async def tell(self, frame: AudioFrame) -> None:
        await self.played.send(frame)


FLAWS: dict[type[Honest], str] = {
    IsAhead: "position_true confirmed played_is_heard",
    ConfirmsTooLittle: "position_true confirmed played_is_heard",
    PlaysByItself: "position_true confirmed played_is_heard interrupted",
    SendsNoMarks: "confirmed",
    ConfirmsNothing: "confirmed",
    ConfirmsForAnother: "confirmed",
    ConfirmsWhatIsWritten: (
        "confirmed position_true played_is_heard last_word hangs_up half_close"
    ),
    TellsNothing: "played_is_heard",
    TellsWhatIsWritten: "played_is_heard",
    TellsOfATurn: "played_is_heard",
}
