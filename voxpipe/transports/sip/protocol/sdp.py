"""Session descriptions (RFC 8866) as offers and answers (RFC 3264), for one voice.

The first audio stream that speaks PCMU or PCMA over plain RTP is taken; all else that
is offered is declined in the answer, as it must be.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, Literal

from .errors import NoCommonCodec, SdpError

Codec = Literal["PCMU", "PCMA"]
Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]

CODECS: Final[tuple[Codec, ...]] = ("PCMU", "PCMA")
TELEPHONE_EVENT: Final = 101  # the payload type that we offer for keys
MAX_SDP = 16_384  # bytes
_TYPES: Final[dict[Codec, int]] = {"PCMU": 0, "PCMA": 8}  # RFC 3551
_NAMES: Final[dict[int, Codec]] = {0: "PCMU", 8: "PCMA"}
_REVERSED: Final[dict[Direction, Direction]] = {
    "sendrecv": "sendrecv",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
}
_UNSENT: Final[dict[Direction, Direction]] = {
    "sendrecv": "recvonly",
    "sendonly": "inactive",
    "recvonly": "recvonly",
    "inactive": "inactive",
}


@dataclass(frozen=True, slots=True)
class Media:
    """What two sides have agreed on.

    Attributes:
        host: where to send; port likewise.
        codec: of both directions.
        telephone_event: the payload type of keys (RFC 4733); ``None``: none are sent.
        direction: as seen from here; ``sendonly`` means that we listen to nothing.
    """

    host: str
    port: int
    codec: Codec
    telephone_event: int | None
    direction: Direction


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream of a description, as the other side has it.

    Attributes:
        line: its ``m=`` line, without that.
        host: empty where none is given.
        codecs: those that we speak, by preference.
        direction: as seen from there.
    """

    line: str
    host: str
    port: int
    codecs: tuple[Codec, ...]
    telephone_event: int | None
    direction: Direction


@dataclass(frozen=True, slots=True)
class Offer:
    """A description that has come: an offer, or an answer.

    Attributes:
        streams: all of them.
        chosen: the one that is taken, by its place.
    """

    streams: tuple[Stream, ...]
    chosen: int

    def media(self, codecs: Sequence[Codec], host: str) -> Media:
        """What would be agreed on, if we answered with the first that both speak.

        Args:
            codecs: what we speak.
            host: where we listen.

        Raises:
            NoCommonCodec: there is none, or no machine to send it to.
        """
        stream = self.streams[self.chosen]
        if not _can_be_sent(stream.host, host):
            raise NoCommonCodec(
                "expected a voice at the IP address of another machine, got an offer "
                "of one that goes to many, or to nobody but us"
            )
        for codec in stream.codecs:
            if codec in codecs:
                direction = _REVERSED[stream.direction]
                if ip_address(stream.host).is_unspecified:  # hold, as of old
                    direction = _UNSENT[direction]
                return Media(
                    stream.host, stream.port, codec, stream.telephone_event, direction
                )
        raise NoCommonCodec(
            f"expected a voice in {' or '.join(codecs)}, got an offer without"
        )


def parse(body: bytes) -> Offer:
    """Read a description.

    Raises:
        SdpError: it is none.
        NoCommonCodec: it has no stream that we could take.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = ""
    lines = text.split("\n")
    if len(body) > MAX_SDP or not text.startswith("v=0"):
        raise SdpError(
            f"expected a session description of up to {MAX_SDP} bytes, got another "
            f"body of {len(body)}"
        )
    session, sections = list[str](), list[list[str]]()
    for line in (each.rstrip("\r") for each in lines):
        if line.startswith("m="):
            sections.append([])
        (sections[-1] if sections else session).append(line)
    try:
        streams = tuple(_stream(section, session) for section in sections)
    except (ValueError, IndexError):
        raise SdpError("expected lines as RFC 8866 has them, got others") from None
    for place, stream in enumerate(streams):
        if stream.port and stream.host and stream.codecs:
            return Offer(streams, place)
    raise NoCommonCodec(
        "expected an audio stream over RTP/AVP with PCMU or PCMA, and an IP address, "
        "got none"
    )


def _stream(lines: list[str], session: list[str]) -> Stream:
    kind, place, profile, *formats = lines[0][2:].split(" ")
    port = int(place.partition("/")[0])
    if not 0 <= port < 65_536:
        raise ValueError
    host = _address(lines) or _address(session)
    codecs, key_type = list[Codec](), None
    if kind == "audio" and profile in ("RTP/AVP", "RTP/AVPF"):
        types = [int(each) for each in formats if each]
        named = _rtpmap(lines)
        for each in types:
            name = _NAMES.get(each)
            if name is not None and named.get(each, f"{name}/8000") in (
                f"{name}/8000",
                f"{name}/8000/1",
            ):
                codecs.append(name)
            elif named.get(each) == "TELEPHONE-EVENT/8000" and 95 < each < 128:
                key_type = each if key_type is None else key_type
    direction = _direction(lines) or _direction(session) or "sendrecv"
    return Stream(lines[0][2:], host, port, tuple(codecs), key_type, direction)


def _address(lines: list[str]) -> str:
    for line in lines:
        if line.startswith("c=IN IP"):
            return str(ip_address(line.split(" ")[2].partition("/")[0]))
    return ""


def _can_be_sent(there: str, here: str) -> bool:
    """Whether a voice is one machine's that is reached from here, and not our own's."""
    address, ours = ip_address(there), ip_address(here)
    if address.version != ours.version or address.is_multicast:
        return False
    is_ours = address.is_loopback and not ours.is_loopback
    return not is_ours and there != "255.255.255.255"


def _rtpmap(lines: list[str]) -> dict[int, str]:
    found: dict[int, str] = {}
    for line in lines:
        if line.startswith("a=rtpmap:"):
            number, _, name = line[9:].partition(" ")
            found[int(number)] = name.strip().upper()
    return found


def _direction(lines: list[str]) -> Direction | None:
    for line in lines:
        name = line.removeprefix("a=")
        for known in _REVERSED:
            if name == known:
                return known
    return None


class Description:
    """Our side of one call: makes its offers and answers, and takes theirs.

    Args:
        host: where we listen for the voice; port likewise.
        codecs: what we speak, the dearest first.
    """

    def __init__(self, host: str, port: int, codecs: Sequence[Codec] = CODECS) -> None:
        self.host = host
        self.port = port
        self.codecs = tuple(codecs)
        self._id = secrets.randbits(62)
        self._version = 0

    def offer(self, codec: Codec | None = None) -> bytes:
        """What we would like; of a call under way, what it has."""
        codecs = self.codecs if codec is None else (codec,)
        return self._text([self._voice(codecs, TELEPHONE_EVENT, "sendrecv")])

    def answer(self, offer: Offer) -> tuple[bytes, Media]:
        """The answer to an offer, and what is agreed on by it.

        Raises:
            NoCommonCodec: nothing could be.
        """
        media = offer.media(self.codecs, self.host)
        sections = [
            self._voice((media.codec,), media.telephone_event, media.direction)
            if place == offer.chosen
            else [f"m={_declined(stream.line)}"]
            for place, stream in enumerate(offer.streams)
        ]
        return self._text(sections), media

    def accept(self, answer: Offer) -> Media:
        """What is agreed on by an answer to our offer.

        Raises:
            NoCommonCodec: nothing is.
        """
        return answer.media(self.codecs, self.host)

    def _text(self, sections: list[list[str]]) -> bytes:
        self._version += 1
        kind = f"IP{ip_address(self.host).version}"
        lines = [
            "v=0",
            f"o=voxpipe {self._id} {self._version} IN {kind} {self.host}",
            "s=-",
            f"c=IN {kind} {self.host}",
            "t=0 0",
            *(line for section in sections for line in section),
            "",
        ]
        return "\r\n".join(lines).encode()

    def _voice(
        self, codecs: Sequence[Codec], key_type: int | None, direction: Direction
    ) -> list[str]:
        types = [str(_TYPES[each]) for each in codecs]
        lines = [f"a=rtpmap:{_TYPES[each]} {each}/8000" for each in codecs]
        if key_type is not None:
            types.append(str(key_type))
            lines += [
                f"a=rtpmap:{key_type} telephone-event/8000",
                f"a=fmtp:{key_type} 0-15",
            ]
        first = f"m=audio {self.port} RTP/AVP {' '.join(types)}"
        return [first, *lines, "a=ptime:20", f"a={direction}"]


def _declined(line: str) -> str:
    kind, _, rest = line.split(" ", 2)
    return f"{kind} 0 {rest}"
