"""The user agent: what came from whom, which call it is of, and what is to be sent.

It has no socket and no clock. Whoever drives it gives it messages (`receive`) and the
time (`fire`, at `due`), sends what `take_outbox` has, and does what `take_events` says.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

from sipmessage import URI, Address, CSeq, Parameters, Request, Response, Via

from .dialog import Dialog, DialogKey
from .digest import Credentials
from .errors import SipMessageError
from .leg import ALLOW, Incoming, Leg, LegEvent, Over
from .messages import (
    Peer,
    answer_to,
    new_branch,
    new_tag,
    parse,
    received_from,
    response,
    tag,
)
from .placed import NotTaken, Placed, Taken
from .registration import Registration
from .screening import Unanswerable, screen
from .sdp import CODECS, Codec, Description
from .transactions import (
    AckCame,
    Answered,
    Client,
    RequestCame,
    Server,
    Transactions,
    unheeded,
)
from .trunk import Access, Trunk

MAX_SEEN = 4_096  # calls that are known when they come once more

AgentEvent = LegEvent | Taken | NotTaken


def unregistered(holds: bool, what: str) -> None:
    """For who does not want to be told of registrations."""


def quiet(_: str) -> None:
    """For who does not want to be told."""


class UserAgent:
    """One line's.

    Args:
        host: the IP address under which others reach us.
        port: likewise.
        access: who may call.
        codecs: what we speak, the dearest first.
        trunk: where calls go, and its address.
        report: told what others do wrong; of strangers' doing, at any rate.
        registered: told whether a registration holds, and a sentence.

    Attributes:
        registration: with the trunk, if it wants one.
        trunk: as it was given.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        access: Access,
        codecs: Sequence[Codec] = CODECS,
        trunk: tuple[Trunk, Peer] | None = None,
        report: Callable[[str], object] = quiet,
        registered: Callable[[bool, str], object] = unregistered,
    ) -> None:
        self.media_host = host
        self.codecs = codecs
        self._report = report
        self._access = access
        self._port = port
        self._host = f"[{host}]" if ":" in host else host
        self.trunk = trunk
        self._credentials = trunk[0].credentials if trunk else None
        user = (trunk and trunk[0].username) or "voxpipe"
        is_tcp = trunk is not None and trunk[0].transport == "TCP"
        parameters = Parameters(transport="tcp") if is_tcp else Parameters()
        self.contact = Address(URI("sip", self._host, user, None, port, parameters))
        self._transactions = Transactions()
        self._legs: dict[DialogKey, Leg] = {}
        self._placed: set[Placed] = set()
        self._seen: OrderedDict[tuple[str, str, int], None] = OrderedDict()
        self._events: list[AgentEvent] = []
        self._tag = new_tag()  # of answers for which nothing is kept
        self.registration: Registration | None = None
        if trunk is not None and trunk[0].register:
            self.registration = Registration(
                self, trunk[0], trunk[1], self.contact, registered
            )

    # --- for who has the sockets and the clock

    @property
    def due(self) -> float:
        """When `fire` is wanted next; infinite if never."""
        dues = [self._transactions.due]
        dues += [each.due for each in self._legs.values()]
        dues += [each.due for each in self._placed]
        if self.registration is not None:
            dues.append(self.registration.due)
        return min(dues)

    @property
    def has_told(self) -> bool:
        """Nothing that we have asked for waits for an answer."""
        return not self._transactions.is_waiting

    @property
    def is_idle(self) -> bool:
        """Nothing is kept of any call, and nobody is waited for."""
        return not (self._legs or self._placed or len(self._transactions))

    def take_outbox(self) -> list[tuple[bytes, Peer]]:
        """What is to be sent, in order."""
        outbox, self._transactions.outbox = self._transactions.outbox, []
        return outbox

    def take_events(self) -> list[AgentEvent]:
        """What has happened, in order."""
        events, self._events = self._events, []
        return events

    def receive(self, data: bytes, peer: Peer, now: float) -> None:
        """Take a datagram, or a message of a stream."""
        if not data.strip(b"\r\n\x00 "):
            return  # it keeps a way through a router open
        try:
            message = parse(data)
        except SipMessageError as error:
            self.report(str(error))
            return
        if isinstance(message, Request):
            received_from(message, peer)
            if not self._is_admitted(message, peer, now):
                return
        dropped = self._transactions.dropped
        event = self._transactions.receive(message, peer, now)
        if self._transactions.dropped > dropped:
            self.report("too many requests within half a minute: one is dropped")
        if isinstance(event, RequestCame):
            self._handle(event.server, now)
        elif isinstance(event, AckCame):
            leg = self._leg_of(event.request)
            if leg is not None:
                leg.confirm(event.request, now)
                self._forget(leg)

    def fire(self, now: float) -> None:
        """Do what the time asks for."""
        for server in self._transactions.fire(now):
            for leg in self._legs_of(server.request):
                leg.unconfirmed(server, now)
                self._forget(leg)
        for leg in list(self._legs.values()):
            leg.fire(now)
        for placed in list(self._placed):
            placed.fire(now)
        if self.registration is not None:
            self.registration.fire(now)

    def lost(self, peer: Peer, now: float) -> None:
        """A connection could not be made, or has ended."""
        self._transactions.lost(peer, now)

    def place(
        self,
        target: URI,
        peer: Peer,
        port: int,
        now: float,
        *,
        caller: str = "",
        ring_for: float = 60.0,
    ) -> Placed:
        """Call somebody.

        Args:
            target: whom.
            peer: where that is, or the trunk.
            port: where the voice is heard.
            now: as ever.
            caller: a number, or a name, to be shown; else the trunk's username.
            ring_for: seconds.
        """
        trunk = self.trunk[0] if self.trunk and self.trunk[1] == peer else None
        user = caller or (trunk and trunk.username) or "voxpipe"
        us = URI("sip", trunk.host if trunk else self._host, user)
        invite = Request("INVITE", target)
        invite.headers.set("Max-Forwards", "70")
        invite.from_address = Address(us, "", Parameters(tag=new_tag()))
        invite.to_address = Address(target)
        invite.call_id = new_tag() + new_tag()
        invite.cseq = CSeq(1, "INVITE")
        invite.contact = [self.contact]
        invite.headers.set("Allow", ALLOW)
        invite.headers.set("Supported", "timer")
        self._is_new(invite)  # should it come back, it is a loop
        description = Description(self.media_host, port, self.codecs)
        placed = Placed(self, invite, peer, description, now, ring_for=ring_for)
        self._placed.add(placed)
        return placed

    # --- what has come

    def _is_admitted(self, request: Request, peer: Peer, now: float) -> bool:
        """Whether it is looked at; of others nothing is kept, but they are answered."""
        if request.method == "ACK" or self._transactions.knows(request):
            return True
        if self._leg_of(request) is not None:  # whose tags nobody else can guess
            return True
        is_cancel = request.method == "CANCEL"
        if is_cancel and self._transactions.invite_of(request, peer) is not None:
            return True
        verdict = self._access.verdict(request, peer, now)
        if verdict == "known":
            return True
        if verdict == "refused":
            self.report(
                "a request from an address that may not call: refused; name it in "
                "allow= if it may"
            )
        answer = response(
            request, 403 if verdict == "refused" else 401, to_tag=self._tag
        )
        if verdict != "refused":
            if request.headers.get("Authorization") and verdict == "unknown":
                self.report("a request with a wrong name or password: refused")
            answer.headers.setlist(
                "WWW-Authenticate",
                self._access.challenges(now, stale=verdict == "stale"),
            )
        to = answer_to(request, peer)
        self._transactions.outbox.append((bytes(answer), to))
        return False

    def _handle(self, server: Server, now: float) -> None:
        request = server.request
        leg = self._leg_of(request)
        if request.method == "CANCEL":
            self._cancel(server, now)
        elif leg is not None:
            leg.handle(server, now)
            self._forget(leg)
        elif tag(request.to_address) or request.method == "BYE":
            self._answer(server, 481, now)
        elif request.method == "INVITE":
            self._invite(server, now)
        elif request.method == "OPTIONS":
            self._answer(server, 200, now, {"Accept": "application/sdp"})
        else:
            self._answer(server, 405, now)

    def _cancel(self, server: Server, now: float) -> None:
        invite = self._transactions.invite_of(server.request, server.peer)
        self._answer(server, 481 if invite is None else 200, now)
        for leg in [] if invite is None else self._legs_of(invite.request):
            leg.cancel(now)

    def _invite(self, server: Server, now: float) -> None:
        request = server.request
        try:
            offer = screen(request, self._host, self.codecs)
            if not self._is_new(request):
                why = "a call that came by another way before: a loop, refused"
                raise Unanswerable(482, {}, why)
            dialog = Dialog.of_request(request, new_tag(), server.peer)
        except Unanswerable as error:
            if error.why:
                self.report(error.why)
            self._answer(server, error.code, now, error.headers)
            return
        except SipMessageError as error:
            self.report(str(error))
            self._answer(server, 400, now)
            return
        self._answer(server, 100, now)
        leg = Leg(
            self,
            dialog,
            caller=request.from_address.uri.user or "",
            called=request.uri.user or "",
            server=server,
            offer=offer,
        )
        self._legs[dialog.key] = leg
        self._events.append(Incoming(leg))

    def _is_new(self, invite: Request) -> bool:
        key = invite.call_id, tag(invite.from_address), invite.cseq.sequence
        if key in self._seen:
            return False
        self._seen[key] = None
        if len(self._seen) > MAX_SEEN:
            self._seen.popitem(last=False)
        return True

    def _leg_of(self, request: Request) -> Leg | None:
        key = request.call_id, tag(request.to_address), tag(request.from_address)
        return self._legs.get(key)

    def _legs_of(self, invite: Request) -> list[Leg]:
        return [each for each in self._legs.values() if each.is_of(invite)]

    def _forget(self, leg: Leg) -> None:
        if leg.state == "ended" and not leg.lingers:
            self._legs.pop(leg.dialog.key, None)

    def _answer(
        self,
        server: Server,
        code: int,
        now: float,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        answer = response(server.request, code, to_tag=new_tag())
        if code in (200, 405):
            answer.headers.set("Allow", ALLOW)
        for name, value in (headers or {}).items():
            answer.headers.set(name, value)
        self.respond(server, answer, now)

    # --- for calls, and the registration

    def send(
        self, request: Request, peer: Peer, now: float, answered: Answered
    ) -> Client:
        """As `Asker.send`."""
        request.via = [self._via(peer)]
        return self._transactions.request(request, peer, now, answered)

    def send_once(self, request: Request, peer: Peer) -> None:
        """As `Core.send_once`."""
        request.via = [self._via(peer)]
        self._transactions.outbox.append((bytes(request), peer))

    def send_cancel(self, request: Request, peer: Peer, now: float) -> None:
        """As `PlacingCore.send_cancel`."""
        self._transactions.request(request, peer, now, unheeded)

    def abandon(self, client: Client) -> None:
        """As `PlacingCore.abandon`."""
        self._transactions.abandon(client)

    def may_call(self, host: str) -> bool:
        """As `Core.may_call`."""
        return self._access.knows(host)

    def respond(self, server: Server, answer: Response, now: float) -> None:
        """As `Core.respond`."""
        self._transactions.respond(server, answer, now)

    def confirmed(self, server: Server, now: float) -> None:
        """As `Core.confirmed`."""
        self._transactions.confirm(server, now)

    def credentials_for(self, peer: Peer) -> Credentials | None:
        """As `Asker.credentials_for`: of the trunk only, a stranger could guess on."""
        if self.trunk is None or self.trunk[1].host != peer.host:
            return None
        return self._credentials

    def tell(self, event: LegEvent) -> None:
        """As `Core.tell`."""
        self._events.append(event)
        if isinstance(event, Over):
            self._forget(event.leg)

    def settled(self, outcome: Taken | NotTaken) -> None:
        """As `PlacingCore.settled`."""
        self._placed.discard(outcome.placed)
        if isinstance(outcome, Taken):
            self._legs[outcome.leg.dialog.key] = outcome.leg
        self._events.append(outcome)

    def report(self, what: str) -> None:
        """As `Core.report`."""
        self._report(what)

    def _via(self, peer: Peer) -> Via:
        parameters = Parameters(branch=new_branch(), rport=None)
        return Via(peer.transport, self._host, self._port, parameters)
