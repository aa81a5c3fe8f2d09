"""What is read from a docstring."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voxpipe.processors.tools.docstring import read_docstring


def test_the_description_is_all_before_the_first_section_in_whole_paragraphs() -> None:
    description, _ = read_docstring(
        """Book a table,
        for today or later.

        Only for up to eight
        guests.

        Returns:
            What to tell the caller.
        """
    )
    assert description == (
        "Book a table, for today or later.\nOnly for up to eight guests."
    )


def test_each_argument_has_its_text_with_its_continuation_lines() -> None:
    _, arguments = read_docstring(
        """Book.

        Args:
            guests: how many,
                children included.
            when (datetime, optional): the time: never before noon.
            *names: of all of them.
            note:
                what else there is.

        Raises:
            ValueError: it is full.
        """
    )
    assert arguments["guests"] == "how many, children included."
    assert arguments["when"] == "the time: never before noon."
    assert arguments["note"] == "what else there is."
    assert "ValueError" not in arguments


def test_numpy_style_is_read() -> None:
    description, arguments = read_docstring(
        """Book a table.

        For today.

        Parameters
        ----------
        guests : int, optional
            How many,
            children included.

            At most eight.
        when, until : datetime
            The time.
        note
        **rest

        Returns
        -------
        code : str
            Of the booking.
        """
    )
    assert description == "Book a table.\nFor today."
    assert arguments == {
        "guests": "How many, children included. At most eight.",
        "when": "The time.",
        "until": "The time.",
        "note": "",
        "rest": "",
    }


def test_sphinx_style_is_read() -> None:
    description, arguments = read_docstring(
        """Book a table.

        :param guests: how many,
            children included
        :type guests: int
        :param str note: what else: there is
        @param when: the time
        :returns: the code
        :raises ValueError: it is full

        Kept out.
        """
    )
    assert description == "Book a table."
    assert arguments == {
        "guests": "how many, children included",
        "note": "what else: there is",
        "when": "the time",
    }


def test_no_docstring_is_no_description() -> None:
    assert read_docstring(None) == ("", {})


@given(st.text())
def test_no_text_is_too_strange_to_be_read(text: str) -> None:
    description, _ = read_docstring(text)
    assert description.strip() == description
