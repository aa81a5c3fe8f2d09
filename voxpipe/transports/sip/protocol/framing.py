"""SIP messages out of a stream of bytes (RFC 3261 18.3): each says its size."""

from __future__ import annotations

import re

from .errors import SipMessageError
from .messages import MAX_HEAD, MAX_MESSAGE

_LENGTH = re.compile(rb"(?im)^(?:content-length|l)[ \t]*:[ \t]*(\d{1,6})[ \t]*\r?$")


class Framing:
    """Those of one connection."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are complete now.

        Raises:
            SipMessageError: one has no size or too much of it: nobody knows any more
                where the next begins.
        """
        self._rest += data
        found: list[bytes] = []
        while True:
            rest = self._rest
            while rest.startswith(b"\r\n"):  # it keeps the connection open (RFC 5626)
                del rest[:2]
            end = rest.find(b"\r\n\r\n", 0, MAX_HEAD + 4)
            if end < 0:
                if len(rest) > MAX_HEAD:
                    raise SipMessageError(
                        f"expected SIP headers of up to {MAX_HEAD} bytes, got more"
                    )
                return found
            length = _LENGTH.search(rest, 0, end + 2)
            if length is None:
                raise SipMessageError(
                    "expected a message with Content-Length, for it came by TCP; got "
                    "one without"
                )
            size = end + 4 + int(length[1])
            if size > MAX_MESSAGE:
                raise SipMessageError(
                    f"expected a SIP message of up to {MAX_MESSAGE} bytes, got {size}"
                )
            if len(rest) < size:
                return found
            found.append(bytes(rest[:size]))
            del rest[:size]
