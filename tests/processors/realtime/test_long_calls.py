"""A call of three hours, with all that can happen to its sessions."""

from __future__ import annotations

import pytest
from anyio import create_task_group, sleep

from voxpipe.pipeline.testing import Probe
from voxpipe.processors.realtime import Realtime, Reconnected, Service, open_session
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.simulator import Line, Script
from voxpipe.simulator.script.faults import Reset
from voxpipe.transports import MemoryPhone

from .call import QUICK, Call, speech
from .cuts import APPEND
from .loops import BACKENDS, Backend, run_virtually
from .test_rolling_over import Lives

HOUR = 3600.0  # seconds
LIFETIME = 0.75 * HOUR  # each cut begins another, and there are to be three roll-overs
ROUNDS = 18
LINES = [
    Line(heard=f"Question {n}?", say=f"This is the answer to question {n}.")
    for n in range(ROUNDS)
]
SCRIPT = Script(replies=LINES, goes_on=True, timing=QUICK)
CUT_IN_A_REPLY = Reset(at="response.output_audio.delta", after=5)
CUT_IN_SPEECH = Reset(at=APPEND, after=130)  # in the second question


class LongCall:
    """Somebody asks eighteen questions in three hours.

    Attributes:
        connect: to its sessions: the second is cut in a reply, and its region gone for
            two attempts; the sixth is cut while it hears.
        said: who said what, in order, as it was heard.
        told: what was told of other sessions.
    """

    def __init__(self) -> None:
        faults = {2: [CUT_IN_A_REPLY], 6: [CUT_IN_SPEECH]}
        self.connect = Lives(LIFETIME, script=SCRIPT, fails=(3, 4), faults=faults)
        self.said: list[tuple[str, str]] = []
        self.told: list[Reconnected] = []
        self.bill = self.billed = 0.0

    async def hold(self) -> None:
        """Hold it."""
        told = Probe()
        async with open_session(
            connect=self.connect, service=Service(api_key="sk-test")
        ) as session:
            call = Call(
                model := Realtime(session),
                phone=MemoryPhone(PCM_24K),  # between the questions it sends nothing
                routes=lambda call: [call.model.reconnected >> told.input],
            )
            async with create_task_group() as tasks:
                tasks.start_soon(self._plot, call)
                assert await call.pipeline.run(deadline=4 * HOUR) == "finished"
            self.told, self.bill = told.frames, model.bill.usd
            self.billed = sum(each.cost_usd or 0 for each in call.usage)
            for entry in model.history:
                words = entry.text if entry.played is None else entry.played
                if self.said and self.said[-1][0] == entry.role:
                    words = f"{self.said.pop()[1]} {words}"  # in two sessions
                self.said.append((entry.role, words))

    async def _plot(self, call: Call) -> None:
        for _ in range(ROUNDS):
            await call.phone.play(speech(1.0) + bytes(48_000))
            await sleep(3 * HOUR / ROUNDS)  # it answers
        call.phone.hang_up()


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_three_hours_are_one_transcript_and_one_bill(backend: Backend) -> None:
    call = LongCall()
    run_virtually(backend, call.hold)
    assert call.said == [
        words
        for n in range(ROUNDS)
        for words in (
            ("user", f"Question {n}?"),
            ("agent", f"This is the answer to question {n}."),
        )
    ]
    cuts = [each.attempts for each in call.told if not each.planned]
    assert cuts == [3, 1]
    assert len(call.told) >= len(cuts) + 3
    assert not any(each.lost_audio or each.left_out for each in call.told)
    assert call.bill == pytest.approx(call.billed)
    assert sum(each.unbilled for each in call.told) == 1  # the reply that was cut
