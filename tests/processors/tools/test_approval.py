"""Questions to the caller: what is asked, what is answered, and what is forgotten."""

from __future__ import annotations

import json

import pytest

from voxpipe.pipeline import ToolCall
from voxpipe.processors.tools import ArgumentsError, ByVoice, Proposal
from voxpipe.processors.tools.approval import (
    APPROVAL_TIMEOUT,
    DECIDE,
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
    return ToolCall(call_id="d", name=DECIDE, arguments=text, caller_turns=turns)


def error_of(answer: CallAnswer | ToolCall) -> str | None:
    assert isinstance(answer, CallAnswer)
    return answer.error


def test_what_runs_is_what_was_proposed() -> None:
    questions, proposed = Questions(), call(turns=1, euros=7)
    asked = questions.ask(proposed, ByVoice("May I?"), 0.0)
    needed = json.loads(asked.output)["approval_needed"]
    assert (needed["question"], needed["request"]) == ("May I?", "approval_1")
    assert questions.decide(decision(2), 1.0) is proposed


def test_without_a_question_the_model_finds_its_own() -> None:
    asked = Questions().ask(call(), ByVoice(), 0.0)
    assert "ask if you may" in asked.output


def test_the_caller_has_to_have_had_a_turn() -> None:
    questions = Questions()
    questions.ask(call(turns=1), ByVoice(), 0.0)
    assert error_of(questions.decide(decision(1), 1.0)) == "approval_needed"
    assert isinstance(questions.decide(decision(2), 1.0), ToolCall)  # still open


def test_a_no_is_final() -> None:
    questions = Questions()
    questions.ask(call(), ByVoice(), 0.0)
    assert error_of(questions.decide(decision(1, agreed=False), 1.0)) == "refused"
    assert error_of(questions.decide(decision(2), 2.0)) == "refused"


def test_an_answer_comes_too_late_some_time() -> None:
    questions = Questions()
    questions.ask(call(), ByVoice(), 0.0)
    assert error_of(questions.decide(decision(1), APPROVAL_TIMEOUT + 1)) == "refused"


def test_the_oldest_question_is_forgotten_when_there_are_too_many() -> None:
    questions = Questions()
    for _ in range(MAX_QUESTIONS + 1):
        questions.ask(call(), ByVoice(), 0.0)
    assert error_of(questions.decide(decision(1, "approval_1"), 1.0)) == "refused"
    assert isinstance(questions.decide(decision(1, "approval_2"), 1.0), ToolCall)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"request": 1, "agreed": true}', '{"request": "x"}'],
)
def test_nonsense_is_no_decision(text: str) -> None:
    with pytest.raises(ArgumentsError, match="request, a string"):
        Questions().decide(ToolCall(call_id="d", name=DECIDE, arguments=text), 0.0)


@pytest.mark.parametrize("agreed", ["true", 1, None])
def test_only_true_is_a_yes(agreed: object) -> None:
    questions = Questions()
    questions.ask(call(), ByVoice(), 0.0)
    with pytest.raises(ArgumentsError):
        questions.decide(decision(1, agreed=agreed), 1.0)


def test_a_proposal_shows_no_arguments() -> None:
    shown = repr(Proposal("c", "pay", {"card": "1234"}))
    assert "pay" in shown
    assert "1234" not in shown
