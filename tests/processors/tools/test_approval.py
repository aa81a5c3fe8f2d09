"""Questions to the caller: what is asked, what is answered, and what is forgotten."""

from __future__ import annotations

import json

import anyio
import pytest

from voxpipe.pipeline import ToolCall, Transcript
from voxpipe.pipeline.testing import run_virtual
from voxpipe.processors.consent import CallerWords
from voxpipe.processors.tools import ArgumentsError, ByVoice, Proposal
from voxpipe.processors.tools.approval import (
    APPROVAL_TIMEOUT,
    DECIDE,
    MAX_ARGUMENTS,
    MAX_QUESTIONS,
    Questions,
)
from voxpipe.processors.tools.outputs import CallAnswer


def call(turns: int = 0, **arguments: object) -> ToolCall:
    text = json.dumps(arguments)
    return ToolCall(call_id="c", name="pay", arguments=text, caller_turns=turns)


def decision(
    turns: int, request: str = "approval_1", agreed: object = True
) -> ToolCall:
    text = json.dumps({"request": request, "agreed": agreed})
    return ToolCall(
        call_id="d",
        name=DECIDE,
        arguments=text,
        caller_turns=turns,
        caller_item=f"item_{turns}",
    )


class Asked:
    """One who was asked, and answers.

    Attributes:
        questions: that are open.
    """

    def __init__(self, *calls: ToolCall, by: ByVoice | None = None) -> None:
        self.words = CallerWords()
        self.questions = Questions(self.words, keys=False)
        for each in calls or [call()]:
            self.questions.ask(each, by or ByVoice(), 0.0)

    def say(self, text: str, item: int = 1) -> None:
        transcript = Transcript(speaker="user", text=text, item_id=f"item_{item}")
        self.words.add(transcript)

    async def decided(
        self, decision: ToolCall, now: float = 1.0
    ) -> str | ToolCall | None:
        """The error, or what may run."""
        answer = await self.questions.decide(decision, now)
        return answer.error if isinstance(answer, CallAnswer) else answer


async def test_what_runs_is_what_was_proposed() -> None:
    proposed = call(turns=1, euros=7)
    asked = Asked(proposed)
    asked.say("Yes.", 2)
    assert await asked.decided(decision(2)) is proposed


def test_the_model_is_told_what_to_ask_and_to_read_all_of_it() -> None:
    questions = Questions(CallerWords(), keys=False)
    asked = questions.ask(call(turns=1, euros=7), ByVoice("May I?"), 0.0)
    needed = json.loads(asked.output)["approval_needed"]
    assert (needed["question"], needed["request"]) == ("May I?", "approval_1")
    assert needed["arguments"] == '{"euros": 7}'
    assert "every value" in needed["next"]
    again = questions.ask(call(), ByVoice(), 0.0)
    assert "Say what you are about to do" in again.output


def test_nobody_is_asked_about_more_than_can_be_read_to_them() -> None:
    with pytest.raises(ArgumentsError, match="read to the caller"):
        Asked(call(note="x" * MAX_ARGUMENTS))


async def test_the_caller_has_to_have_had_a_turn() -> None:
    asked = Asked(call(turns=1))
    asked.say("Yes.", 1)
    assert await asked.decided(decision(1)) == "approval_needed"
    asked.say("Yes.", 2)
    assert isinstance(await asked.decided(decision(2)), ToolCall)  # still open


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("No.", "refused"),
        ("Are you sure?", "approval_needed"),
        ("Nah, it's okay", "approval_needed"),
        ("", "approval_needed"),
    ],
)
async def test_the_callers_own_words_decide_and_not_the_models(
    said: str, error: str
) -> None:
    asked = Asked()
    asked.say(said)
    assert await asked.decided(decision(1)) == error


async def test_words_that_come_late_are_waited_for() -> None:
    asked = Asked()
    done: list[object] = []

    async def decide() -> None:
        done.append(await asked.decided(decision(1)))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(decide)
        await anyio.wait_all_tasks_blocked()
        assert not done
        asked.say("Yes.")
    assert isinstance(done[0], ToolCall)


def test_words_that_never_come_agree_to_nothing() -> None:
    async def decided() -> object:
        return await Asked().decided(decision(1))

    assert run_virtual(decided) == "approval_needed"


async def test_a_no_after_a_yes_counts_and_one_before_it_is_asked_about() -> None:
    asked = Asked()
    asked.say("Yes.", 1)
    asked.say("No, wait!", 2)
    assert await asked.decided(decision(1)) == "approval_needed"
    asked.say("Yes.", 3)
    assert isinstance(await asked.decided(decision(3)), ToolCall)
    asked = Asked()
    asked.say("No.", 1)
    asked.say("Yes.", 2)
    assert await asked.decided(decision(2)) == "approval_needed"


async def test_a_yes_to_another_question_is_none_to_the_next() -> None:
    asked = Asked(call(turns=1))
    asked.say("Yes.", 1)  # late: said before it was asked
    asked.say("Which?", 2)
    assert await asked.decided(decision(2)) == "approval_needed"


async def test_what_the_agent_says_agrees_to_nothing() -> None:
    asked = Asked()
    asked.words.add(Transcript(speaker="agent", text="Yes.", item_id="item_1"))
    asked.words.add(
        Transcript(speaker="user", text="Yes", final=False, item_id="item_1")
    )
    assert asked.words.get("item_1") is None


async def test_a_program_can_understand_another_language() -> None:
    asked = Asked(by=ByVoice(understands=lambda words: words == "Jo men visst"))
    asked.say("Jo men visst")
    assert isinstance(await asked.decided(decision(1)), ToolCall)


async def test_a_no_is_final() -> None:
    asked = Asked()
    assert await asked.decided(decision(1, agreed=False)) == "refused"
    asked.say("Yes.", 2)
    assert await asked.decided(decision(2)) == "refused"


async def test_an_answer_comes_too_late_some_time() -> None:
    asked = Asked()
    asked.say("Yes.")
    assert await asked.decided(decision(1), APPROVAL_TIMEOUT + 1) == "refused"


async def test_the_oldest_question_is_forgotten_when_there_are_too_many() -> None:
    asked = Asked(*[call()] * (MAX_QUESTIONS + 1))
    asked.say("Yes.")
    assert await asked.decided(decision(1, "approval_1")) == "refused"
    assert isinstance(await asked.decided(decision(1, "approval_2")), ToolCall)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"request": 1, "agreed": true}', '{"request": "x"}'],
)
async def test_nonsense_is_no_decision(text: str) -> None:
    with pytest.raises(ArgumentsError, match="request, a string"):
        await Asked().decided(ToolCall(call_id="d", name=DECIDE, arguments=text))


@pytest.mark.parametrize("agreed", ["true", 1, None])
async def test_only_true_is_a_yes(agreed: object) -> None:
    with pytest.raises(ArgumentsError):
        await Asked().decided(decision(1, agreed=agreed))


def test_a_proposal_shows_no_arguments() -> None:
    shown = repr(Proposal("c", "pay", {"card": "1234"}))
    assert "pay" in shown
    assert "1234" not in shown
