"""Hundreds of answers in five languages: none that is no yes is taken for one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.processors.consent import ENGLISH, Consent, Phrases, consent

CORPUS = Path(__file__).with_name("corpus.txt")
LANGUAGES = ["en", "de", "fr", "es", "it"]


def answers(meaning: str, language: str = "") -> list[str]:
    """What people say who mean that."""
    found: list[str] = []
    heading = ""
    for line in CORPUS.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            heading = line.strip("[]")
        elif line and not line.startswith("#"):
            of, means = heading.split()
            if means == meaning and of.startswith(language):
                found.append(line)
    return found


def test_the_corpus_is_large_enough_to_mean_something() -> None:
    for language in LANGUAGES:
        assert len(answers("agrees", language)) >= 50
        assert len(answers("refuses", language)) >= 30
        assert len(answers("doubts", language)) >= 40


@pytest.mark.parametrize("meaning", ["refuses", "doubts"])
def test_nothing_that_is_no_yes_is_taken_for_one(meaning: str) -> None:
    assert not [words for words in answers(meaning) if consent(words)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_plain_yes_is_understood(language: str) -> None:
    said = answers("agrees", language)
    missed = [words for words in said if consent(words) is not True]
    assert len(missed) <= 0.05 * len(said), missed


def test_a_yes_is_never_a_no_and_a_doubt_is_neither() -> None:
    both = answers("agrees") + answers("doubts")
    assert not [words for words in both if consent(words) is False]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_plain_no_is_understood(language: str) -> None:
    said = answers("refuses", language)
    assert sum(consent(words) is False for words in said) >= 0.4 * len(said)


@given(st.sampled_from(answers("agrees")))
def test_a_question_mark_makes_a_yes_no_yes(words: str) -> None:
    assert consent(f"{words}?") is None
    assert consent(f"¿{words}") is None


@given(st.sampled_from(answers("agrees")), st.text(st.characters(categories=["L"])))
def test_a_word_that_nobody_knows_makes_a_yes_no_yes(words: str, unknown: str) -> None:
    assert consent(f"{words} xx{unknown}") is None
    assert consent(f"xx{unknown} {words}") is None


@given(st.text())
def test_nothing_else_is_a_yes(words: str) -> None:
    assert consent(f"zz {words}") is None


def test_a_language_that_was_not_asked_for_says_nothing() -> None:
    assert Consent(ENGLISH)("Ja.") is None
    dutch = Consent(Phrases(agrees="ja, ja graag", refuses="nee", beside="hoor"))
    assert [dutch(each) for each in ("Ja hoor!", "Nee.", "Misschien.")] == [
        True,
        False,
        None,
    ]
