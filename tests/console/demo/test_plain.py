from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.console.demo.plain import columns, fit, safe, tail


@given(st.text(st.characters(codec=None)))
def test_nothing_said_can_command_a_terminal(text: str) -> None:
    shown = safe(text)
    assert all(char.isprintable() or char in "\u200c\u200d" for char in shown)
    shown.encode()  # a lone surrogate could not be written


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2Jgone", r"\x1b[2Jgone"),
        ("one\r\ntwo\tthree", "one two three"),
        ("a\u202eb", r"a\u202eb"),
        ("\x9b31m", r"\x9b31m"),
        ("Grüße, 日本 👩\u200d🍳", "Grüße, 日本 👩\u200d🍳"),
    ],
)
def test_what_could_command_is_made_visible(text: str, shown: str) -> None:
    assert safe(text) == shown


@given(text=st.text(), width=st.integers(0, 30))
def test_cut_text_fits_its_columns(text: str, width: int) -> None:
    text = safe(text)
    beginning, end = fit(text, width), tail(text, width)
    assert columns(beginning) <= width
    assert columns(end) <= width
    if columns(text) <= width:
        assert beginning == end == text
    else:
        assert text.startswith(beginning.rstrip("…"))
        assert text.endswith(end.removeprefix("…"))


def test_wide_and_combining_characters_are_counted_as_terminals_do() -> None:
    assert columns("日本") == 4
    assert columns("e\u0301") == 1
    assert fit("日本語", 5) == "日本…"
