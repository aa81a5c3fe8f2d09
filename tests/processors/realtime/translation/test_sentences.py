"""Sentences out of a stream of words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.processors.realtime.translation.sentences import LONGEST, Sentences


def cut(*deltas: str) -> list[str]:
    """All sentences of a stream."""
    sentences = Sentences()
    told = [text for delta in deltas for text in sentences.add(delta)]
    return [*told, *sentences.end()]


@pytest.mark.parametrize(
    ("deltas", "told"),
    [
        (["Good", " evening", ".", " How are you?"], ["Good evening.", "How are you?"]),
        (["It is 3", ".5 degrees."], ["It is 3.5 degrees."]),
        (["In 2026", ".", " Then"], ["In 2026.", "Then"]),
        (["Wait", "...", " what?!"], ["Wait...", "what?!"]),
        (["»Ja", ".« ", "Nein."], ["»Ja.«", "Nein."]),
        (["Said (so.)", " Well."], ["Said (so.)", "Well."]),
        (["こんばんは。", "元気ですか?"], ["こんばんは。", "元気ですか?"]),
        (["", "  ", "\n"], []),
        (["no end"], ["no end"]),
    ],
)
def test_a_sentence_ends_where_people_end_it(
    deltas: list[str], told: list[str]
) -> None:
    assert cut(*deltas) == told


def test_whoever_speaks_without_a_pause_is_cut_at_a_word() -> None:
    told = cut("and so on " * 200)
    assert all(len(text) <= LONGEST for text in told)
    assert " ".join(told) == ("and so on " * 200).strip()


@given(st.lists(st.text(st.sampled_from("ab 1.?!。\n\"'"), max_size=40), max_size=40))
def test_no_word_is_lost_and_nothing_grows(deltas: list[str]) -> None:
    sentences = Sentences()
    told: list[str] = []
    for delta in deltas:
        told += sentences.add(delta)
        assert len(sentences.text) <= LONGEST + len(delta)
    told += sentences.end()
    assert "".join("".join(told).split()) == "".join("".join(deltas).split())
    assert all(text.strip() == text != "" for text in told)
    assert sentences.number == len(told)
