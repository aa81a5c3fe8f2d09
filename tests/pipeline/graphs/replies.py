"""The property of replies that are held, resumed and cut while somebody plays them."""

from __future__ import annotations

from random import Random
from typing import Any

from anyio import create_task_group, sleep

from voxpipe.pipeline import (
    AudioFrame,
    Input,
    Output,
    Pipeline,
    Playout,
    PlayoutInput,
    Processor,
    ReplyEnd,
    Turn,
)

from .parts import PCM, Copying, Plain, Through
from .properties import finish

SIZES = (1, 7, 160, 161, 800, 4_000)  # samples
SAMPLE = 1 / PCM.rate  # seconds; a frame that is cut ends on a whole one


class Voice(Processor):
    says = Output[AudioFrame | ReplyEnd](format=PCM)

    def __init__(self, replies: dict[Turn, list[int]], pause: float | None) -> None:
        self._replies = replies
        self._pause = pause

    async def run(self) -> None:
        for turn, sizes in self._replies.items():
            for size in sizes:
                start = turn.grow(size * SAMPLE)
                data = bytes(size * PCM.sample_bytes)
                await self.says.send(
                    AudioFrame(data=data, format=PCM, start=start, turn=turn)
                )
                if self._pause is not None:
                    await sleep(self._pause)
            await self.says.send(ReplyEnd(turn=turn))


class Phone(Processor):
    """Plays; counts frames of cut turns that it was given to play."""

    speaks = PlayoutInput[AudioFrame | ReplyEnd](format=PCM)
    played = Output[AudioFrame](format=PCM)

    def __init__(self, lead: float, slowness: float, *, forgets: bool) -> None:
        self._lead = lead
        self._slowness = slowness  # seconds for each write
        self._forgets = forgets
        self.stale = 0

    async def run(self) -> None:
        await Playout(
            self.speaks,
            self._write,
            clear=self._clear if self._forgets else None,
            played=self.played,
            lead=self._lead,
        ).run()

    async def _write(self, frame: AudioFrame) -> None:
        self.stale += frame.turn is not None and frame.turn.is_cut
        await self._clear(frame.turn)

    async def _clear(self, _: Turn | None) -> None:
        if self._slowness:
            await sleep(self._slowness)


class Ear(Processor):
    input = Input[AudioFrame]()

    def __init__(self) -> None:
        self.heard = 0.0  # seconds

    async def run(self) -> None:
        async for frame in self.input:
            self.heard += frame.duration


async def plays_what_it_says(random: Random) -> None:
    """Every reply ends; what was played was heard, and is no more than was made."""
    replies = {
        Turn(f"turn {number}"): [
            random.choice(SIZES) for _ in range(random.randint(0, 30))
        ]
        for number in range(random.randint(0, 4))
    }
    turns = list(replies)
    voice = Voice(replies, random.choice((None, 0.0, 0.02, 0.2)))
    phone = Phone(
        random.choice((0.0, 0.02, 0.2, 1.0)),
        random.choice((0.0, 0.0, 0.01, 0.5)),
        forgets=random.random() < 0.5,
    )
    ear, route = Ear(), voice.says.drawn()
    for _ in range(random.randint(0, 3)):
        box: Any = random.choice((Plain, Copying, Through))()
        route = route >> box
    cut: dict[Turn, float] = {}

    async def meddle() -> None:
        for _ in range(random.randint(0, 14) if turns else 0):
            await sleep(random.choice((0.0, 0.01, 0.05, 0.3, 2.5)))
            turn = random.choice(turns)
            match random.choice(("hold", "resume", "cut")):
                case "hold" if not turn.is_over:
                    turn.hold()
                case "resume":
                    turn.resume()
                case "cut" if turn.cut():
                    cut[turn] = turn.played
                case _:
                    pass

    async with create_task_group() as tasks:
        tasks.start_soon(meddle)
        await finish(Pipeline(route >> phone.speaks, phone.played >> ear.input))
        tasks.cancel_scope.cancel()
    assert not phone.stale, "a frame of a cut turn was played"
    for turn in turns:
        assert turn.is_over or not turn.generated, f"{turn} has not ended"
        assert -SAMPLE < turn.played < turn.generated + SAMPLE
        if turn.state == "played":
            assert abs(turn.played - turn.generated) < SAMPLE
        assert turn.played == cut.get(turn, turn.played), "it moved after it was cut"
    played = sum(turn.played for turn in turns)
    assert abs(played - ear.heard) < SAMPLE * 16, f"{played} s, heard {ear.heard} s"
