"""Tools at work in a conversation: seen by the caller, in virtual time."""

from __future__ import annotations

import anyio
import numpy as np
import pytest

from voxpipe.pipeline import (
    Image,
    ReplyWanted,
    ToolCall,
)
from voxpipe.processors.tools import (
    Filler,
    Progress,
    ToolOutput,
    tool,
)
from voxpipe.simulator import CallTool, Line, When

from .conversation import (
    GO,
    NEVER_SAID,
    ONE_MOMENT,
    Conversation,
    converse,
    script,
    waits,
    works_for,
)

# --- several calls


def test_several_calls_of_one_reply_are_answered_together_and_once() -> None:
    @tool
    async def other() -> str:
        await anyio.sleep(3)  # virtual
        return "also done"

    story = script(
        Line(
            calls=[CallTool(name="work"), CallTool(name="other"), CallTool(name="work")]
        ),
        Line(say="{results.work} and {results.other}."),
        Line(say="This is one too many."),
    )
    held = converse([works_for(1), other], story, waits(10))
    assert held.said == ["done and also done."]
    assert len(held.answers()) == 3


# --- while a tool works


def test_a_filler_is_said_when_nobody_has_spoken_for_a_while() -> None:
    story = script(GO, Line(say="It is {result}."))
    held = converse([works_for(6, filler=ONE_MOMENT)], story, waits(12))
    assert held.said == ["One moment, please.", "It is done."]


def test_a_tool_that_is_quick_needs_no_filler() -> None:
    story = script(GO, Line(say="It is {result}."))
    held = converse([works_for(1)], story, waits(12), filler=ONE_MOMENT)
    assert held.said == ["It is done."]
    assert held.updates() == ["filler"]


def test_a_filler_can_be_said_again_and_again() -> None:
    story = script(GO, Line(say="It is {result}."))
    filler = Filler("One moment, please.", after=2.0, every=5.0)
    held = converse([works_for(16)], story, waits(20), filler=filler)
    assert held.said == [*["One moment, please."] * 3, "It is done."]


def test_silence_is_counted_from_the_last_word_that_was_heard() -> None:
    talk = "I will look that up for you in our big old book of times, one by one."
    story = script(
        Line(say=talk, calls=[CallTool(name="work")]), Line(say="It is {result}.")
    )
    held = converse([works_for(5)], story, waits(15), filler=ONE_MOMENT)
    assert held.said == [talk, "It is done."]


def test_without_words_the_model_finds_its_own() -> None:
    rule = When(instructions="takes longer", say="Still looking.")
    story = script(GO, Line(say="It is {result}."), rules=(rule,))
    held = converse([works_for(6, filler=Filler())], story, waits(12))
    assert held.said == ["Still looking.", "It is done."]


def test_a_tool_tells_how_far_it_is() -> None:
    @tool(timeout=60)
    async def work(progress: Progress) -> str:
        progress("half of it is done")
        await anyio.sleep(5)  # virtual
        progress.say("Nearly there.")
        await anyio.sleep(5)  # virtual
        progress("all of it")  # too late to be said
        return "done"

    rule = When(instructions="half of it is done", say="Half is done.")
    never = When(instructions="all of it", say="This is one too many.")
    story = script(GO, Line(say="It is {result}."), rules=(rule, never))
    held = converse([work], story, waits(20))
    assert held.said == ["Half is done.", "Nearly there.", "It is done."]


# --- who speaks next


@pytest.mark.parametrize("reply", ["never", "if_silent"])
def test_a_farewell_is_said_once(reply: ReplyWanted) -> None:
    story = script(Line(say="Goodbye.", calls=[CallTool(name="work")]), NEVER_SAID)
    held = converse([works_for(1, reply=reply)], story, waits(10))
    assert held.said == ["Goodbye."]
    assert held.answers() == [("done", None)]


def test_a_model_that_has_called_in_silence_speaks_afterwards() -> None:
    story = script(GO, Line(say="Goodbye."), NEVER_SAID)
    held = converse([works_for(1, reply="if_silent")], story, waits(10))
    assert held.said == ["Goodbye."]


def test_a_note_that_is_taken_in_silence_leaves_it_silent() -> None:
    held = converse([works_for(1, reply="never")], script(GO, NEVER_SAID), waits(10))
    assert held.said == []


def test_one_result_can_want_another_reply_than_its_tool() -> None:
    @tool(reply="always")
    async def work() -> ToolOutput:
        return ToolOutput("done", reply="never")

    held = converse([work], script(GO, NEVER_SAID), waits(10))
    assert held.said == []
    assert held.answers() == [("done", None)]


def test_a_note_that_could_not_be_taken_is_always_told() -> None:
    @tool(reply="never")
    async def work() -> None:
        raise ValueError("full")

    held = converse([work], script(GO, Line(say="Sorry.")), waits(10))
    assert held.said == ["Sorry."]


def test_beside_a_note_another_tool_is_answered() -> None:
    @tool(reply="never")
    async def note() -> str:
        await anyio.sleep(3)  # virtual
        return "noted"

    both = Line(say="One moment.", calls=[CallTool(name="note"), CallTool(name="work")])
    story = script(both, Line(say="It is {results.work}."), NEVER_SAID)
    held = converse([works_for(1), note], story, waits(10))
    assert held.said == ["One moment.", "It is done."]


def test_what_is_said_while_a_tool_works_is_not_its_reply() -> None:
    story = script(GO, Line(say="Goodbye."))
    made = works_for(6, filler=ONE_MOMENT, reply="if_silent")
    held = converse([made], story, waits(12))
    assert held.said == ["One moment, please.", "Goodbye."]


@pytest.mark.parametrize(
    ("reply", "last"),
    [("always", ["It is done."]), ("if_silent", ["It is done."]), ("never", [])],
)
def test_a_result_too_late_for_the_reply_to_an_interruption_is_told_if_it_is_wanted(
    reply: ReplyWanted, last: list[str]
) -> None:
    story = script(GO, Line(say="It is {result}."), rules=(TIME,))
    made = works_for(8, filler=ONE_MOMENT, reply=reply)
    held = converse([made], story, _interrupts)
    assert held.said[1:] == ["It is noon.", *last]


def test_a_detached_result_is_told_if_it_is_wanted() -> None:
    made = works_for(8, filler=ONE_MOMENT, on_interruption="detach", reply="never")
    held = converse([made], script(GO, NEVER_SAID, rules=(TIME,)), _interrupts)
    assert held.said[1:] == ["It is noon."]


# --- pictures


def test_a_picture_is_shown_and_the_caller_has_not_shown_it() -> None:
    room = Image.of_array(np.zeros((2, 2), dtype=np.uint8))

    @tool
    async def look() -> dict[str, object]:
        return {"room": 7, "photo": room}

    story = script(
        Line(calls=[CallTool(name="look")]),
        Line(say="It is dark.", calls=[CallTool(name="look")]),
        Line(say="It is dark in {result}."),
    )
    held = converse([look], story, waits(10))
    assert held.said[0] == "It is dark."
    shown = [each for each in held.model.history if each.pictures]
    assert len(shown) == 2
    assert all("the caller has not sent this" in each.text for each in shown)
    # A picture is no turn of the caller's, who could have agreed in it to something.
    calls = [each for each in held.calls.frames if isinstance(each, ToolCall)]
    assert [each.caller_turns for each in calls] == [1, 1]


# --- interruptions


async def _interrupts(conversation: Conversation) -> None:
    await anyio.sleep(2.6)  # virtual: while the filler is heard
    conversation.model.interrupt()
    conversation.model.send_text("and what is the time?")
    await anyio.sleep(12)  # virtual


TIME = When(text="what is the time", say="It is noon.", times=1)


def test_a_tool_goes_on_when_the_caller_interrupts() -> None:
    story = script(GO, Line(say="It is {result}."), rules=(TIME,))
    held = converse([works_for(8, filler=ONE_MOMENT)], story, _interrupts)
    assert held.said[1:] == ["It is noon.", "It is done."]
    assert held.answers() == [("done", None)]


def test_a_tool_can_be_cancelled_when_the_caller_interrupts() -> None:
    made = works_for(8, filler=ONE_MOMENT, on_interruption="cancel")
    held = converse([made], script(GO, rules=(TIME,)), _interrupts)
    ((output, error),) = held.answers()
    assert error == "cancelled"
    assert "interrupted" in output


def test_a_detached_tool_holds_nobody_up_and_is_told_when_it_is_done() -> None:
    made = works_for(8, filler=ONE_MOMENT, on_interruption="detach")
    story = script(GO, Line(say="It is {result}."), rules=(TIME,))
    held = converse([made], story, _interrupts)
    assert held.updates() == ["filler", "detached"]
    assert held.said[1:] == ["It is noon.", "It is done."]
    assert held.answers() == [("done", None)]
