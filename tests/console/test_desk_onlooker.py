"""What the desk shows of an app that draws no route for it."""

from __future__ import annotations

import io

import anyio
import pytest
from anyio import create_task_group

from voxpipe.console.demo.progress import LineView
from voxpipe.console.desk_onlooker import Onlooker
from voxpipe.console.desk_record import DeskRecord
from voxpipe.pipeline import (
    Fault,
    Frame,
    Processor,
    ToolResult,
    Transcript,
    Turn,
    Usage,
)
from voxpipe.transports.desk import DeskCall

from ..processors.realtime.loops import BACKENDS, Backend, run_virtually
from ..transports.desk.sound import FakeSound
from ..transports.desk.test_loudspeaker import reply


class Watched:
    """An onlooker, and what it writes."""

    def __init__(self) -> None:
        self.out = io.StringIO()
        self.record = DeskRecord()
        self.onlooker = Onlooker(self.record, LineView(self.out, width=lambda: 60))

    def tell(self, *frames: Frame) -> None:
        for each in frames:
            self.onlooker.told(Processor(), "any", each)


@pytest.mark.parametrize("backend", BACKENDS)
def test_words_are_shown_as_they_are_heard_and_cut_where_it_was(
    backend: Backend,
) -> None:
    async def story() -> str:
        watched, turn = Watched(), Turn("r")
        turn.grow(4.0, "i")
        said = Transcript(
            speaker="agent", text="one two three four", item_id="i", of_turn=turn
        )
        async with create_task_group() as tasks:
            tasks.start_soon(watched.onlooker.run)
            watched.tell(Transcript(speaker="user", text="A question"), said)
            await anyio.sleep(0.5)
            assert "one" not in watched.out.getvalue()  # nobody has heard it
            turn.note_played(2.0, "measured")
            turn.cut()
            watched.onlooker.close()
        return watched.out.getvalue()

    assert run_virtually(backend, story) == "> A question\n< one two — interrupted\n"


def test_tools_and_failures_are_shown_and_nothing_commands_the_terminal() -> None:
    watched = Watched()
    watched.tell(
        ToolResult(call_id="c", name="weather", output="rain\x1b[2J"),
        ToolResult(call_id="d", name="hours", output="{}", error="ValueError"),
        Fault(source="model", message="no reply"),
    )
    assert watched.out.getvalue() == (
        "- weather → rain\\x1b[2J\n"
        "- hours → ValueError\n"
        "- a reply has failed: no reply\n"
    )


@pytest.mark.parametrize(
    ("costs", "sum_"),
    [([], None), ([0.01, 0.02], 0.03), ([0.01, None, 0.02], None)],
)
def test_money_is_added_up_unless_something_has_no_price(
    costs: list[float | None], sum_: float | None
) -> None:
    watched = Watched()
    watched.tell(*(Usage(kind="reply", cost_usd=cost) for cost in costs))
    assert watched.onlooker.cost_usd == (None if sum_ is None else pytest.approx(sum_))


def test_questions_stand_with_the_replies_that_answer_them() -> None:
    async def story() -> None:
        watched = Watched()
        call = DeskCall(driver=FakeSound())
        watched.record.begin(call, simulated=True)
        greeting, answer = Turn("1"), Turn("2")
        for turn in (greeting, answer):
            reply(turn, bytes(48_000))
            call.turns.append(turn)
        greeting.finish()
        answer.timings.user_stopped = anyio.current_time()
        answer.grow(1.0, "b")
        watched.tell(
            Transcript(speaker="user", text="hal", final=False),
            Transcript(speaker="user", text="half past"),
            Transcript(speaker="agent", text="never hea", item_id="b", final=False),
            Transcript(speaker="agent", text="never heard", item_id="b"),
        )
        answer.cut()
        first, second = watched.record.report(0.5).turns
        assert (first.user_words, first.agent_words_played) == ("", None)
        assert (second.user_words, second.agent_words) == ("half past", "never heard")
        assert second.agent_words_played == "heard 0.0 of 2.0 s (estimated)"

    run_virtually("asyncio", story)
