"""What both endpoints have in common: an offer is posted, and a call deleted."""

from __future__ import annotations

from voxpipe.transports.asgi import Receive, Scope
from voxpipe.transports.telephony.asgi import header
from voxpipe.transports.telephony.forms import BadRequest, read_body
from voxpipe.webrtc import OfferError, checked_sdp

SDP = "application/sdp"


async def read_offer(scope: Scope, receive: Receive) -> str:
    """The offer in a request.

    Raises:
        BadRequest: it is something else, too long, or too late.
    """
    kind = (header(scope, b"content-type") or "").partition(";")[0].strip().lower()
    if kind != SDP:
        raise BadRequest(415, f"expected an offer of type {SDP}")
    try:
        return checked_sdp((await read_body(scope, receive)).decode("utf-8", "replace"))
    except OfferError as error:
        raise BadRequest(400, str(error)) from None


def allowed(scope: Scope) -> dict[str, str]:
    """What a page of another origin may read; that it may call has been seen to."""
    origin = header(scope, b"origin")
    if origin is None:
        return {}
    return {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "POST, DELETE",
        "access-control-allow-headers": "content-type, authorization",
        "access-control-expose-headers": "location",
        "vary": "origin",
    }


def bearer(scope: Scope) -> str:
    """The token of a request; empty for none."""
    kind, _, token = (header(scope, b"authorization") or "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""
