"""The tutor hands hard questions over, and says what came back."""

from __future__ import annotations

from pathlib import Path
from runpy import run_path

import anyio
import pytest

from voxpipe.simulator import Failure, Line, Script, Written

TUTOR = run_path(str(Path(__file__).parents[2] / "examples" / "tutor.py"))


HANGS_UP = ["  tool  {}", "  tool  done"]


def lesson(script: Script, told: pytest.CaptureFixture[str]) -> list[str]:
    """What both sides said, and what went between the models.

    Both are real servers, in real time: on a busy machine the tutor may say that it
    thinks.
    """
    heard: float = anyio.run(TUTOR["learn"], script)
    assert heard > 0.5
    greeting, *lines = told.readouterr().out.splitlines()
    assert greeting.endswith(TUTOR["GREETING"])
    return [line for line in lines if "Let me think about that." not in line]


def test_the_voice_says_what_the_text_model_has_found(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = lesson(TUTOR["SCRIPT"], capsys)
    assert lines[0].endswith(TUTOR["QUESTION"])
    assert lines[2:] == [
        "  tool  It is 59 times 61.",
        " agent  It is not. It is 59 times 61.",
        *HANGS_UP,
    ]


def test_a_text_model_that_fails_is_out_of_reach_and_the_call_goes_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    fails = Written(fails=Failure(message="secret"))
    script: Script = TUTOR["SCRIPT"]
    ends = script.replies[1].calls
    replies = (script.replies[0], Line(say="I do not know.", calls=ends))
    script = script.model_copy(update={"written": (fails,), "replies": replies})
    lines = lesson(script, capsys)
    assert "unavailable" in lines[2]
    assert "has not found an answer" in lines[2]
    assert lines[3:] == [" agent  I do not know.", *HANGS_UP]
    assert "secret" not in "".join(lines)
