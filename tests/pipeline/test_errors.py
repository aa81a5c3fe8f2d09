"""Few errors, each with one root, and notes that name who is to blame."""

from __future__ import annotations

from voxpipe import pipeline
from voxpipe.pipeline import SessionLost, TransportError, VoxpipeError
from voxpipe.pipeline.errors import blame


def test_every_error_has_one_root() -> None:
    errors = [
        value
        for name in pipeline.__all__
        if isinstance(value := getattr(pipeline, name), type)
        and issubclass(value, Exception)
    ]
    assert len(errors) == 10
    assert all(issubclass(error, VoxpipeError) for error in errors)


def test_a_lost_session_says_how_it_was_lost() -> None:
    error = SessionLost("the model closed the session", code=1000, reason="")
    assert isinstance(error, TransportError)
    assert (str(error), error.code, error.reason) == (
        "the model closed the session",
        1000,
        "",
    )
    assert SessionLost("broken").code is None


def test_the_innermost_box_is_named_and_only_that() -> None:
    error = ValueError("x")
    error.add_note("a note of somebody else")
    blame(error, "gain")
    blame(error, "phone")
    assert error.__notes__ == ["a note of somebody else", "raised by the box 'gain'"]


def test_each_error_of_a_group_is_blamed() -> None:
    known, new = ValueError("x"), KeyError("y")
    blame(known, "gain")
    group = ExceptionGroup("", [known, ExceptionGroup("", [new])])
    blame(group, "phone")
    assert known.__notes__ == ["raised by the box 'gain'"]
    assert new.__notes__ == ["raised by the box 'phone'"]
