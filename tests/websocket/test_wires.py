"""What every `Wire` owes, on either library: one table over both, at either end."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise

import pytest
from anyio import fail_after
from anyio.lowlevel import checkpoint
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Close, Frame, Opcode

from .ends import (
    LIBRARIES,
    MAX,
    Ends,
    Library,
    Message,
    on_a_wire,
    received,
    said,
    sent,
)

both = pytest.mark.parametrize("library", LIBRARIES)
both_ends = pytest.mark.parametrize(
    "is_client", [False, True], ids=["server", "client"]
)


def in_pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[begin:end] for begin, end in pairwise(edges)]


def in_frames(message: Message, pieces: int, ping: bool, *, mask: bool) -> bytes:
    """A message in some frames, perhaps with a ping before."""
    opcode = Opcode.TEXT if isinstance(message, str) else Opcode.BINARY
    data = message.encode() if isinstance(message, str) else message
    size = len(data) // pieces + 1
    parts = [data[at : at + size] for at in range(0, len(data), size)] or [b""]
    frames = [
        sent(Opcode.CONT if at else opcode, part, fin=at == len(parts) - 1, mask=mask)
        for at, part in enumerate(parts)
    ]
    pinged = sent(Opcode.PING, b"still there?", mask=mask) if ping else b""
    return pinged.join(frames)


messages = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=300), st.binary(max_size=300)
)


@both
@given(
    st.lists(st.tuples(messages, st.integers(1, 4), st.booleans()), max_size=8),
    st.lists(st.integers(min_value=0), max_size=20),
    st.booleans(),
)
def test_messages_arrive_whole_however_they_are_cut(
    library: Library,
    parts: list[tuple[Message, int, bool]],
    cuts: list[int],
    is_client: bool,
) -> None:
    def scene(ends: Ends) -> None:
        data = b"".join(in_frames(*part, mask=not is_client) for part in parts)
        for piece in in_pieces(data, cuts):
            ends.feed(piece)
        assert ends.heard.messages == [message for message, _, _ in parts]
        assert ends.heard.ends == []

    on_a_wire(library, scene, is_client=is_client)


@both
@both_ends
@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, MAX])
def test_each_way_to_write_a_length_is_understood(
    library: Library, size: int, is_client: bool
) -> None:
    def scene(ends: Ends) -> None:
        data = said("x" * size, mask=not is_client) + said("next", mask=not is_client)
        step = max(1, len(data) // 1_000)
        for at in range(0, len(data), step):
            ends.feed(data[at : at + step])
        assert ends.heard.messages == ["x" * size, "next"]

    on_a_wire(library, scene, is_client=is_client)


@both
@given(st.lists(st.binary(min_size=1, max_size=60), max_size=20), st.booleans())
def test_rubbish_ends_it_once_and_nothing_is_heard_after(
    library: Library, pieces: list[bytes], is_client: bool
) -> None:
    def scene(ends: Ends) -> None:
        for piece in pieces:
            ends.feed(piece)
        assert len(ends.heard.ends) <= 1
        if ends.heard.ends:
            before = list(ends.heard.messages)
            ends.feed(said("hello", mask=not is_client))
            assert ends.heard.messages == before

    on_a_wire(library, scene, is_client=is_client)


BREAKS: dict[str, tuple[Callable[[bool], bytes] | None, int]] = {
    "masked as it must not be": (None, 1002),
    "unknown kind": (lambda mask: b"\x83" + head(0, mask), 1002),
    "compressed": (lambda mask: b"\xc1" + head(0, mask), 1002),
    "nothing to continue": (lambda mask: sent(Opcode.CONT, b"?", mask=mask), 1002),
    "not continued": (
        lambda mask: (
            sent(Opcode.TEXT, b"a", fin=False, mask=mask) + said("b", mask=mask)
        ),
        1002,
    ),
    "long ping": (
        lambda mask: (
            b"\x89" + (b"\xfe" if mask else b"\x7e") + b"\x01\x00" + bytes(260)
        ),
        1002,
    ),
    "half a ping": (lambda mask: b"\x09" + head(0, mask), 1002),
    "half a character": (lambda mask: sent(Opcode.TEXT, b"\xe2\x80", mask=mask), 1007),
    "two halves": (
        lambda mask: (
            sent(Opcode.TEXT, b"\xc3", fin=False, mask=mask)
            + sent(Opcode.CONT, b"(", mask=mask)
        ),
        1007,
    ),
    "a reason that is no text": (
        lambda mask: sent(Opcode.CLOSE, b"\x03\xe8\xff\xff", mask=mask),
        1007,
    ),
    "half a code": (lambda mask: sent(Opcode.CLOSE, b"\x03", mask=mask), 1002),
    "a code that nobody may send": (
        lambda mask: sent(Opcode.CLOSE, b"\x03\xee", mask=mask),
        1002,
    ),
    "too long": (
        lambda mask: (
            b"\x81" + (b"\xff" if mask else b"\x7f") + (MAX + 1).to_bytes(8, "big")
        ),
        1009,
    ),
    "too long in parts": (
        lambda mask: (
            sent(Opcode.TEXT, bytes(MAX), fin=False, mask=mask)
            + sent(Opcode.CONT, b"x", mask=mask)
        ),
        1009,
    ),
}


def head(size: int, mask: bool) -> bytes:
    return bytes([0x80 | size]) + bytes(4) if mask else bytes([size])


@both
@both_ends
@pytest.mark.parametrize("what", BREAKS)
def test_what_breaks_the_protocol_is_refused_with_its_code(
    library: Library, what: str, is_client: bool
) -> None:
    make, code = BREAKS[what]
    mask = not is_client
    data = said("hello", mask=is_client) if make is None else make(mask)

    def scene(ends: Ends) -> None:
        ends.feed(data)
        frames = received(ends.sent(), by_client=not is_client)
        assert [Close.parse(each.data).code for each in frames] == [code]
        ends.feed(said("and more", mask=mask))
        assert ends.heard.messages == []
        played.append(ends)

    played: list[Ends] = []
    on_a_wire(library, scene, is_client=is_client)
    ((how, told, size),) = played[0].heard.ends  # picows tells it with the end
    assert (how, told) == ("fault", code)
    assert bool(size) == (code == 1009)


@both
def test_a_ping_is_answered_with_what_it_holds(library: Library) -> None:
    def scene(ends: Ends) -> None:
        ends.feed(sent(Opcode.PING, b"42"))
        assert received(ends.sent()) == [Frame(Opcode.PONG, b"42")]

    on_a_wire(library, scene)


@both
def test_who_does_not_read_is_owed_no_pongs(library: Library) -> None:
    def scene(ends: Ends) -> None:
        while not ends.heard.is_full:
            ends.wire.send("x" * 60_000)
        waiting = ends.unsent()
        ends.feed(sent(Opcode.PING, b"42") * 1_000)
        assert ends.unsent() == waiting

    on_a_wire(library, scene)


@both
@both_ends
@pytest.mark.parametrize("code", [1000, 1001, 1011, 3000, 4999])
def test_a_close_is_echoed_and_told(
    library: Library, is_client: bool, code: int
) -> None:
    mask = not is_client
    close = Close(code, "bye").serialize()

    def scene(ends: Ends) -> None:
        ends.feed(said("last words", mask=mask) + sent(Opcode.CLOSE, close, mask=mask))
        ends.feed(said("ghost", mask=mask))
        assert ends.heard.messages == ["last words"]
        assert ends.heard.ends == [("closed", code, "bye")]
        frames = received(ends.sent(), by_client=not is_client)
        assert frames == [Frame(Opcode.CLOSE, close)]
        ends.wire.close(1000)
        ends.wire.send("too late")
        assert ends.sent() == b""

    on_a_wire(library, scene, is_client=is_client)


@both
def test_a_close_without_a_code_is_told_as_1005(library: Library) -> None:
    def scene(ends: Ends) -> None:
        ends.feed(sent(Opcode.CLOSE, b""))
        assert ends.heard.ends == [("closed", 1005, "")]
        (farewell,) = received(ends.sent())
        assert farewell.data in (b"", Close(1000, "").serialize())

    on_a_wire(library, scene)


@both
@both_ends
def test_after_our_close_nothing_is_heard_but_the_answer(
    library: Library, is_client: bool
) -> None:
    mask = not is_client

    def scene(ends: Ends) -> None:
        ends.wire.close(1013, "full")
        ends.wire.close(1000)
        (farewell,) = received(ends.sent(), by_client=not is_client)
        assert Close.parse(farewell.data) == Close(1013, "full")
        ends.feed(said("wait!", mask=mask) + sent(Opcode.PING, b"", mask=mask))
        assert (ends.heard.messages, ends.heard.ends) == ([], [])
        ends.feed(sent(Opcode.CLOSE, Close(1013, "").serialize(), mask=mask))
        assert ends.heard.ends == [("closed", 1013, "")]
        assert ends.sent() == b""

    on_a_wire(library, scene, is_client=is_client)


@both
@pytest.mark.parametrize(
    ("code", "reason", "sent_code"),
    [(1008, "ä" * 200, 1008), (1006, "", 1011), (99, "", 1011)],
)
def test_a_close_that_cannot_be_said_is_said_as_well_as_it_can(
    library: Library, code: int, reason: str, sent_code: int
) -> None:
    def scene(ends: Ends) -> None:
        ends.wire.close(code, reason)
        (farewell,) = received(ends.sent())
        close = Close.parse(farewell.data)
        assert close.code == sent_code
        assert reason.startswith(close.reason)

    on_a_wire(library, scene)


@both
@both_ends
@given(st.lists(messages, max_size=8))
def test_what_is_said_is_read(
    library: Library, is_client: bool, spoken: list[Message]
) -> None:
    def scene(ends: Ends) -> None:
        for message in spoken:
            ends.wire.send(message)
        frames = received(ends.sent(), by_client=not is_client)
        assert [
            str(each.data, "utf-8") if each.opcode is Opcode.TEXT else bytes(each.data)
            for each in frames
        ] == spoken

    on_a_wire(library, scene, is_client=is_client)


@both
def test_an_end_without_a_goodbye_is_told_once(library: Library) -> None:
    ended: list[Ends] = []
    on_a_wire(library, ended.append)
    assert ended[0].heard.lost.is_set()
    assert ended[0].heard.ends == []


@both
def test_all_pings_of_one_read_are_answered_in_order(library: Library) -> None:
    def scene(ends: Ends) -> None:
        numbers = [b"%d" % number for number in range(100)]
        ends.feed(b"".join(sent(Opcode.PING, number) for number in numbers))
        assert received(ends.sent()) == [Frame(Opcode.PONG, each) for each in numbers]

    on_a_wire(library, scene)


@both
def test_a_ping_before_a_message_is_answered_too(library: Library) -> None:
    async def scene(ends: Ends) -> None:
        ends.feed(sent(Opcode.PING, b"42") + said("and more"))
        await checkpoint()
        assert received(ends.sent()) == [Frame(Opcode.PONG, b"42")]
        assert ends.heard.messages == ["and more"]

    on_a_wire(library, scene)


def test_however_much_has_come_picows_is_given_a_little_of_it_at_a_time() -> None:
    def scene(ends: Ends) -> None:
        ends.feed(said("x" * MAX))
        ends.feed(said("") * 20_000)
        assert len(ends.heard.messages) == 20_001
        assert ends.room() <= 8_192

    on_a_wire("picows", scene)


@both
@both_ends
def test_who_has_ended_their_side_is_gone_though_they_have_not_read_all(
    library: Library, is_client: bool
) -> None:
    async def scene(ends: Ends) -> None:
        while not ends.heard.is_full:
            ends.wire.send("x" * 60_000)
        ends.far.shutdown(socket.SHUT_WR)
        with fail_after(10):
            await ends.over()

    on_a_wire(library, scene, is_client=is_client)


@both
@both_ends
def test_who_fails_at_a_message_gets_no_other(
    library: Library, is_client: bool
) -> None:
    def scene(ends: Ends) -> None:
        ends.heard.fails = True
        with suppress(RuntimeError):  # a `PlainWire` lets it through
            ends.feed(said("one", mask=not is_client) + said("two", mask=not is_client))
        assert ends.heard.messages == ["one"]

    on_a_wire(library, scene, is_client=is_client)
