"""A session is lost, and the caller does not notice."""

from __future__ import annotations

import pytest

from .cuts import AUDIBLE, HOW, LONG, STATES, Cut, Sessions, plans
from .loops import BACKENDS, Backend, run_virtually

KINDS = [
    ("user", "message"),
    ("tool", "function_call"),
    ("tool", "function_call_output"),
    ("agent", "message"),
    ("user", "message"),
    ("agent", "message"),
]


def held(state: str, how: str, backend: Backend) -> Cut:
    """The conversation, cut in this state and in this way."""
    conversation = Cut(Sessions(*plans(state, how)))
    run_virtually(backend, conversation.hold)
    assert len(conversation.told) >= 1
    return conversation


def check(conversation: Cut) -> None:
    """Nothing is lost, nothing is double, and nothing stale was heard."""
    assert [item[:2] for item in conversation.items] == KINDS
    answer, last = conversation.items[3][2], conversation.items[5][2]
    assert answer
    assert LONG.startswith(answer)
    assert last == "All right."
    assert conversation.runs == 1
    assert conversation.samples == AUDIBLE
    assert conversation.played == pytest.approx(conversation.heard, abs=0.001)
    assert conversation.told[-1].lost_audio == 0
    assert not conversation.told[-1].left_out


@pytest.mark.parametrize(
    ("state", "how"),
    [
        # Each state once, in one way after the other; the rest with what is slow.
        pytest.param(state, how, marks=() if at % 4 == which else pytest.mark.slow)
        for at, state in enumerate(STATES)
        for which, how in enumerate(HOW)
    ],
)
def test_a_session_can_be_lost_in_any_state_and_in_any_way(
    state: str, how: str
) -> None:
    backend = BACKENDS[(STATES.index(state) + HOW.index(how)) % 2]
    check(held(state, how, backend))


@pytest.mark.slow
@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("state", STATES)
def test_and_on_the_other_loop_too(state: str, how: str) -> None:
    backend = BACKENDS[(STATES.index(state) + HOW.index(how) + 1) % 2]
    check(held(state, how, backend))
