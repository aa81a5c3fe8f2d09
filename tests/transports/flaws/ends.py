"""Flaws of the end of a call."""

from __future__ import annotations

import os
import threading
from typing import ClassVar

from anyio import (
    CancelScope,
    sleep,
)

from voxpipe.pipeline import (
    AudioFrame,
)

from ..honest import Honest

# --- far_side_leaves


class NeverReturns(Honest):
    async def left(self) -> None:
        pass


class Complains(Honest):
    async def left(self) -> None:
        raise ConnectionError("they have left")


class Lingers(Honest):
    async def left(self) -> None:
        await sleep(10)
        await super().left()


# --- last_word


class _EndsEarly(Honest):
    at: ClassVar[float]  # seconds of the last word

    async def play(self) -> None:
        with CancelScope() as self.scope:
            await super().play()

    async def write(self, frame: AudioFrame) -> None:
        await super().write(frame)
        if frame.end >= self.at and self.heard.abandoned:
            self.scope.cancel()


class CutsItsLastWord(_EndsEarly):
    at = 0.7


class ReturnsWhenAllIsWritten(_EndsEarly):
    at = 0.799


class SwallowsAnEnd(Honest):
    async def write(self, frame: AudioFrame) -> None:
        if not self.heard.abandoned:
            await super().write(frame)


# --- hangs_up


class HangsUpAtOnce(Honest):
    def hang_up(self) -> None:
        self.tasks.cancel_scope.cancel()


class ListensOn(Honest):
    def hang_up(self) -> None:
        self.playout.end()


class WaitsForThem(Honest):
    async def play(self) -> None:
        await super().play()
        if self.hung_up:
            await sleep(600)


# --- half_close


class TakesAnEndForAll(Honest):
    async def finished(self) -> None:
        self.tasks.cancel_scope.cancel()


class KnowsNoHalf(Honest):
    async def finished(self) -> None:
        self.report("expected nothing like this")


class WaitsForTheRest(Honest):
    is_finished = False

    async def finished(self) -> None:
        self.is_finished = True
        await super().finished()

    async def play(self) -> None:
        await super().play()
        if self.is_finished:
            await sleep(600)


# --- cancelled


class TakesItsTime(Honest):
    async def run(self) -> None:
        try:
            await super().run()
        finally:
            with CancelScope(shield=True):
                await sleep(20)


class LeavesAFile(Honest):
    left_open: ClassVar[list[int]] = []

    async def run(self) -> None:
        self.left_open.append(os.open(os.devnull, os.O_RDONLY))
        await super().run()


class LeavesAThread(Honest):
    over: ClassVar[threading.Event] = threading.Event()

    async def run(self) -> None:
        threading.Thread(target=self.over.wait, name="left").start()
        await super().run()


FLAWS: dict[type[Honest], str] = {
    NeverReturns: "far_side_leaves",
    Complains: "far_side_leaves",
    Lingers: "far_side_leaves",
    CutsItsLastWord: "last_word",
    ReturnsWhenAllIsWritten: "last_word",
    SwallowsAnEnd: "last_word",
    HangsUpAtOnce: "hangs_up",
    ListensOn: "hangs_up",
    WaitsForThem: "hangs_up",
    TakesAnEndForAll: "half_close",
    KnowsNoHalf: "half_close",
    WaitsForTheRest: "half_close",
    TakesItsTime: "cancelled far_side_leaves hangs_up half_close",
    LeavesAFile: "cancelled",
    LeavesAThread: "cancelled",
}
