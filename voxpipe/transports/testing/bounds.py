"""Promises about a side that does not read."""

from __future__ import annotations

from anyio import current_time, move_on_after, sleep

from .agent import DELTA, sound
from .check import promised
from .scene import Scene

MAX_TAKEN = 5.0  # seconds of speech beyond what could be heard: queues on the way
MAX_WAITING = 30.0  # seconds of speech on the line and before it
MAX_SAID = 16 * 2**20  # bytes; more than the system keeps of one connection
MAX_KEPT = 4 * 2**20  # bytes


@promised("A far side that reads nothing holds the agent back.")
async def slow_far_side(scene: Scene) -> None:
    """See its promise."""
    device, agent, began = scene.device, scene.agent, current_time()
    seconds = 60.0 if scene.virtual else 2.0
    device.stop_reading()
    scene.speak(sound(scene.format, 2.0, 29) * round(5 * seconds))
    await sleep(seconds)
    taken, passed = agent.taken, current_time() - began
    scene.expect(
        taken <= passed + MAX_TAKEN,
        f"in {passed:.0f} s it took {taken:.0f} s of speech from the agent",
        "read speaks with a Playout, which takes what it can write; keep no list",
    )
    before = len(device.arrived)
    device.read_on()
    await sleep(scene.slack)
    waited = sum(lasts for _, lasts in device.arrived[before:])
    scene.expect(
        waited <= MAX_WAITING,
        f"{waited:.0f} s of speech that had waited somewhere",
        "wait in write until the line has room (`await line.send(…)`); no queue or "
        "task for each frame behind it, and a bound for what the line keeps. A socket "
        "lives in real time: over one, `await check_transport(make)` without virtual "
        "time",
    )


@promised("An agent that reads nothing makes nothing grow.")
async def slow_agent(scene: Scene) -> None:
    """See its promise."""
    agent, far = scene.agent, scene.far
    data, said, is_full = sound(scene.format, DELTA, 30), 0, False
    agent.stop_listening()
    while said < MAX_SAID and not is_full:
        with scene.on_the_line(), move_on_after(1.0) as waiting:
            await far.say(data)
        is_full = waiting.cancelled_caught
        said += len(data)
    before = len(agent.data)
    if not is_full:
        agent.listen_on()
        await sleep(1.0)
    kept = len(agent.data) - before
    scene.expect(
        kept <= MAX_KEPT,
        f"{kept / 2**20:.0f} MiB of audio that had waited in the transport",
        "`await self.heard.send(frame)` in the task that reads, so that the line waits "
        "with it; what cannot wait is dropped and counted",
    )
