"""Halves of characters are replaced, and nothing else is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline.runtime.surrogates import (
    json_text,
    mended_json,
    replace_surrogates,
)

HIGH, LOW, GRIN = "\ud83d", "\ude00", "\U0001f600"


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("plain", "plain"),
        (f"été {GRIN}", f"été {GRIN}"),
        (HIGH, "\ufffd"),
        (f"cut {HIGH}", "cut \ufffd"),
        (f"{HIGH} here, {LOW} there", "\ufffd here, \ufffd there"),
        (f"{LOW}{HIGH}", "\ufffd\ufffd"),
        (f"{HIGH}{LOW}", GRIN),
        ("\ufeffmark", "\ufeffmark"),
    ],
    ids=ascii,
)
def test_a_half_becomes_a_replacement_character(text: str, mended: str) -> None:
    assert replace_surrogates(text) == mended


@given(st.text(st.characters(codec=None)))
def test_whatever_a_string_holds_goes_out_as_json_that_utf_8_can_carry(
    text: str,
) -> None:
    for value in (text, {text: [text]}):
        wire = json_text(value).encode()
        read = json.loads(wire)
        json.dumps(read, ensure_ascii=False).encode()  # no half is written in it either
        if replace_surrogates(text) == text:
            assert read == value


def test_json_in_a_text_is_mended_and_otherwise_left_as_it_was_written() -> None:
    assert mended_json('{"a":  "\\uD83D", "b": 1}') == '{"a": "\ufffd", "b": 1}'
    for fine in ('{"a":  "\\ud83d\\ude00"}', '{"a":  "\\\\ud83d"}', "\\ud83d {", "{}"):
        assert mended_json(fine) == fine
