"""Whether an INVITE can be answered at all; if not, with what it is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sipmessage import Request

from . import sdp
from .errors import NoCommonCodec, SdpError
from .sdp import Codec, Offer
from .session_timer import MIN_INTERVAL, session_expires

KNOWN_EXTENSIONS = {"timer"}


class Unanswerable(Exception):
    """An INVITE that is refused.

    Attributes:
        code: the status.
        headers: those that say the cure.
        why: for the log; empty where the fault is nobody's.
    """

    def __init__(self, code: int, headers: Mapping[str, str], why: str = "") -> None:
        super().__init__(why)
        self.code = code
        self.headers = headers
        self.why = why


def screen(invite: Request, host: str, codecs: Sequence[Codec]) -> Offer | None:
    """What an INVITE offers; ``None``: it leaves that to us.

    Args:
        invite: as it came.
        host: ours, for warnings.
        codecs: what we speak.

    Raises:
        Unanswerable: it is refused.
    """
    unknown = [each for each in invite.require if each.lower() not in KNOWN_EXTENSIONS]
    if unknown:
        raise Unanswerable(420, {"Unsupported": ", ".join(unknown)})
    asked = session_expires(invite)
    if asked is not None and asked[0] < MIN_INTERVAL:
        raise Unanswerable(422, {"Min-SE": str(MIN_INTERVAL)})
    if not invite.body:
        return None
    kind = invite.content_type
    if kind is None or kind.mime_type.lower() != "application/sdp":
        raise Unanswerable(415, {"Accept": "application/sdp"})
    try:
        offer = sdp.parse(invite.body)
        offer.media(codecs, host.strip("[]"))
    except NoCommonCodec as error:
        text = f'305 {host} "PCMU or PCMA over RTP/AVP, please"'
        raise Unanswerable(488, {"Warning": text}, str(error)) from error
    except SdpError as error:
        raise Unanswerable(400, {}, str(error)) from error
    return offer
