"""The server's side of the WebSocket protocol, against websockets' own frames."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Close, Frame, Opcode
from websockets.protocol import Protocol, Side, State

from voxpipe.transports.serving.websocket import MAX_MESSAGE, Frames

Message = str | bytes


def sent(opcode: Opcode, data: bytes, *, fin: bool = True) -> bytes:
    """A frame as clients send it."""
    return Frame(opcode, data, fin).serialize(mask=True)


def said(text: str) -> bytes:
    return sent(Opcode.TEXT, text.encode())


def received(data: bytes) -> list[Frame]:
    """What a client reads in it."""
    client = Protocol(Side.CLIENT, state=State.OPEN)
    client.receive_data(data)
    assert client.parser_exc is None
    return [each for each in client.events_received() if isinstance(each, Frame)]


def in_pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[begin:end] for begin, end in pairwise(edges)]


def wire(message: Message, pieces: int, ping: bool) -> bytes:
    """A message in some frames, perhaps with a ping between."""
    opcode = Opcode.TEXT if isinstance(message, str) else Opcode.BINARY
    data = message.encode() if isinstance(message, str) else message
    size = len(data) // pieces + 1
    parts = [data[at : at + size] for at in range(0, len(data), size)] or [b""]
    frames = [
        sent(Opcode.CONT if at else opcode, part, fin=at == len(parts) - 1)
        for at, part in enumerate(parts)
    ]
    return (sent(Opcode.PING, b"still there?") if ping else b"").join(frames)


messages = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=300), st.binary(max_size=300)
)


@given(
    st.lists(st.tuples(messages, st.integers(1, 4), st.booleans()), max_size=8),
    st.lists(st.integers(min_value=0), max_size=20),
)
def test_messages_arrive_whole_however_they_are_cut(
    parts: list[tuple[Message, int, bool]], cuts: list[int]
) -> None:
    frames = Frames()
    data = b"".join(wire(*part) for part in parts)
    heard = [each for piece in in_pieces(data, cuts) for each in frames.feed(piece)]
    assert heard == [message for message, _, _ in parts]
    assert frames.ended is None


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, MAX_MESSAGE])
def test_each_way_to_write_a_length_is_understood(size: int) -> None:
    frames = Frames()
    data = said("x" * size) + said("next")
    heard = [each for at in range(len(data)) for each in frames.feed(data[at : at + 1])]
    assert heard == ["x" * size, "next"]


@given(st.lists(st.binary(min_size=1, max_size=60), max_size=20))
def test_rubbish_ends_it_with_a_code_and_keeps_nothing(pieces: list[bytes]) -> None:
    frames = Frames()
    for piece in pieces:
        frames.feed(piece)
    if frames.ended is not None:
        assert frames.feed(said("hello")) == []
        assert not frames.is_open


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (Frame(Opcode.TEXT, b"hello").serialize(mask=False), 1002),
        (b"\x83\x80\x00\x00\x00\x00", 1002),  # a kind that does not exist
        (b"\xc1\x80\x00\x00\x00\x00", 1002),  # compressed, which nobody agreed on
        (sent(Opcode.CONT, b"of what?"), 1002),
        (sent(Opcode.TEXT, b"a", fin=False) + said("b"), 1002),
        (b"\x89\xfe\x01\x00" + bytes(4 + 256), 1002),  # a long ping
        (sent(Opcode.TEXT, b"\xe2\x80"), 1007),
        (sent(Opcode.TEXT, b"\xc3", fin=False) + sent(Opcode.CONT, b"("), 1007),
        (b"\x81\xff" + (MAX_MESSAGE + 1).to_bytes(8, "big"), 1009),
        (
            sent(Opcode.TEXT, bytes(MAX_MESSAGE), fin=False) + sent(Opcode.CONT, b"x"),
            1009,
        ),
    ],
    ids=[  # masks are random, and would make ids that change
        "not masked",
        "unknown kind",
        "compressed",
        "nothing to continue",
        "not continued",
        "long ping",
        "half a character",
        "two halves",
        "too long",
        "too long in parts",
    ],
)
def test_what_breaks_the_protocol_is_refused_with_its_code(
    data: bytes, code: int
) -> None:
    frames = Frames()
    assert frames.feed(data + said("and more")) == []
    assert frames.ended is not None
    assert frames.ended.code == code
    (farewell,) = received(frames.answers())
    assert Close.parse(farewell.data).code == code


def test_a_message_too_long_is_refused_before_it_has_come() -> None:
    frames = Frames()
    frames.feed(b"\x81\xff" + (2**40).to_bytes(8, "big"))
    assert frames.ended is not None


def test_a_ping_is_answered_with_what_it_holds() -> None:
    frames = Frames()
    assert frames.feed(sent(Opcode.PING, b"42")) == []
    assert frames.owes
    assert received(frames.answers()) == [Frame(Opcode.PONG, b"42")]
    assert not frames.owes


def test_a_close_is_echoed_and_told() -> None:
    frames = Frames()
    data = said("last words") + sent(Opcode.CLOSE, Close(1001, "bye").serialize())
    assert frames.feed(data + said("ghost")) == ["last words"]
    assert frames.ended == Close(1001, "bye")
    assert received(frames.answers()) == [
        Frame(Opcode.CLOSE, Close(1001, "bye").serialize())
    ]
    assert frames.close(1000) == b""


def test_after_our_close_nothing_is_heard_but_the_answer() -> None:
    frames = Frames()
    (farewell,) = received(frames.close(1013, "full"))
    assert Close.parse(farewell.data) == Close(1013, "full")
    assert frames.feed(said("wait!") + sent(Opcode.PING, b"")) == []
    assert frames.ended is None
    frames.feed(sent(Opcode.CLOSE, Close(1013, "").serialize()))
    assert frames.ended == Close(1013, "")


@pytest.mark.parametrize(
    ("code", "reason", "sent_code"),
    [(1008, "ä" * 200, 1008), (1006, "", 1011), (99, "", 1011)],
)
def test_a_close_that_cannot_be_said_is_said_as_well_as_it_can(
    code: int, reason: str, sent_code: int
) -> None:
    (farewell,) = received(Frames().close(code, reason))
    close = Close.parse(farewell.data)
    assert close.code == sent_code
    assert reason.startswith(close.reason)


def test_what_is_said_is_read() -> None:
    frames = Frames()
    data = frames.text("hällo") + frames.binary(b"\x00")
    assert received(data) == [
        Frame(Opcode.TEXT, "hällo".encode()),
        Frame(Opcode.BINARY, b"\x00"),
    ]
