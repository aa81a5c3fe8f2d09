"""A conversation that is cut, at any state of the protocol and in any way.

The caller's samples have numbers, so that those which the model has at the end can be
counted: each of them once.
"""

from __future__ import annotations

from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from anyio import fail_after, sleep

from voxpipe.chaos import numbered
from voxpipe.chaos.samples import numbers_in
from voxpipe.pipeline import Interruption, SessionLost, TransportError
from voxpipe.pipeline.testing import Probe
from voxpipe.processors.realtime import (
    Connect,
    Connection,
    Realtime,
    Reconnected,
    Service,
    open_session,
)
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.connect import Address
from voxpipe.processors.tools import ToolRouter, tool
from voxpipe.simulator import CallTool, Line, Script, connect_in_memory
from voxpipe.simulator.script.faults import Close, ConnectionFault, HalfOpen, Reset
from voxpipe.transports import MemoryPhone

from .call import QUICK, Call

LONG = "It is sunny there, as it always is, and it will stay so for the whole week."
SCRIPT = Script(
    replies=[
        Line(heard="Weather?", calls=[CallTool(name="weather")]),
        Line(say=LONG),
        Line(heard="Stop!", say="All right."),
    ],
    goes_on=True,
    timing=QUICK,
)

AUDIBLE = dict.fromkeys(numbers_in(numbered(0, 48_000)), 1)


class Sessions:
    """Connects to one session after the other.

    Args:
        plans: how each goes, the last one for all that follow: what is wrong with it,
            or why there is none.
        script: what the model says.

    Attributes:
        opened: how many were tried.
    """

    needs_key = False

    def __init__(self, *plans: Plan, script: Script = SCRIPT) -> None:
        self._plans = plans
        self._script = script
        self.opened = 0

    def __call__(self, address: Address) -> AbstractAsyncContextManager[Connection]:
        plan = self._plans[min(self.opened, len(self._plans) - 1)]
        self.opened += 1
        if isinstance(plan, Exception):
            raise plan
        script = self._script.model_copy(update={"faults": tuple(plan)})
        return connect_in_memory(script, seed=self.opened, number=1)


HOW = ("ended", "reset", "closed", "silent")


def cut(how: str, at: str, after: int = 0) -> ConnectionFault:
    """The connection ends in this way."""
    match how:
        case "ended":
            return Close(at=at, after=after, code=1006)
        case "reset":
            return Reset(at=at, after=after)
        case "closed":
            return Close(at=at, after=after, code=1001)
        case _:
            return HalfOpen(at=at, after=after)


Plan = Sequence[ConnectionFault] | Exception
APPEND = "input_audio_buffer.append"
UNREACHED: dict[str, Exception] = {
    "connecting": TransportError("nobody listens"),
    "upgrading": SessionLost("it went away", how="ended"),
}
OPENING = {each: each for each in ("session.created", "session.updated")}
EVENTS = {
    "idle": (APPEND, 10),
    "the caller begins": (APPEND, 17),
    "the caller speaks": (APPEND, 45),
    "before response.created": ("response.created", 0),
    "before any audio": ("response.output_audio_transcript.delta", 0),
    "in mid-audio": ("response.output_audio.delta", 5),
    "in mid-arguments": ("response.function_call_arguments.done", 0),
    "a tool runs": ("response.done", 0),
    "a result is sent": ("conversation.item.create", 0),
    "a truncation is sent": ("conversation.item.truncate", 0),
    "between turns": ("response.done", 1),
}
STATES = (*UNREACHED, *OPENING, *EVENTS)
"""In which a session is cut; in the first four it is the one after a cut."""


def plans(state: str, how: str) -> list[Plan]:
    """The sessions of a conversation that is cut in this state, in this way."""
    if state in EVENTS:
        at, after = EVENTS[state]
        return [[cut(how, at, after)], []]
    first = [cut(how, APPEND, 5)]
    if state in OPENING:
        return [first, [cut(how, OPENING[state])], []]
    return [first, UNREACHED[state], []]


class Cut:
    """The conversation, cut once or twice.

    Args:
        connect: to the sessions.
        options: of the session.

    Attributes:
        told: what was told of other sessions.
        runs: how often the tool has run.
        items: the conversation at the end: whose, what kind, and its words as heard.
        samples: of the caller, that are there at the end, and how often.
        heard: seconds, of all replies; ``played``: of the whole call.
        faults: what was reported.
    """

    def __init__(self, connect: Connect, **options: Any) -> None:
        self._connect = connect
        self._options: dict[str, Any] = {"transcription": None, **options}
        self.told: list[Reconnected] = []
        self.runs = 0
        self.items: list[tuple[str, str, str]] = []
        self.samples: Counter[int] = Counter()
        self.heard = self.played = 0.0
        self.faults: list[str] = []
        self.interruptions: list[Interruption] = []

    async def hold(self) -> None:
        """Hold it."""

        @tool
        async def weather() -> str:
            """Tell the weather."""
            self.runs += 1
            await sleep(0.5)
            return "sunny"

        router, told, turns = ToolRouter([weather]), Probe(), Probe()
        async with open_session(
            connect=self._connect,
            service=Service(api_key="sk-test"),
            tools=router.schemas,
            **self._options,
        ) as session:
            call = Call(
                Realtime(session),
                router,
                phone=MemoryPhone(PCM_24K, background="silence"),
                routes=lambda call: [
                    call.model.reconnected >> told.input,
                    call.model.turns >> turns.input,
                ],
            )
            await call.hold(self._plot)
        self.told, self.faults = told.frames, call.faults
        self.heard = sum(each.of_turn.played for each in turns.frames)
        self.played, self.interruptions = call.played, call.interruptions

    async def _plot(self, call: Call) -> None:
        await sleep(0.3)
        await call.phone.play(numbered(0, 24_000))
        await self._until(call, self._is_answering)
        await call.phone.play(numbered(24_000, 24_000))
        await self._until(call, self._has_answered)
        await sleep(6.0)  # in which a loss that is told by nothing is noticed
        await self._look(call)
        call.phone.hang_up()

    async def _until(self, call: Call, holds: Callable[[Call], bool]) -> None:
        with fail_after(60):
            while not holds(call):
                await call.phone.listen()

    def _is_answering(self, call: Call) -> bool:
        turn = call.model.turn
        return turn is not None and self.runs > 0 and turn.played >= 0.8

    def _has_answered(self, call: Call) -> bool:
        said = [each.text for each in call.model.history if each.role == "agent"]
        return said[-1:] == ["All right."] and call.model.turn is None

    async def _look(self, call: Call) -> None:
        """What the session that there is now knows of the conversation."""
        model = call.model
        for entry in list(model.history):
            item = await model.items.retrieve(entry.item_id)
            for part in item.content or ():
                if entry.role == "user" and part.audio:
                    self.samples += numbers_in(b64decode(part.audio))
            words = entry.text if entry.played is None else entry.played
            self._add(entry.role, entry.kind, words)

    def _add(self, role: str, kind: str, words: str) -> None:
        if self.items and self.items[-1][:2] == (role, kind) == ("agent", "message"):
            words = f"{self.items.pop()[2]} {words}"  # a reply in two sessions
        self.items.append((role, kind, words))
