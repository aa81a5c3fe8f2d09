"""A dialog (RFC 3261 12): what both sides of a call share from its first answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sipmessage import URI, Address, CSeq, Request, Response

from .errors import SipMessageError
from .messages import Peer, tag

DialogKey = tuple[str, str, str]
"""Call-ID, our tag, theirs."""


@dataclass(slots=True)
class Dialog:
    """One of them.

    Attributes:
        local: our address, with our tag.
        remote: theirs, with their tag.
        target: where they want to be asked (their Contact).
        routes: the proxies on the way.
        peer: where the last request or answer came from.
        sent: number of the last request that we sent; ``seen``, of theirs.
    """

    call_id: str
    local: Address
    remote: Address
    target: URI
    routes: list[Address]
    peer: Peer
    sent: int
    seen: int

    @property
    def key(self) -> DialogKey:
        """By which its requests are known."""
        return self.call_id, tag(self.local), tag(self.remote)

    @classmethod
    def of_request(cls, invite: Request, local_tag: str, peer: Peer) -> Dialog:
        """That of a call that has come.

        Raises:
            SipMessageError: it does not say where its caller can be reached.
        """
        if len(invite.contact) != 1:
            raise SipMessageError("expected an INVITE with one Contact, got another")
        to = invite.to_address
        return cls(
            invite.call_id,
            Address(to.uri, to.name, to.parameters.replace(tag=local_tag)),
            invite.from_address,
            invite.contact[0].uri,
            invite.record_route,
            peer,
            0,
            invite.cseq.sequence,
        )

    @classmethod
    def of_response(cls, invite: Request, answer: Response, peer: Peer) -> Dialog:
        """That of a call that was placed, and answered."""
        contact = answer.contact
        return cls(
            invite.call_id,
            invite.from_address,
            answer.to_address,
            contact[0].uri if contact else invite.uri,
            answer.record_route[::-1],
            peer,
            invite.cseq.sequence,
            -1,
        )

    def request(self, method: str, number: int | None = None) -> Request:
        """A request within it, without Via and Contact.

        Args:
            method: what is asked.
            number: of its CSeq, where that is not the next: for an ACK.
        """
        if number is None:
            self.sent += 1
            number = self.sent
        target, routes = self.target, [*self.routes]
        if routes and "lr" not in routes[0].uri.parameters:  # a strict router of old
            routes = [*routes[1:], Address(target)]
            target = self.routes[0].uri
        made = Request(method, target)
        made.headers.set("Max-Forwards", "70")
        made.from_address = self.local
        made.to_address = self.remote
        made.call_id = self.call_id
        made.cseq = CSeq(number, method)
        if routes:
            made.route = routes
        made.content_length = 0
        return made

    def next_hop(self, may_call: Callable[[str], bool]) -> Peer:
        """Where its requests go: where they want, or else where they come from.

        Whoever may call could have us send to anybody; so it is the same host, or one
        that may call as well. A name is not looked up.

        Args:
            may_call: whether an address does.
        """
        peer = self.peer
        uri = self.routes[0].uri if self.routes else self.target
        host, port = uri.host.strip("[]"), uri.port or 5060
        if peer.transport == "TCP" or not 0 < port < 65_536:
            return peer
        return Peer(host, port) if host == peer.host or may_call(host) else peer

    def takes(self, request: Request, peer: Peer) -> bool:
        """Whether a request is in order (12.2.2); if so it moves on."""
        if request.cseq.sequence <= self.seen:
            return False
        self.seen = request.cseq.sequence
        self.peer = peer
        if request.method in ("INVITE", "UPDATE") and len(request.contact) == 1:
            self.target = request.contact[0].uri
        return True
