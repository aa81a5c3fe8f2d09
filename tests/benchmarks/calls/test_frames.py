"""The lean WebSocket framing, beside that of the websockets library."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from benchmarks.calls.frames import (
    Cutter,
    ProtocolError,
    from_client,
    from_server,
    upgrade_request,
    upgrade_response,
)

MESSAGES = st.lists(
    st.sampled_from([0, 1, 125, 126, 300, 65_535, 65_536]).map(lambda size: b"x" * size)
    | st.binary(max_size=200),
    max_size=5,
)


@given(MESSAGES, st.booleans(), st.integers(1, 5_000))
def test_messages_of_websockets_come_whole_however_they_are_cut(
    messages: list[bytes], masked: bool, size: int
) -> None:
    wire = b"".join(
        Frame(Opcode.TEXT, message).serialize(mask=masked) for message in messages
    )
    cutter = Cutter()
    got: list[tuple[int, bytes]] = []
    for at in range(0, len(wire), size):
        got += cutter.feed(wire[at : at + size])
    assert got == [(1, message) for message in messages]


@given(st.binary(max_size=70_000))
def test_both_ends_of_this_benchmark_understand_each_other(message: bytes) -> None:
    assert Cutter().feed(from_client(message)) == [(1, message)]
    assert Cutter().feed(from_server(message)) == [(1, message)]


def test_a_fragment_is_refused_rather_than_taken_for_a_message() -> None:
    fragment = Frame(Opcode.TEXT, b"half", fin=False).serialize(mask=False)
    with pytest.raises(ProtocolError, match="whole message"):
        Cutter().feed(fragment)


def test_an_upgrade_is_answered_and_other_requests_are_refused() -> None:
    assert b"101" in upgrade_response(upgrade_request("localhost", "/"))
    with pytest.raises(ProtocolError):
        upgrade_response(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
