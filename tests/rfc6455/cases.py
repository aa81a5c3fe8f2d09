"""What may come over a WebSocket, and what has to be made of it.

The groups and their numbers are those of the Autobahn test suite, which needs Python
2.7. Left out are 9, which is about speed, and 12 and 13, about compression.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from .frames import (
    BINARY,
    CLOSE,
    CONT,
    PING,
    PONG,
    TEXT,
    Frame,
    around,
    event,
    goodbye,
    pieces,
)
from .utf8 import NOT_UTF8, UTF8

BAD, NOT_TEXT, TOO_LONG = 1002, 1007, 1009
RESERVED_CODES = (0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65_535)
CODES = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)


@dataclass(frozen=True)
class Case:
    """One of them.

    Attributes:
        name: Autobahn's number, and what it is about.
        frames: that are sent.
        heard: the messages that arrive, by their names; those in binary ones apart.
        pongs: that are answered.
        close: the code of the answer, if the case ends the connection.
    """

    name: str
    frames: Sequence[Frame]
    heard: Sequence[str | None] = ()
    pongs: Sequence[bytes] = ()
    close: int | None = None


def framing() -> Iterable[Case]:
    """Each way to write a length."""
    for opcode, kind in ((TEXT, "1.1 text"), (BINARY, "1.2 binary")):
        for size in (125, 126, 127, 128, 65_535, 65_536):
            frames = [Frame(opcode, event("a", size))]
            yield Case(f"{kind} of {size} bytes", frames, ["a"])
    yield Case("1.1.1 empty text", [Frame(TEXT)], [None])


def pings() -> Iterable[Case]:
    """Pings are answered, pongs are not."""
    for data in (b"", b"hello", b"\x00\xff\xfe\xfd", b"\xfe" * 125):
        yield Case(f"2.1 a ping of {len(data)}", [Frame(PING, data)], pongs=[data])
        yield Case(f"2.7 a pong of {len(data)}", [Frame(PONG, data)])
    yield Case("2.5 a ping of 126", [Frame(PING, b"\xfe" * 126)], close=BAD)
    yield Case("2.5 a pong of 126", [Frame(PONG, b"\xfe" * 126)], close=BAD)
    yield Case("2.9 a pong, a ping", [Frame(PONG, b"a"), Frame(PING, b"b")], (), [b"b"])
    many = [b"%d" % number for number in range(10)]
    yield Case("2.10 ten pings", [Frame(PING, each) for each in many], pongs=many)


def reserved_bits() -> Iterable[Case]:
    """No extension was agreed on."""
    for rsv in range(1, 8):
        for opcode in (TEXT, BINARY, PING, CLOSE):
            name = f"3 the bits {rsv:03b} on {opcode}"
            yield Case(name, [Frame(opcode, event("a"), rsv=rsv)], close=BAD)


def opcodes() -> Iterable[Case]:
    """Kinds of frames that there are not."""
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        for data in (b"", b"hello"):
            name = f"4 the kind {opcode} with {len(data)} bytes"
            yield Case(name, [Frame(opcode, data)], close=BAD)


def masks() -> Iterable[Case]:
    """Clients mask, servers do not; RFC 6455, section 5.1."""
    for opcode in (TEXT, BINARY, PING, PONG, CLOSE):
        yield Case(f"5.1 amiss: {opcode}", [Frame(opcode, b"", amiss=True)], close=BAD)


def fragments() -> Iterable[Case]:
    """Messages in several frames, and what may come between them."""
    a, b = event("a"), event("b")
    begin, end = pieces(a, 5)
    ping = Frame(PING, b"still there?")
    octets = pieces(a, *range(1, len(a)))
    yield Case("5.1 a ping in two", pieces(b"hello", 2, opcode=PING), close=BAD)
    yield Case("5.2 a pong in two", pieces(b"hello", 2, opcode=PONG), close=BAD)
    yield Case("5.3 a text in two", [begin, end], ["a"])
    yield Case("5.5 a text in octets", octets, ["a"])
    yield Case("5.3 a binary in two", pieces(a, 5, opcode=BINARY), ["a"])
    yield Case("5.6 a ping between", [begin, ping, end], ["a"], [ping.data])
    yield Case("5.6 a pong between", [begin, Frame(PONG, b"x"), end], ["a"])
    yield Case("5.9 nothing to continue", [end], close=BAD)
    yield Case("5.10 nothing to begin", [Frame(CONT, a, fin=False)], close=BAD)
    yield Case("5.12 after a whole one", [Frame(TEXT, a), end], ["a"], close=BAD)
    yield Case("5.18 not continued", [begin, Frame(TEXT, b)], close=BAD)
    yield Case("5.18 another begun", [begin, pieces(b, 5, opcode=BINARY)[0]], close=BAD)
    five = pieces(a, 3, 6, 9, 12)
    between = [five[0], five[1], ping, five[2], five[3], ping, five[4]]
    yield Case("5.19 five, two pings", between, ["a"], [ping.data] * 2)
    two = [*pieces(a, 3), *pieces(b, 0, 3, 3)]
    yield Case("6.1 empty ones among them", two, ["a", "b"])
    yield Case("6.1.2 nothing in three", pieces(b"", 0, 0), [None])


def texts() -> Iterable[Case]:
    """UTF-8, cut everywhere."""
    for text in UTF8:
        data = event(text)
        cuts = range(len(data) + 1)
        frames = [frame for cut in cuts for frame in pieces(data, cut)]
        yield Case(f"6 {text!r} in two", frames, [text] * len(cuts))
        octets = pieces(data, *range(1, len(data)))
        yield Case(f"6 {text!r} in octets", octets, [text])


def no_texts() -> Iterable[Case]:
    """What is not, cut within the wrong part."""
    for wrong in NOT_UTF8:
        data = around(wrong)
        begin = data.index(wrong)
        yield Case(f"6 {wrong!r}", [Frame(TEXT, data)], close=NOT_TEXT)
        for cut in range(begin, begin + len(wrong) + 1):
            name = f"6 {wrong!r} cut at {cut - begin}"
            yield Case(name, pieces(data, cut), close=NOT_TEXT)
    # Only all together must be UTF-8: half of a character at the end is none.
    yield Case("6 ends in half", pieces(b"\xce\xba\xcf", 1), close=NOT_TEXT)
    # And to fail before the end of a message is allowed, but not asked for.
    yield Case("6.4 later text", pieces(b"\xf4\x90\x80", 3, 3), close=NOT_TEXT)


def goodbyes() -> Iterable[Case]:
    """How the other side may end it, and how not."""
    a, ping = Frame(TEXT, event("a")), Frame(PING, b"x")
    bye = goodbye(1000)
    yield Case("7.1.1 after a text", [a, bye], ["a"], close=1000)
    yield Case("7.1.2 twice", [bye, bye], close=1000)
    yield Case("7.1.3 then a ping", [bye, ping], close=1000)
    yield Case("7.1.4 then a text", [bye, a], close=1000)
    # Autobahn wants 1000. websockets takes a message that is never ended for a fault.
    yield Case("7.1.5 in a message", [pieces(event("a"), 5)[0], bye], close=BAD)
    yield Case("7.3.1 without a code", [Frame(CLOSE)], close=1005)
    yield Case("7.3.2 half a code", [Frame(CLOSE, b"\x03")], close=BAD)
    yield Case("7.3.4 a reason", [goodbye(1000, b"enough")], close=1000)
    yield Case("7.3.5 the longest", [goodbye(1000, b"x" * 123)], close=1000)
    yield Case("7.3.6 a longer one", [goodbye(1000, b"x" * 124)], close=BAD)
    yield Case("7.5.1 no text", [goodbye(1000, b"\xce\xba\xed\xa0")], close=NOT_TEXT)
    yield Case("7.5.1 a text", [goodbye(1000, "κόσμε".encode())], close=1000)
    yield Case("7 in two", pieces(b"\x03\xe8enough", 2, opcode=CLOSE), close=BAD)
    for code in CODES:
        yield Case(f"7.7 the code {code}", [goodbye(code)], close=code)
        yield Case(f"7.7 {code}, a reason", [goodbye(code, b"why")], close=code)
    for code in RESERVED_CODES:
        yield Case(f"7.9 the code {code}", [goodbye(code)], close=BAD)
        yield Case(f"7.9 {code}, a reason", [goodbye(code, b"why")], close=BAD)


def lengths(most: int) -> Iterable[Case]:
    """Around the longest message that a side takes; refused from the head alone."""
    longest = event("a", most)
    half = most // 2
    yield Case("the longest", [Frame(TEXT, longest)], ["a"])
    yield Case("in two", pieces(longest, half), ["a"])
    yield Case("longer, in two", pieces(longest + b" ", half), close=TOO_LONG)
    for size in (most + 1, 1 << 32, (1 << 63) - 1):
        for opcode in (TEXT, BINARY):
            name = f"{opcode} of {size} bytes"
            yield Case(name, [Frame(opcode, length=size)], close=TOO_LONG)


GROUPS: Sequence[Callable[[], Iterable[Case]]] = (
    framing,
    pings,
    reserved_bits,
    opcodes,
    masks,
    fragments,
    texts,
    no_texts,
    goodbyes,
)
