from __future__ import annotations

import io
import re

from hypothesis import given
from hypothesis import strategies as st

from voxpipe.console.demo.plain import columns
from voxpipe.console.demo.progress import LineView, ScreenView, live


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(out: io.StringIO) -> list[str]:
    """What a terminal shows after all that was written: lines, the last one moving."""
    lines = [""]
    for part in re.split(r"(\r\x1b\[K|\n)", out.getvalue()):
        if part == "\n":
            lines.append("")
        elif part == "\r\x1b[K":
            lines[-1] = ""
        else:
            lines[-1] += part
    return lines


def test_elsewhere_than_on_a_terminal_there_are_whole_plain_lines() -> None:
    out = io.StringIO()
    view = live(out, seconds=10.0, environment={})
    view.saying("caller", "Are you")
    view.at(1.0)
    view.said("caller", "Are you open?")
    view.note("opening_hours ran")
    view.said("agent", "Yes.")
    view.close()
    assert out.getvalue() == "> Are you open?\n- opening_hours ran\n< Yes.\n"


def test_on_a_terminal_the_last_line_moves_and_what_was_said_stays() -> None:
    out = Terminal()
    view = ScreenView(out, seconds=10.0, width=lambda: 80)
    view.at(2.5)
    assert shown(out) == ["[=====               ]   2.5 s "]
    view.saying("agent", "We are")
    assert shown(out) == ["[=====               ]   2.5 s < We are"]
    view.said("agent", "We are open.")
    view.at(20.0)
    assert shown(out) == ["< We are open.", f"[{'=' * 20}]  20.0 s "]
    view.close()
    assert shown(out) == ["< We are open.", ""]


def test_lines_break_between_words_and_go_on_below_their_beginning() -> None:
    out = io.StringIO()
    LineView(out, width=lambda: 24).said("agent", "On Sunday we are open from six.")
    assert out.getvalue() == "< On Sunday we are open\n  from six.\n"


def test_a_line_that_has_not_changed_is_not_written_again() -> None:
    out = Terminal()
    view = ScreenView(out, width=lambda: 80)
    view.at(1.0)
    before = out.getvalue()
    view.at(1.01)
    assert out.getvalue() == before


def test_colours_are_used_on_a_terminal_unless_they_are_not_wanted() -> None:
    for environment, coloured in (
        ({}, True),
        ({"NO_COLOR": ""}, True),
        ({"NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
    ):
        out = Terminal()
        live(out, environment=environment).said("caller", "Hello")
        assert ("\x1b[36m" in out.getvalue()) == coloured
        assert "> Hello" in out.getvalue()


def test_a_dumb_terminal_gets_no_line_that_moves() -> None:
    out = Terminal()
    live(out, environment={"TERM": "dumb"}).at(1.0)
    assert out.getvalue() == ""


@given(
    said=st.text(st.characters(codec=None)),
    width=st.integers(1, 120),
    seconds=st.none() | st.floats(0, 1e4),
    now=st.floats(0, 1e6),
)
def test_the_moving_line_fits_and_nothing_said_commands_the_terminal(
    said: str, width: int, seconds: float | None, now: float
) -> None:
    out = Terminal()
    view = ScreenView(out, seconds=seconds, width=lambda: width)
    view.at(now)
    view.saying("caller", said)
    view.note(said)
    lines = shown(out)
    assert columns(lines[-1]) <= max(width - 1, 1)
    assert len(lines) == 2 or all(columns(line) <= max(width, 20) for line in lines)
    assert not any("\x1b" in line or "\r" in line for line in lines)


def test_what_an_encoding_lacks_does_not_stop_the_show() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    LineView(out).said("caller", "Grüße 日本")
    assert raw.getvalue() == b"> Gr??e ??\n"
    LineView(out).said("agent", "“Ja” – gut…")
    assert raw.getvalue().endswith(b'< "Ja" - gut...\n')
