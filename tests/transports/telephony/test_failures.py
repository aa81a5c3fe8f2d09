"""What is written down of an error: where it was, and none of what was said."""

from __future__ import annotations

import errno

import pytest

from voxpipe.pipeline import AudioFormat, SessionLost, TransportError, VoxpipeError
from voxpipe.pipeline.errors import blame
from voxpipe.processors.realtime.connect.close import (
    Timeouts,
    broken,
    closed,
    refused,
    unheard,
    unread,
)
from voxpipe.processors.realtime.connect.handshake import greeting
from voxpipe.transports.telephony.failures import in_full, in_short, is_transport

SAID = "my PIN is 4711"


class Gone:
    """A connection that has ended."""

    def __init__(self, end: SessionLost) -> None:
        self._end = end

    async def send(self, message: str | bytes, /) -> None:
        raise self._end

    async def receive(self) -> str:
        raise self._end


def raised(error: Exception) -> Exception:
    """As it is when somebody has raised it: with a traceback."""
    try:
        raise error
    except Exception as same:  # noqa: BLE001  # it is what was asked for
        return same


def test_of_an_error_of_an_app_only_type_and_places_are_told() -> None:
    error = raised(ValueError(SAID))
    error.add_note(SAID)
    assert in_short(error) == "ValueError"
    first, place = in_full(error).splitlines()
    assert first == "ValueError"
    assert "test_failures.py:" in place
    assert place.endswith(" in raised")


def test_an_error_of_ours_that_an_app_has_raised_is_an_error_of_the_app() -> None:
    assert in_short(raised(TransportError(SAID))) == "TransportError"
    assert in_short(raised(VoxpipeError(SAID))) == "VoxpipeError"


def test_what_voxpipe_itself_says_is_told_with_its_cure() -> None:
    with pytest.raises(VoxpipeError) as caught:
        AudioFormat("ulaw", 3)
    assert in_short(caught.value).startswith("FormatError: rate must be a whole number")


def test_of_a_lost_session_the_code_is_told_and_not_the_reason() -> None:
    error = raised(SessionLost(SAID, code=1011, reason=SAID))
    assert in_short(error) == "SessionLost with code 1011"
    assert in_short(SessionLost(SAID)) == "SessionLost"


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (closed(1011, SAID), "the other side closed it with 1011"),
        (broken(None), "the other side went away, without a goodbye"),
        (broken(ConnectionResetError(SAID)), "the other side reset the connection"),
        (broken(OSError(errno.ETIMEDOUT, SAID)), "the network broke it (ETIMEDOUT)"),
        (unheard(Timeouts(5.0, 2.5, 2.0, 1.0)), "nothing has come from the other side"),
        (unread(Timeouts(5.0, 2.5, 2.0, 1.0)), "has read nothing for 4.5 s"),
        (refused(1009, 20, 10), "closed from here with 1009: it sent a message of 20"),
    ],
)
async def test_how_a_session_was_lost_is_told(end: SessionLost, expected: str) -> None:
    """As `Link` raises it, with nothing of what anybody said."""
    with pytest.raises(SessionLost) as caught:
        await greeting(Gone(end), "session.created")
    assert expected in in_short(caught.value)
    assert SAID not in in_full(caught.value)


def test_the_box_that_raised_is_named() -> None:
    error = raised(KeyError(SAID))
    blame(error, "tools")
    assert in_short(error) == "KeyError, raised by the box 'tools'"


def test_of_a_group_every_error_is_told() -> None:
    inner = ExceptionGroup(SAID, [raised(ValueError(SAID)), raised(KeyError(SAID))])
    group = ExceptionGroup(SAID, [inner, raised(OSError(SAID))])
    assert in_short(group) == "ValueError; KeyError; OSError"
    assert SAID not in in_full(group)


def test_an_error_that_goes_deep_is_told_in_so_many_lines() -> None:
    def dive(depth: int) -> None:
        if depth == 0:
            raise ValueError
        dive(depth - 1)

    with pytest.raises(ValueError) as caught:  # noqa: PT011  # it has no text
        dive(500)
    assert len(in_full(caught.value).splitlines()) == 41


def test_the_other_side_is_to_blame_when_nothing_else_has_failed() -> None:
    lost = SessionLost("gone")
    assert is_transport(lost)
    assert is_transport(ExceptionGroup("", [lost, ExceptionGroup("", [lost])]))
    assert not is_transport(ExceptionGroup("", [lost, ValueError()]))
    assert not is_transport(ValueError())
