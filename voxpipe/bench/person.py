"""A simulated caller: goes through a conversation until the time is over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass, field

from anyio import EndOfStream, current_time, sleep

from voxpipe.transports.telephony.testing import Caller

from .conversation import Conversation, Interrupt, Listen, Pause, Press, Say, Step

PATIENCE = 10.0  # seconds for an answer; then it is a fault, and they go on
GREETING = 1.5  # seconds for a greeting; not every app has one
BREATH = 0.3  # seconds of pause within a reply, and before they speak themselves

FAULTS = {
    "refused": "a call did not get through",
    "dropped": "a connection broke",
    "unanswered": f"nothing came for {PATIENCE:g} s",
    "not_cleared": "an interruption did not silence the agent",
    "violations": "messages that the carrier would not take",
    "failed": "the app has raised an exception",
}
"""What should never happen, by name."""


@dataclass(slots=True)
class Person:
    """One caller.

    Attributes:
        conversation: what they do.
        until: when they hang up, on anyio's clock.
        faults: how often what went wrong.
    """

    conversation: Conversation
    until: float
    faults: Counter[str] = field(default_factory=Counter[str])

    async def talk(self, caller: Caller) -> None:
        """Converse on a line until the time is over, or the line is."""
        try:
            await self._greeted(caller)
            asked = False
            while current_time() < self.until:
                for step in self.conversation:
                    if current_time() >= self.until:
                        if asked:  # nobody hangs up between question and answer
                            await self._do(Listen(), caller)
                        return
                    await self._do(step, caller)
                    asked = isinstance(step, Say | Interrupt)
        except EndOfStream:
            pass
        finally:
            measured = caller.measured
            self.faults["dropped"] += caller.ended == "lost"
            self.faults["violations"] += measured.violation_count
            obeyed = len(measured.clear_after)
            self.faults["not_cleared"] += max(measured.interruptions - obeyed, 0)

    async def _greeted(self, caller: Caller) -> None:
        try:
            await caller.listen(pause=BREATH, timeout=GREETING)
        except TimeoutError:
            return  # it lets the caller speak first

    async def _do(self, step: Step, caller: Caller) -> None:
        match step:
            case Say():
                await sleep(BREATH)
                await caller.say(step.audio)
            case Listen():
                await self._patiently(caller.listen(pause=BREATH, timeout=PATIENCE))
            case Interrupt():
                spoken = caller.interrupt(
                    step.audio, after=step.after, timeout=PATIENCE
                )
                await self._patiently(spoken)
            case Press():
                caller.press(step.keys)
            case Pause():
                await sleep(step.seconds)

    async def _patiently(self, heard: Awaitable[object]) -> None:
        try:
            await heard
        except TimeoutError:
            self.faults["unanswered"] += 1
