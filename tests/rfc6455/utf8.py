"""Texts that are UTF-8, and bytes that are not: the edges of RFC 3629.

After Markus Kuhn's list, which Autobahn follows in 6.5 to 6.23.
"""

from __future__ import annotations

UTF8 = (
    "κόσμε",
    "Hellö 𝄞 €",
    "\u007f\u0080",
    "\u07ff\u0800",
    "\ud7ff\ue000",  # on both sides of the surrogates
    "\ufffd\ufffe\uffff",  # no characters, and yet valid
    "\U00010000\U0010ffff",
    "\U0001fffe\U0010fffe",
)

NOT_UTF8 = (
    b"\x80",  # a continuation of nothing
    b"\xbf",
    b"\x80\xbf\x80",
    b"\xc3",  # half a character
    b"\xe2\x82",
    b"\xf0\x90\x80",
    b"\xc3(",  # and then another
    b"\xe2\x82(",
    b"\xf0\x9d\x84(",
    b"\xc0\xaf",  # longer than it has to be
    b"\xe0\x80\xaf",
    b"\xf0\x80\x80\xaf",
    b"\xc1\xbf",
    b"\xe0\x9f\xbf",
    b"\xf0\x8f\xbf\xbf",
    b"\xed\xa0\x80",  # surrogates: alone, and as pairs
    b"\xed\xbf\xbf",
    b"\xed\xa0\x80\xed\xb0\x80",
    b"\xf4\x90\x80\x80",  # behind the last one
    b"\xf7\xbf\xbf\xbf",
    b"\xf8\x88\x80\x80\x80",  # forms of five and six bytes
    b"\xfc\x84\x80\x80\x80\x80",
    b"\xfe",
    b"\xff",
    b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
)
