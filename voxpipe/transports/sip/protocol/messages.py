"""SIP messages (RFC 3261): parsed once, here, or refused with a reason.

``sipmessage`` reads them. What it would read wrongly, or slowly, is kept from it: lines
are joined and trimmed before, and of headers with credentials see ``digest.py``.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Literal

from sipmessage import Address, CSeq, Message, Request, Response, Via

from .errors import PHRASES, SipMessageError

MAX_MESSAGE = 65_535  # bytes: of a datagram it cannot be more
MAX_HEAD = 16_384  # bytes of the first line and the headers
MAX_HEADERS = 128  # a call over ten proxies has some forty
COOKIE = "z9hG4bK"  # how the branch of RFC 3261 begins (8.1.1.7)
_FOLD = re.compile(rb"\r\n[ \t]+")
_SPACED = re.compile(rb"(?m)^([!-9;-~]+)[ \t]+:")
_STRAY = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")  # what logs would show
_MAX_NUMBER = 2**31 - 1  # of a CSeq (8.1.1.5)
_STATUSES = range(100, 700)

Transport = Literal["UDP", "TCP"]


@dataclass(frozen=True, slots=True)
class Peer:
    """Where a message came from, or goes to.

    Attributes:
        host: an IP address.
        transport: ``UDP``, or ``TCP``: one connection.
    """

    host: str
    port: int
    transport: Transport = "UDP"


def parse(data: bytes) -> Request | Response:
    """Read one message; all that this package asks of it later is known to be there.

    Raises:
        SipMessageError: it is none, or one that cannot be answered.
    """
    if len(data) > MAX_MESSAGE:
        raise SipMessageError(
            f"expected a SIP message of up to {MAX_MESSAGE} bytes, got {len(data)}"
        )
    head, separator, body = data.partition(b"\r\n\r\n")
    lines = head.count(b"\r\n")
    if not separator or len(head) > MAX_HEAD or lines > MAX_HEADERS:
        raise SipMessageError(
            f"expected SIP headers: {MAX_HEADERS} lines and {MAX_HEAD} bytes at most, "
            f"and an empty line; got {lines} lines, {len(head)} bytes"
            + ("" if separator else ", no empty line")
        )
    head = _SPACED.sub(rb"\1:", _FOLD.sub(b" ", head))
    if any(_STRAY.search(line) for line in head.split(b"\r\n")):
        raise SipMessageError(
            "expected lines of text that end with CR LF, got another control in one"
        )
    try:
        message = Message.parse(head + separator + body)
        _check(message)
    except SipMessageError:
        raise
    except (ValueError, KeyError, TypeError) as error:  # TypeError: ";self=1"
        # sipmessage raises the same few objects again and again, and each would keep
        # all the places where it ever was, with the messages.
        error.__traceback__ = error.__context__ = None
        # What it says would quote the message.
        raise SipMessageError(
            "expected a SIP message with Via, From, To, Call-ID and CSeq as RFC 3261 "
            "has them, got another"
        ) from None
    return message


def _check(message: Request | Response) -> None:
    _ = branch(message), message.from_address, message.to_address
    cseq, call_id = message.cseq, message.call_id
    if not (0 <= cseq.sequence <= _MAX_NUMBER and call_id):
        raise ValueError
    _ = message.contact, message.record_route, message.route, message.content_type
    if isinstance(message, Request):
        _ = message.expires, message.max_forwards
        if cseq.method != message.method:
            raise SipMessageError(
                "expected a request whose CSeq names its method, got another there"
            )
    elif message.code not in _STATUSES:
        raise ValueError
    for via in message.via:
        if via.port is not None and not 0 < via.port < 65_536:
            raise ValueError
    length = message.content_length
    if length is not None:
        if not 0 <= length <= len(message.body):
            raise SipMessageError(
                f"expected a body of {length} bytes as it says, got {len(message.body)}"
            )
        message.body = message.body[:length]


def branch(message: Request | Response) -> str:
    """Of the topmost Via; of an old one without, what makes it as distinct."""
    via = message.via[0] if message.via else None
    if via is None:
        raise KeyError("Via")
    found = via.parameters.get("branch")
    return found or f"{via.host}:{via.port} {message.call_id} {message.cseq.sequence}"


def tag(address: Address) -> str:
    """The tag of a From or a To; empty where there is none."""
    return address.parameters.get("tag") or ""


def new_branch() -> str:
    """A branch that nobody else has."""
    return COOKIE + secrets.token_hex(12)


def new_tag() -> str:
    """A tag that nobody can guess."""
    return secrets.token_hex(8)


def build(method: str, request: Request, number: int) -> Request:
    """A request for the same transaction or dialog side: ACK to a refusal, CANCEL.

    As 17.1.1.3 and 9.1 have it: same URI, topmost Via, From, Call-ID and routes.
    """
    made = Request(method, request.uri)
    made.headers.setlist("Via", request.headers.getlist("Via")[:1])
    for name in ("From", "To", "Call-ID", "Route"):
        if values := request.headers.getlist(name):
            made.headers.setlist(name, list(values))
    made.cseq = CSeq(number, method)
    made.max_forwards = 70
    made.content_length = 0
    return made


def response(request: Request, code: int, *, to_tag: str = "") -> Response:
    """An answer to ``request`` (8.2.6.2), without a body.

    Args:
        request: as it came.
        code: the status.
        to_tag: ours, where the request has none yet.
    """
    made = Response(code, PHRASES.get(code, "Unknown"))
    made.headers.setlist("Via", list(request.headers.getlist("Via")))
    made.headers.set("From", request.headers["From"])
    to = request.headers["To"]
    if to_tag and code > 100 and not tag(request.to_address):
        to += f";tag={to_tag}"
    made.headers.set("To", to)
    made.call_id = request.call_id
    made.cseq = request.cseq
    if 100 < code < 300 and (routes := request.headers.getlist("Record-Route")):
        made.headers.setlist("Record-Route", list(routes))
    made.content_length = 0
    return made


def received_from(request: Request, peer: Peer) -> None:
    """Note in the topmost Via where it came from (18.2.1, RFC 3581)."""
    vias = request.via
    first = vias[0]
    found = first.parameters
    if "rport" in found:
        found = found.replace(rport=str(peer.port), received=peer.host)
    elif first.host != peer.host:
        found = found.replace(received=peer.host)
    else:
        return
    vias[0] = Via(first.transport, first.host, first.port, found)
    request.via = vias


def answer_to(request: Request, peer: Peer) -> Peer:
    """Where the answers to a request go that came from ``peer`` (18.2.2)."""
    via = request.via[0]
    if peer.transport == "TCP" or "rport" in via.parameters:
        return peer
    return Peer(peer.host, via.port or 5060)


def with_body(message: Request | Response, body: bytes) -> None:
    """Give a message a session description."""
    message.body = body
    message.headers.set("Content-Type", "application/sdp")
    message.content_length = len(body)
