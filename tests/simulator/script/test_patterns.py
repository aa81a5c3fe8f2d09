"""Patterns of scripts: where they are found, and what is none."""

from __future__ import annotations

import pytest

from voxpipe.simulator.script.patterns import found, mistake_in


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"\bopen\b", "Are you OPEN?"),
        ("(?P<day>sun|mon)day", "On Sunday"),
        ("grüße", "Viele GRÜSSE und Grüße"),
        ("^b.c$", "b c"),
        (None, ""),
        ("a", "\ud800a"),  # half a character, which JSON can carry
    ],
)
def test_a_pattern_is_found_anywhere_in_any_case(
    pattern: str | None, text: str
) -> None:
    assert found(pattern, text)


@pytest.mark.parametrize("pattern", ["(", "(?=a)b", r"(a)\1", "((a{999}){999}){999}"])
def test_what_is_no_pattern_has_a_reason(pattern: str) -> None:
    assert mistake_in(pattern)
