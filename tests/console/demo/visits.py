"""The demo's conversations in virtual time, without sockets."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

from voxpipe.console.demo import restaurant
from voxpipe.console.demo.caller import (
    CallerSpeech,
    Plot,
    guest,
    guest_speech,
    read_speech,
    somebody,
)
from voxpipe.console.demo.command import DemoCall, about, echo, leave
from voxpipe.pipeline.testing import run_virtual
from voxpipe.processors.realtime import open_session
from voxpipe.simulator import Script, simulated

RECORDINGS = Path(__file__).parents[3] / "voxpipe" / "console" / "recordings"
QUESTION = RECORDINGS / "2-menu.wav"


class Visit(NamedTuple):
    """What the caller does, what they say first, and what is answered."""

    plot: Plot
    first: CallerSpeech
    script: Script


def guests_visit() -> Visit:
    """The one of `voxpipe demo`."""
    spoken = guest_speech()
    words = tuple(each.words for each in spoken)
    return Visit(guest, spoken[0], restaurant.script(words))


def visit_with_a_question() -> Visit:
    """The one of `voxpipe demo 2-menu.wav`."""
    spoken = read_speech(QUESTION)
    return Visit(somebody(spoken), spoken, echo(spoken))


def hold(visit: Visit, folder: Path) -> None:
    """Hold it, print what the demo prints, and leave what it leaves."""

    async def conversation() -> None:
        tools = restaurant.tools()
        async with open_session(
            instructions=restaurant.INSTRUCTIONS,
            tools=tools.schemas,
            turn_detection="local",
            connect=simulated(visit.script),
        ) as session:
            sys.stdout.write(f"{about(visit.script, live=False)}\n")
            call = DemoCall(
                session, tools, visit.first, folder, expected=45.0, simulated=True
            )
            await call.hold(visit.plot)
        leave(call.log.summary(), folder)

    run_virtual(conversation)
