"""Promises about the end of a call."""

from __future__ import annotations

from functools import partial
from typing import Any

from anyio import current_time, sleep

from voxpipe.pipeline.testing import LeakError, no_leaks

from .agent import sound
from .amiss import amiss
from .check import promised
from .far_side import HalfCloses
from .scene import Scene
from .speech import MAX_AHEAD

SOON = 2.0  # seconds; a carrier's goodbye takes one


def _is_over(scene: Scene) -> bool:
    return scene.over is not None


@promised("When the far side leaves, heard ends and run returns.")
async def far_side_leaves(scene: Scene) -> None:
    """See its promise."""
    async with scene.another() as silent:
        scene.speak(sound(scene.format, 5.0, 20))
        await scene.say(sound(scene.format, 0.3, 21))
        for call in (scene, silent):
            with call.on_the_line():
                await call.far.leave()
        for call, agent in ((scene, "spoke"), (silent, "was silent")):
            await call.wait(partial(_is_over, call), SOON)
            call.expect(
                call.agent.has_ended,
                f"heard had not ended {SOON:g} s later, when the agent {agent}",
                "leave run when the line ends: heard ends with it",
            )
            call.expect(
                _is_over(call),
                f"run had not returned {SOON:g} s later, when the agent {agent}",
                "cancel what still plays when the line has ended",
            )


@promised("When the agent has ended, its last word is heard whole.")
async def last_word(scene: Scene) -> None:
    """See its promise."""
    word = sound(scene.format, 0.8, 22)
    scene.agent.last_word = word
    scene.agent.stop()
    await scene.wait(lambda: _is_over(scene), 0.8 + SOON)
    await _expect_last_word(scene, word)


async def _expect_last_word(scene: Scene, word: bytes) -> None:
    if not scene.virtual:  # it may be on its way to us, and our loop busy
        await scene.wait(lambda: word in scene.device.got, scene.slack)
    wrong = amiss(scene.device.got, scene.format, word)
    scene.expect(
        not wrong,
        f"of the last word {wrong}",
        "return from run when playout.run() has: what it still plays is the last word",
    )
    if scene.over is not None:  # else it waits for them to leave
        early = scene.device.free_at - scene.over
        scene.expect(
            early <= scene.slack * 2,
            f"run returned {early:.2f} s before the last sample was heard",
            "return when playout.run() has, which waits for it: whoever closes the "
            "line does so when run has returned",
        )


@promised(
    "hang_up() ends heard, the last word is heard, and run returns.",
    needs=lambda transport, _: hasattr(transport, "hang_up"),
)
async def hangs_up(scene: Scene) -> None:
    """See its promise."""
    word = sound(scene.format, 0.8, 23)
    scene.agent.last_word = word
    await scene.say(sound(scene.format, 0.2, 24))
    phone: Any = scene.transport
    phone.hang_up()
    await scene.wait(lambda: scene.agent.has_ended, SOON)
    scene.expect(
        scene.agent.has_ended,
        "heard goes on",
        "in hang_up, end heard: `await self.heard.end()`, in a task of run's group",
    )
    await scene.wait(lambda: _is_over(scene), 0.8 + SOON)
    await _expect_last_word(scene, word)
    scene.expect(
        _is_over(scene),
        f"run had not returned {SOON:g} s after the last word",
        "return when playout.run() has, whether or not the far side has left",
    )


@promised(
    "Who has finished speaking is still spoken to.",
    needs=lambda _, far: isinstance(far, HalfCloses),
)
async def half_close(scene: Scene) -> None:
    """See its promise."""
    far, word = scene.far, sound(scene.format, 0.8, 25)
    assert isinstance(far, HalfCloses)
    scene.agent.last_word = word
    await scene.say(sound(scene.format, 0.2, 26))
    with scene.on_the_line():
        await far.finish()
    await scene.wait(lambda: scene.agent.has_ended, SOON)
    scene.expect(
        scene.agent.has_ended,
        "heard goes on",
        "`await self.heard.end()` when they have sent their last byte",
    )
    await scene.wait(lambda: _is_over(scene), 0.8 + SOON)
    await _expect_last_word(scene, word)
    scene.expect(
        _is_over(scene),
        f"run had not returned {SOON:g} s after the last word",
        "return when playout.run() has, whether or not the far side has left",
    )


@promised("A cancelled call ends at once, and leaves nothing behind.")
async def cancelled(scene: Scene) -> None:
    """See its promise."""
    await sleep(scene.slack)  # it stands still, and is not taken for what is left
    try:
        async with no_leaks(), scene.another() as call:
            call.speak(sound(call.format, 5.0, 27))
            await call.say(sound(call.format, 0.3, 28))
            began = current_time()
            call.cancel()
            await call.wait(lambda: _is_over(call), 30)
            took = (call.over or current_time()) - began
            call.expect(
                took <= MAX_AHEAD,
                f"run went on for {took:.1f} s",
                "shield nothing from cancellation but a goodbye, and that for a second "
                "at most; swallow no cancellation",
            )
    except LeakError as leak:
        scene.expect(
            False,
            str(leak),
            "start tasks in a group of run's own; close in `finally` what run has "
            "opened, and in `make` what that has",
        )
