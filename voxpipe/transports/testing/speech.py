"""Promises about speech that nobody interrupts."""

from __future__ import annotations

from typing import Any

from anyio import create_task_group, sleep

from voxpipe.pipeline import AudioFormat, AudioFrame, Turn

from .agent import FRAME, sound
from .amiss import amiss
from .check import promised
from .far_side import Confirms
from .scene import Scene

MAX_AHEAD = 1.0  # seconds of audio that a device may be given before they are heard


@promised("heard, speaks and played each have a format, and what is heard is in it.")
async def formats(scene: Scene) -> None:
    """See its promise."""
    for name in ("heard", "speaks", "played"):
        port: Any = getattr(scene.transport, name, None)
        scene.expect(
            port is None or isinstance(port.format, AudioFormat),
            f"{name}.format is {getattr(port, 'format', None)!r}",
            f"set self.{name}.format = AudioFormat(…) where the format is known: "
            "a wrong drawing is refused then, before anybody speaks",
        )
    await scene.say(sound(scene.transport.heard.format or scene.format, 0.2, 1))
    await scene.wait(lambda: len(scene.agent.frames) > 0, 2)
    odd = {str(each.format) for each in scene.agent.frames} - {
        str(scene.transport.heard.format)
    }
    scene.expect(
        not odd,
        f"audio in {', '.join(odd)} from heard",
        "announce in heard.format what the far side sends",
    )


@promised("What the far side says is heard whole and in order.")
async def heard_whole(scene: Scene) -> None:
    """See its promise."""
    data = sound(scene.format, 1.0, 2)
    await scene.say(data)
    wrong = await scene.heard(data, within=2)
    scene.expect(
        not wrong,
        wrong,
        "send every message's audio to heard as it comes, one task for all; an "
        "Intake puts split samples together",
    )
    at = 0.0
    for frame in scene.agent.frames:
        scene.expect(
            frame.start > at - 0.001,
            f"a frame that starts at {frame.start:.3f} s, after {at:.3f} s were heard",
            "let an Intake make the frames: it knows where each starts",
        )
        at = frame.start + frame.duration


@promised("What the agent says reaches the far side whole and in order.")
async def spoken_whole(scene: Scene) -> None:
    """See its promise."""
    replies = [sound(scene.format, 0.6, seed) for seed in (3, 4)]
    for each in replies:
        await scene.agent.say(each)
    size = sum(map(len, replies))
    await scene.wait(lambda: len(scene.device.got) >= size, 3)
    await sleep(scene.slack)
    wrong = amiss(scene.device.got, scene.format, *replies)
    scene.expect(not wrong, wrong, "write every frame that Playout gives, in its order")


@promised("Speech leaves at the pace of speech, at most a second ahead of the ear.")
async def paced(scene: Scene) -> None:
    """See its promise."""
    seconds = 4.0 if scene.virtual else 2.0
    data = sound(scene.format, seconds, 5)
    scene.speak(data)
    await scene.wait(lambda: len(scene.device.got) >= len(data), seconds + 3)
    arrived, sent, ahead = scene.device.arrived, 0.0, 0.0
    for at, duration in arrived:
        sent += duration
        ahead = max(ahead, sent - (at - arrived[0][0]))
    scene.expect(
        ahead <= MAX_AHEAD,
        f"{ahead:.2f} s more than could have been heard by then",
        "let a Playout write: its lead is 0.2 s, and one frame",
    )
    scene.expect(
        scene.device.dry <= 2 * scene.slack,
        f"{scene.device.dry:.2f} s of silence within a reply of {seconds:g} s",
        "let a Playout write, and return from write when the line has the frame: not "
        "when it was heard",
    )


@promised("While both speak, both are heard.")
async def both_at_once(scene: Scene) -> None:
    """See its promise."""
    ours, theirs = sound(scene.format, 0.8, 6), sound(scene.format, 0.8, 7)
    async with create_task_group() as tasks:
        tasks.start_soon(scene.agent.say, ours)
        tasks.start_soon(scene.say, theirs)
    await scene.wait(lambda: len(scene.device.got) >= len(ours), 2)
    wrong = await scene.heard(theirs, within=2)
    scene.expect(
        not wrong,
        f"while the agent spoke, of the far side: {wrong}",
        "read in one task and play in another",
    )
    wrong = amiss(scene.device.got, scene.format, ours)
    scene.expect(
        not wrong,
        f"while the far side spoke, of the agent: {wrong}",
        "read in one task and play in another",
    )


@promised("A turn knows how much of it was heard.")
async def position_true(scene: Scene) -> None:
    """See its promise."""
    turn = Turn()
    data = sound(scene.format, 2.0, 8)
    scene.speak(data, turn, delta=FRAME)
    await scene.wait(lambda: bool(scene.device.arrived), 2)
    for _ in range(4):
        await sleep(0.2)
        played, heard = turn.played, scene.device.position()
        scene.expect(
            abs(played - heard) <= scene.inexact,
            f"turn.played was {played:.2f} s when {heard:.2f} s had been heard",
            "let a Playout play: it tells the turn where it is",
        )
    turn.cut()
    await sleep(MAX_AHEAD)
    heard = scene.device.position()
    scene.expect(
        abs(turn.played - heard) <= scene.inexact,
        f"the turn was frozen at {turn.played:.2f} s, and {heard:.2f} s were heard",
        "give Playout a clear if, and only if, the device can forget",
    )


@promised(
    "Where the far side confirms, positions are measured, and true of a late device.",
    needs=lambda _, far: isinstance(far, Confirms),
    delay=0.3,
)
async def confirmed(scene: Scene) -> None:
    """See its promise."""
    turn = Turn()
    data = sound(scene.format, 2.0, 9)
    scene.speak(data, turn, delta=FRAME)
    await scene.wait(lambda: bool(scene.device.arrived), 2)
    for after in (1.2, 0.2, 0.2):
        await sleep(after)
        played, heard, basis = turn.played, scene.device.position(), turn.basis
        scene.expect(
            basis == "measured",
            f"turn.basis was {basis} when {heard:.2f} s had been heard",
            "send marks, and call playout.confirm(turn, frame.end) when one comes back",
        )
        scene.expect(
            abs(played - heard) <= scene.inexact,
            f"turn.played was {played:.2f} s, and the device, which is 0.3 s late, "
            f"had come to {heard:.2f} s",
            "confirm the turn and the position of the frame before the mark: its end",
        )


@promised(
    "played gives what was heard, when it was heard, and nothing else.",
    needs=lambda transport, _: hasattr(transport, "played"),
)
async def played_is_heard(scene: Scene) -> None:
    """See its promise."""
    per, whole = scene.format.bytes_per_second, sound(scene.format, 0.6, 10)
    turn, cut = Turn(), sound(scene.format, 2.0, 11)

    def told() -> bytes:
        return b"".join(frame.data for frame in scene.played.frames)

    await scene.agent.say(whole, delta=FRAME)
    scene.speak(cut, turn, delta=FRAME)
    early = 0.0
    for _ in range(8):
        await sleep(0.1)
        early = max(early, len(told()) / per - scene.device.position())
    scene.expect(
        early <= scene.inexact,
        f"it told of {early:.2f} s before they were heard",
        "give Playout(…, played=self.played): it tells when the time has come",
    )
    await scene.wait(lambda: turn.played > 0.3, 2)
    turn.cut()
    await sleep(MAX_AHEAD)
    heard, got = scene.device.heard(), told()
    mend = "give Playout(…, played=self.played), and send nothing to it yourself"
    same = min(len(heard), len(got))
    scene.expect(
        got[:same] == heard[:same] and got.startswith(whole),
        f"{len(got) / per:.2f} s that are not those that were heard",
        mend,
    )
    scene.expect(
        abs(len(heard) - len(got)) / per <= scene.inexact,
        f"it told of {len(got) / per:.2f} s, and {len(heard) / per:.2f} s were heard",
        mend,
    )
    with_turn = [f for f in scene.played.frames if isinstance(f, AudioFrame) and f.turn]
    scene.expect(
        not with_turn,
        f"{len(with_turn)} frames of a turn, which are lost when it is cut",
        mend,
    )
