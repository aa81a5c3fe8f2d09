from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from voxpipe.console.demo.plain import safe
from voxpipe.console.demo.svg import Picture, text_width, wrapped

SVG = "{http://www.w3.org/2000/svg}"


@given(text=st.text(st.characters(codec=None)), hint=st.text())
def test_words_arrive_as_they_are_and_never_as_markup(text: str, hint: str) -> None:
    picture = Picture()
    picture.text(1, 2, text, "words", hint=hint)
    picture.rect(1, 2, 3, 4, "lane", hint)
    file = picture.finish(10, 10, title=text, style="")
    root = ElementTree.fromstring(file.encode())
    label = root.find(f"{SVG}text")
    assert label is not None
    assert (label.text or "") == safe(text)
    title = root.find(f"{SVG}title")
    assert title is not None
    assert (title.text or "") == safe(text)
    assert len(root) == 3 + 3  # title, style, defs; paper, text, rect


@given(text=st.text(), width=st.floats(0, 300), lines=st.integers(1, 4))
def test_no_word_is_lost_in_wrapping(text: str, width: float, lines: int) -> None:
    made = wrapped(text, width, lines)
    assert len(made) == lines + 1
    assert " ".join(line for line in made if line) == safe(text)
    assert all(text_width(line) <= width for line in made[:-1])
