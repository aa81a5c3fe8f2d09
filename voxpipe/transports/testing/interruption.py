"""Promises about a reply that is cut, and about keys, rubbish and other calls."""

from __future__ import annotations

from anyio import current_time, sleep

from voxpipe.pipeline import Dtmf, Turn

from .agent import FRAME, sound
from .amiss import amiss
from .check import promised
from .far_side import Garbles, Presses
from .scene import Scene
from .speech import MAX_AHEAD

TICK = 0.001  # seconds


@promised("An interruption is silent within a frame; else within what was written.")
async def interrupted(scene: Scene) -> None:
    """See its promise."""
    turn, device = Turn(), scene.device
    data = sound(scene.format, 3.0, 12)
    scene.speak(data, turn)
    await scene.wait(lambda: device.position() > 0.4, 3)
    began = current_time()
    turn.cut()
    await sleep(MAX_AHEAD)
    within = scene.slack + TICK  # as late as the loop was until now
    late = [at for at, _ in device.arrived if at > began + within]
    scene.expect(
        not late,
        f"{len(late)} pieces more, until {max(late, default=began) - began:.1f} s on",
        "write nothing but what Playout gives: it drops a reply that was cut",
    )
    if scene.far.clears:
        cleared = [at for at in device.cleared if at >= began]
        scene.expect(
            cleared,
            "no order to forget",
            "give Playout a clear that tells the device to forget",
        )
        scene.expect(
            cleared[0] <= began + within,
            f"the order to forget, after {cleared[0] - began:.3f} s",
            "send it in Playout's clear, at once, before anything that waits",
        )
    quiet = within if scene.far.clears else MAX_AHEAD
    scene.expect(
        device.free_at <= began + quiet,
        f"{device.free_at - began:.2f} s of the reply after it was cut",
        "let a Playout write, with a clear if the device can forget, else a small lead",
    )


@promised("After an interruption the next reply is heard whole, and nothing before it.")
async def nothing_stale(scene: Scene) -> None:
    """See its promise."""
    turn, device = Turn(), scene.device
    old, new = sound(scene.format, 3.0, 13), sound(scene.format, 0.6, 14)
    scene.speak(old, turn)
    await scene.wait(lambda: device.position() > 0.4, 3)
    turn.cut()
    await scene.agent.say(new)
    await scene.wait(lambda: new in device.got, 3)
    await sleep(MAX_AHEAD)
    got = device.got
    at = got.find(new)
    scene.expect(
        at >= 0,
        f"{amiss(got, scene.format, new)}, of the reply after it",
        "clear before the next reply is written, never behind it; Playout does",
    )
    stale = amiss(got[at + len(new) :], scene.format)
    scene.expect(
        not stale and old.startswith(got[:at]),
        f"of the reply that was cut, after the next had begun: {stale or 'some'}",
        "keep no queue behind Playout: what waits there, nobody can cut",
    )


@promised(
    "Keys arrive as they were pressed.",
    needs=lambda _, far: isinstance(far, Presses),
)
async def keys(scene: Scene) -> None:
    """See its promise."""
    far = scene.far
    assert isinstance(far, Presses)
    pressed = "1100*#9"
    for key in pressed:
        with scene.on_the_line():
            await far.press(key)
        await sleep(0.1)  # a finger
    frames = scene.pressed.frames
    await scene.wait(lambda: len(frames) >= len(pressed), 2)
    await sleep(scene.slack)
    got = "".join(each.digit for each in frames if isinstance(each, Dtmf))
    scene.expect(
        got == pressed,
        f"{len(frames)} frames for {len(pressed)} keys, or other keys, or in another "
        "order",
        "declare pressed = Output[Dtmf](), and send Dtmf(digit=…) once for each",
    )


@promised(
    "Rubbish is reported, and the call goes on.",
    needs=lambda _, far: isinstance(far, Garbles),
)
async def rubbish(scene: Scene) -> None:
    """See its promise."""
    far, phone = scene.far, scene.transport
    assert isinstance(far, Garbles)
    before, data = phone.fault_count, sound(scene.format, 0.3, 15)
    await scene.say(data)
    with scene.on_the_line():
        await far.garble()
    await scene.say(data)
    wrong = await scene.heard(data, data, within=2)
    scene.expect(
        not wrong,
        wrong,
        "drop what cannot be read, and read on",
    )
    scene.expect(
        phone.fault_count > before,
        "no report: fault_count is what it was",
        'call self.report("expected …, got …") wherever you drop something',
    )


@promised("Nobody hears anything of another call.")
async def apart(scene: Scene) -> None:
    """See its promise."""
    ours = [sound(scene.format, 0.5, seed) for seed in (16, 17)]
    theirs = [sound(scene.format, 0.5, seed) for seed in (18, 19)]
    step = scene.format.bytes_in(FRAME)
    async with scene.another() as other:
        both = (scene, other)
        for each, data in zip(both, ours, strict=True):
            each.speak(data)
        for at in range(0, len(theirs[0]), step):
            await sleep(FRAME)
            for each, data in zip(both, theirs, strict=True):
                with each.on_the_line():
                    await each.far.say(data[at : at + step])
        await sleep(MAX_AHEAD)
        mend = "keep what belongs to a call in its transport: nothing in the class"
        for each, our, their in zip(both, ours, theirs, strict=True):
            wrong = amiss(each.agent.data, each.format, their)
            each.expect(not wrong, f"an agent heard {wrong}", mend)
            wrong = amiss(each.device.got, each.format, our)
            each.expect(not wrong, f"a far side heard {wrong}", mend)
