"""Our frames are read by websockets' own parser."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN, SERVER, Protocol

from voxpipe.websocket.plain_wire import TEXT, Masking


def read(data: bytes) -> list[bytes]:
    judge = Protocol(SERVER, state=OPEN, max_size=None)
    judge.receive_data(data)
    frames = judge.events_received()
    assert judge.parser_exc is None
    assert all(isinstance(f, Frame) and f.opcode is Opcode.TEXT for f in frames)
    return [bytes(frame.data) for frame in frames if isinstance(frame, Frame)]


@given(st.lists(st.text(), max_size=20))
def test_any_messages_arrive_as_they_were(messages: list[str]) -> None:
    masking = Masking()
    data = b"".join(masking.frame(TEXT, each.encode()) for each in messages)
    assert read(data) == [message.encode() for message in messages]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 200_000])
def test_every_length_has_its_head(size: int) -> None:
    assert read(Masking().frame(TEXT, b"x" * size)) == [b"x" * size]


def test_no_key_is_used_twice_in_a_while() -> None:
    masking = Masking()
    keys = {masking.frame(TEXT, b"")[2:6] for _ in range(5_000)}
    assert len(keys) > 4_990  # of 2**32: a repeat is possible, and rare
