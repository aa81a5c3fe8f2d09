"""Scripts: what they may say, and what is said about those that will not do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from voxpipe.simulator import (
    CallTool,
    Line,
    Script,
    ScriptError,
    Timing,
    load_script,
    parse_script,
)

GOOD = """\
replies:
  - heard: Are you open on Sunday?
    say: One moment.
    calls:
      - name: opening_hours
        arguments: {day: Sunday}
  - say: [Well., "We are open {result.hours}."]
    wait_ms: 1500
then: repeat
timing:
  first_audio_ms: 300
"""


def test_a_script_in_yaml_is_the_script_in_python(tmp_path: Path) -> None:
    path = tmp_path / "script.yaml"
    path.write_text(GOOD, encoding="utf-8")
    assert load_script(path) == Script(
        replies=(
            Line(
                heard="Are you open on Sunday?",
                say=("One moment.",),
                calls=(CallTool(name="opening_hours", arguments={"day": "Sunday"}),),
            ),
            Line(say=("Well.", "We are open {result.hours}."), wait_ms=1500),
        ),
        then="repeat",
        timing=Timing(first_audio_ms=300),
    )


@pytest.mark.parametrize(
    ("made", "cure"),
    [
        (lambda: Line(says="Well."), "says: there is no such field, did you mean say?"),  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
        (lambda: Script(replys=()), "replys: .* did you mean replies?"),  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
        (lambda: Timing(x=1), "x: there is no such field; the fields here are first_"),  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
        (
            lambda: Script.model_validate({"replies": [{"calls": [{"nam": "x"}]}]}),
            "nam: .* did you mean name?",
        ),
    ],
)
def test_a_field_that_there_is_not_is_told_with_the_one_that_was_meant(
    made: Callable[[], object], cure: str
) -> None:
    with pytest.raises(ValidationError, match=cure.replace("?", r"\?")):
        made()


def test_an_empty_file_is_a_script_that_echoes() -> None:
    assert parse_script("") == Script()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "say: One",
            "says: One",
            [
                "line 3, replies.0.says",
                "did you mean say?",
                "the fields here are say, calls",
            ],
        ),
        ("name: opening_hours", "nam: x", ["replies.0.calls.0.nam", "name, arguments"]),
        (
            "name: opening_hours\n        ",
            "",
            ["line 5", "calls.0.name: Field required"],
        ),
        ("wait_ms: 1500", "wait_ms: soon", ["line 8, replies.1.wait_ms", "str here"]),
        (
            "then: repeat",
            "then: stop",
            ["line 9, then", "'repeat' or 'call_tools'"],
        ),
        (
            "first_audio_ms",
            "first_audio",
            ["line 11, timing.first_audio", "first_audio_ms"],
        ),
        ("replies:", "reply:", ["line 1, reply", "did you mean replies?"]),
        ("{day: Sunday}", "{day: Sunday", ["this is not YAML"]),
        ("say: One moment.", "say: 5", ["line 3, replies.0.say"]),
    ],
)
def test_a_wrong_script_is_told_by_line_field_and_cure(
    old: str, new: str, words: list[str]
) -> None:
    assert old in GOOD
    with pytest.raises(ScriptError) as wrong:
        parse_script(GOOD.replace(old, new), name="my.yaml")
    for each in ("my.yaml", *words):
        assert each in str(wrong.value)


@pytest.mark.parametrize("text", ["5", "- a", "replies: {}", "a: [", "\x00", "&a [*a]"])
def test_what_is_no_script_at_all_is_a_script_error(text: str) -> None:
    with pytest.raises(ScriptError):
        parse_script(text)


@given(st.text(max_size=200))
def test_no_text_does_anything_else_than_to_be_a_script_or_not(text: str) -> None:
    try:
        parse_script(text)
    except ScriptError as error:
        assert str(error)  # noqa: PT017 - both outcomes are right


def test_a_file_that_cannot_be_read_is_a_script_error(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match="cannot read the script"):
        load_script(tmp_path / "absent.yaml")
    (tmp_path / "latin.yaml").write_bytes("say: Café".encode("latin-1"))
    with pytest.raises(ScriptError, match="cannot read the script"):
        load_script(tmp_path / "latin.yaml")


@given(st.floats(1, 5_000), st.floats(0, 5_000), st.integers())
def test_first_audio_is_scattered_around_what_it_was_said_to_be(
    median: float, spread: float, seed: int
) -> None:
    timing = Timing(first_audio_ms=median, first_audio_spread_ms=spread)
    dice = Random(seed)
    waits = sorted(timing.first_audio(dice) for _ in range(201))
    median, spread = median / 1000, spread / 1000  # as it counts: back is not the same

    assert waits[0] > 0
    if spread == 0:
        assert set(waits) == {median}
    # Five of six and more are within the spread above; the median is where it was put.
    assert sum(each <= median + spread + 1e-9 for each in waits) > 140
    assert median / (1 + spread / median) <= waits[100] <= median + spread + 1e-9
