"""Who must agree before a tool runs, in a conversation: a person, or the caller."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable

import anyio
import pytest

from voxpipe.pipeline import (
    Pipeline,
    ToolCall,
    WiringError,
)
from voxpipe.pipeline.testing import Probe, Source
from voxpipe.processors.tools import (
    ByVoice,
    Context,
    Proposal,
    Refused,
    ToolRouter,
    tool,
)
from voxpipe.simulator import CallTool, Line

from .conversation import GO, NEVER_SAID, Conversation, Plot, converse, script, waits


def test_a_human_may_take_minutes_to_approve() -> None:
    asked: list[Proposal] = []

    async def supervisor(proposal: Proposal) -> bool:
        asked.append(proposal)
        await anyio.sleep(300)  # virtual
        return True

    @tool(approval=supervisor)
    async def work(amount: int) -> str:
        return f"{amount} paid"

    story = script(
        Line(calls=[CallTool(name="work", arguments={"amount": 7})]),
        Line(say="{result}."),
    )
    held = converse([work], story, waits(310))
    assert held.said == ["7 paid."]
    assert [(each.tool, dict(each.arguments)) for each in asked] == [
        ("work", {"amount": 7})
    ]


def test_who_approves_is_not_asked_about_the_context() -> None:
    asked: list[Proposal] = []

    async def supervisor(proposal: Proposal) -> bool:
        asked.append(proposal)
        return True

    @tool(approval=supervisor)
    async def work(caller: Context[str], times: int) -> str:
        return f"{caller}: {times}"

    story = script(TWICE, Line(say="{result}"))
    held = converse([work], story, waits(5), context="Ada")
    assert held.answers() == [("Ada: 2", None)]
    assert [dict(each.arguments) for each in asked] == [{"times": 2}]


async def _no(proposal: Proposal) -> bool:
    return False


async def _never(proposal: Proposal) -> bool:
    await anyio.sleep_forever()
    return True


async def _not_today(proposal: Proposal) -> bool:
    raise Refused("not on a Sunday")


async def _is_broken(proposal: Proposal) -> bool:
    raise OSError("secret")


@pytest.mark.parametrize(
    ("approval", "why"),
    [
        (_no, "not approved"),
        (_not_today, "not on a Sunday"),
        (_is_broken, "could not be asked"),
        (_never, "within 600 s"),
    ],
)
def test_what_is_not_approved_is_not_done(
    approval: Callable[[Proposal], Awaitable[bool]], why: str
) -> None:
    done: list[str] = []

    @tool(approval=approval)
    async def work() -> None:
        done.append("work")

    story = script(GO, Line(say="Sorry."))
    held = converse([work], story, waits(620))
    ((output, error),) = held.answers()
    assert error == "refused"
    assert why in output
    assert "secret" not in output
    assert not done
    assert held.said == ["Sorry."]


def test_nobody_waits_for_an_approval_when_the_caller_has_gone() -> None:
    @tool(approval=_never)
    async def work() -> None: ...

    ((_, error),) = converse([work], script(GO), waits(5)).answers()
    assert error == "cancelled"


def decides(agreed: bool) -> Line:
    """The model says what the caller has answered."""
    return Line(
        calls=[
            CallTool(
                name="answer_approval",
                arguments={"request": "approval_1", "agreed": agreed},
            )
        ]
    )


def says(*answers: str) -> Plot:
    """What the caller answers, each time that they are asked."""

    async def plot(conversation: Conversation) -> None:
        for words in answers:
            await anyio.sleep(5)  # virtual
            conversation.model.send_text(words)
        await anyio.sleep(5)  # virtual

    return plot


_answers = says("Yes, please.")


@tool(approval=ByVoice("May I really do it?"))
async def work(times: int = 1) -> str:
    """Work."""
    return f"done {times} times"


TWICE = Line(calls=[CallTool(name="work", arguments={"times": 2})])


@pytest.mark.parametrize(("agreed", "last"), [(True, None), (False, "refused")])
def test_the_caller_is_asked_by_voice(agreed: bool, last: str | None) -> None:
    story = script(
        TWICE, Line(say="May I really do it?"), decides(agreed), Line(say="{result}")
    )
    held = converse([work], story, _answers)
    (question, first), (output, second) = held.answers()
    assert json.loads(question)["approval_needed"]["question"] == "May I really do it?"
    assert (first, second) == ("approval_needed", last)
    assert (output == "done 2 times") is agreed


def test_a_model_cannot_agree_in_the_callers_place() -> None:
    story = script(TWICE, decides(True), Line(say="May I really do it?"))
    held = converse([work], story, waits(5))
    assert [error for _, error in held.answers()] == ["approval_needed"] * 2


def test_an_agreement_is_good_for_one_call() -> None:
    story = script(TWICE, Line(say="May I?"), decides(True), decides(True), Line())
    held = converse([work], story, _answers)
    assert [e for _, e in held.answers()] == ["approval_needed", None, "refused"]


def test_a_question_for_approval_is_asked_whatever_the_tool_wants() -> None:
    @tool(approval=ByVoice("May I?"), reply="never")
    async def work() -> str:
        return "done"

    story = script(GO, Line(say="May I?"), decides(True), NEVER_SAID)
    held = converse([work], story, _answers)
    assert held.said == ["May I?"]
    assert [error for _, error in held.answers()] == ["approval_needed", None]


MAY_I = Line(say="May I really do it?")


@pytest.mark.parametrize(
    "answer", ["No!", "Hm.", "Are you sure?", "Nah, it's okay.", "Nein, okay?"]
)
def test_a_model_that_says_they_have_agreed_is_not_believed(answer: str) -> None:
    story = script(TWICE, MAY_I, decides(True), Line(say="Sorry."))
    held = converse([work], story, says(answer))
    (_, first), (output, second) = held.answers()
    assert first == "approval_needed"
    assert second in ("approval_needed", "refused")
    assert "done" not in output


def test_a_caller_who_asks_back_is_asked_again() -> None:
    story = script(TWICE, MAY_I, decides(True), MAY_I, decides(True), Line(say="Done."))
    held = converse([work], story, says("Are you sure?", "Yes."))
    errors = [error for _, error in held.answers()]
    assert errors == ["approval_needed", "approval_needed", None]


def test_a_caller_who_is_answered_and_agrees_then_is_asked_no_more() -> None:
    story = script(TWICE, MAY_I, Line(say="For you. May I?"), decides(True), Line())
    held = converse([work], story, says("What for?", "Oh. Yes."))
    assert [error for _, error in held.answers()] == ["approval_needed", None]


def test_a_caller_who_is_not_understood_three_times_is_offered_a_person() -> None:
    story = script(TWICE, *[MAY_I, decides(True)] * 3, Line(say="Sorry."))
    held = converse([work], story, says("Hm.", "Well.", "Hm."))
    output, error = held.answers()[-1]
    assert error == "refused"
    assert "person" in output


def test_a_caller_who_is_not_understood_can_key_in_a_code() -> None:
    codes: list[str] = []

    async def keys_in(conversation: Conversation) -> None:
        await says("Hm.")(conversation)
        output, _ = conversation.answers()[-1]
        code = re.search(r"pressing (\d \d \d) on", output)
        assert code is not None
        codes.append(code[1].replace(" ", ""))
        await conversation.keypad.press(f"7{codes[0]}")
        await says("I have.")(conversation)

    story = script(TWICE, MAY_I, decides(True), MAY_I, decides(True), Line(say="Done."))
    held = converse([work], story, keys_in)
    assert held.answers()[-1] == ("done 2 times", None)


def test_another_code_agrees_to_nothing() -> None:
    async def keys_in(conversation: Conversation) -> None:
        await says("Hm.")(conversation)
        await conversation.keypad.press("000")
        await says("I have.")(conversation)

    story = script(
        TWICE, MAY_I, decides(True), MAY_I, decides(True), Line(say="Sorry.")
    )
    held = converse([work], story, keys_in)
    assert held.answers()[-1][1] == "approval_needed"


async def test_who_asks_by_voice_has_to_hear_the_answers() -> None:
    calls = Source([ToolCall(call_id="1", name="work", arguments="{}")])
    router, probe = ToolRouter([work]), Probe()
    routes = [calls.output >> router.calls, router.results >> probe.input]
    with pytest.raises(WiringError, match=r"model\.transcripts >> "):
        await Pipeline(*routes).run()


def test_calls_say_how_often_the_caller_has_spoken() -> None:
    story = script(TWICE, Line(say="May I?"), decides(True), Line(say="{result}"))
    held = converse([work], story, _answers)
    calls = [each for each in held.calls.frames if isinstance(each, ToolCall)]
    assert [each.caller_turns for each in calls] == [1, 2]
