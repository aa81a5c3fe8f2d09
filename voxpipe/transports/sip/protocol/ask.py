"""One request and its answers: sent again with credentials if a trunk asks for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from sipmessage import CSeq, Request, Response

from .dialog import Dialog
from .digest import Credentials, parameters
from .errors import SipMessageError
from .messages import Peer
from .transactions import Answered, Client

_CHALLENGES = {
    401: ("WWW-Authenticate", "Authorization"),
    407: ("Proxy-Authenticate", "Proxy-Authorization"),
}
_MAX_TRIES = 3  # as it was; with credentials; and if those were stale


class Asker(Protocol):
    """What sends for us."""

    def send(
        self, request: Request, peer: Peer, now: float, answered: Answered
    ) -> Client:
        """Send a request, with a Via of its own."""
        ...

    def credentials_for(self, peer: Peer) -> Credentials | None:
        """What a peer may be answered with who asks for them."""
        ...


class Ask:
    """One request, however often it is sent.

    Args:
        asker: sends it.
        request: without Via.
        peer: where it goes.
        now: as ever.
        answered: told all answers but challenges that were met; ``None``: none came.
        sent: told the number of its CSeq, each time.

    Attributes:
        client: its transaction; the last of them.
    """

    def __init__(
        self,
        asker: Asker,
        request: Request,
        peer: Peer,
        now: float,
        answered: Answered,
        *,
        dialog: Dialog | None = None,
        sent: Callable[[int], object] | None = None,
    ) -> None:
        self._asker = asker
        self._peer = peer
        self._answered = answered
        self._dialog = dialog
        self._sent = sent
        self._tries = 1
        self.client = asker.send(request, peer, now, self._heed)

    def _heed(self, response: Response | None, now: float) -> None:
        if response is None or response.code not in _CHALLENGES:
            self._answered(response, now)
            return
        request = self.client.request
        asked, answer = _CHALLENGES[response.code]
        challenges = response.headers.getlist(asked)
        credentials = self._asker.credentials_for(self._peer)
        is_new = self._tries == 1 or (
            self._tries < _MAX_TRIES and any(_is_stale(each) for each in challenges)
        )
        header = None
        if credentials is not None and is_new:
            header = credentials.answer(challenges, request.method, str(request.uri))
        if header is None:
            self._answered(response, now)
            return
        self._tries += 1
        number = request.cseq.sequence + 1
        if self._dialog is not None:
            number = self._dialog.sent = self._dialog.sent + 1
        if self._sent is not None:
            self._sent(number)
        request.headers.set(answer, header)
        request.cseq = CSeq(number, request.method)
        again = Request(request.method, request.uri, request.body)
        again.headers = request.headers
        self.client = self._asker.send(again, self._peer, now, self._heed)


def _is_stale(challenge: str) -> bool:
    try:
        return parameters(challenge).get("stale", "").lower() == "true"
    except SipMessageError:
        return False
