"""Transactions (RFC 3261 17, RFC 6026): what is lost is sent again; news come once.

No socket and no clock: `receive` and `fire` are told the time (seconds, of any clock
that does not jump), `due` says when `fire` is wanted next, and `outbox` what to send.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from typing import Literal

from sipmessage import Request, Response

from .messages import Peer, answer_to, branch, build

T1 = 0.5  # seconds: the round trip that is expected (17.1.1.1)
T2 = 4.0  # seconds: the longest between two that are sent again
T4 = 5.0  # seconds: the longest that a message stays in the network
GIVE_UP = 64 * T1  # seconds
MAX_TRANSACTIONS = 4_096  # of callers; each is kept for 32 seconds, some 5 kB

Answered = Callable[[Response | None, float], None]
"""Told each answer to a request that we sent, and the time; ``None``: none came."""
State = Literal["trying", "proceeding", "accepted", "completed", "confirmed", "ended"]


class Client:
    """A request that we have sent.

    Attributes:
        request: as it was sent.
        peer: where to.
        due: when something is to be done.
    """

    def __init__(
        self, request: Request, peer: Peer, now: float, answered: Answered
    ) -> None:
        self.request = request
        self.peer = peer
        self.answered = answered
        self.state: State = "trying"
        self.data = bytes(request)
        self._interval = T1
        self._again_at = math.inf if peer.transport == "TCP" else now + T1
        self._ends_at = now + GIVE_UP
        self._ack: bytes | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What its answers bring back."""
        return branch(self.request), self.request.method

    @property
    def due(self) -> float:
        """When `fire` is wanted."""
        return min(self._again_at, self._ends_at)

    def receive(self, response: Response, now: float) -> tuple[bool, bytes | None]:
        """Whether this is news, and what to send for it."""
        code = response.code
        if self.state in ("completed", "ended"):
            return False, self._ack  # it was not heard the first time
        if self.request.method != "INVITE":
            if code < 200:
                self.state, self._interval = "proceeding", T2
                return True, None
            self._finish(now + (T4 if self.peer.transport == "UDP" else 0))
            return True, None
        if code < 200:
            if self.state == "trying":
                self.state = "proceeding"
                self._again_at = self._ends_at = math.inf  # it may ring for long
            return self.state == "proceeding", None
        if code < 300:
            if self.state != "accepted":
                self.state = "accepted"
                self._again_at, self._ends_at = math.inf, now + GIVE_UP
            return True, None  # each one: it is our core that acknowledges them
        if self.state == "accepted":
            return False, None
        self._finish(now + (GIVE_UP if self.peer.transport == "UDP" else 0))
        ack = build("ACK", self.request, self.request.cseq.sequence)
        ack.headers.set("To", response.headers["To"])
        self._ack = bytes(ack)
        return True, self._ack

    def _finish(self, ends_at: float) -> None:
        self.state = "completed"
        self._again_at, self._ends_at = math.inf, ends_at

    def fire(self, now: float) -> Literal["", "again", "failed"]:
        """What the time asks for."""
        if now >= self._ends_at:
            has_failed = self.state in ("trying", "proceeding")
            self.end()
            return "failed" if has_failed else ""
        if now >= self._again_at:
            longest = math.inf if self.request.method == "INVITE" else T2
            self._interval = min(2 * self._interval, longest)
            self._again_at = now + self._interval
            return "again"
        return ""

    def end(self) -> None:
        """Nothing more is expected."""
        self.state, self._again_at, self._ends_at = "ended", math.inf, math.inf


class Server:
    """A request that has come.

    Attributes:
        request: as it came.
        peer: from where.
        due: when something is to be done.
    """

    def __init__(self, request: Request, peer: Peer) -> None:
        self.request = request
        self.peer = peer
        self.to = answer_to(request, peer)
        self.state: State = "trying"
        self.data: bytes | None = None  # of the last answer
        self._interval = T1
        self._again_at = math.inf
        self._ends_at = math.inf

    @property
    def due(self) -> float:
        """When `fire` is wanted."""
        return min(self._again_at, self._ends_at)

    @property
    def is_final(self) -> bool:
        """It has been answered."""
        return self.state not in ("trying", "proceeding")

    def respond(self, code: int, data: bytes, now: float) -> None:
        """Note an answer that is sent."""
        self.data = data
        is_datagram = self.peer.transport == "UDP"
        if code < 200:
            self.state = "proceeding"
        elif self.request.method != "INVITE":
            self.state = "completed"
            self._ends_at = now + (GIVE_UP if is_datagram else 0)
        else:
            self.state = "accepted" if code < 300 else "completed"
            self._ends_at = now + GIVE_UP
            # That a call is accepted is said until it is confirmed, by any transport:
            # the message may get lost further on (13.3.1.4).
            if is_datagram or code < 300:
                self._again_at = now + T1

    def confirm(self, now: float) -> None:
        """Its ACK has come."""
        if self.state in ("accepted", "completed"):
            # That INVITE may come again, from the network, and is no new one.
            linger = GIVE_UP if self.state == "accepted" else T4
            self.state = "confirmed"
            self._again_at, self._ends_at = math.inf, now + linger

    def fire(self, now: float) -> Literal["", "again", "failed"]:
        """What the time asks for."""
        if now >= self._ends_at:
            has_failed = self.state == "accepted"
            self.state, self._again_at, self._ends_at = "ended", math.inf, math.inf
            return "failed" if has_failed else ""
        if now >= self._again_at:
            self._interval = min(2 * self._interval, T2)
            self._again_at = now + self._interval
            return "again"
        return ""


@dataclass(frozen=True, slots=True)
class RequestCame:
    """A request that is new, to be answered by `Transactions.respond`."""

    server: Server


@dataclass(frozen=True, slots=True)
class AckCame:
    """That an accepted call is confirmed."""

    request: Request


Event = RequestCame | AckCame


def unheeded(_: Response | None, now: float) -> None:
    """For a request whose answer changes nothing."""


class Transactions:
    """All of one user agent.

    Attributes:
        outbox: what is to be sent, and where to; taken away by the caller.
        dropped: requests that came when there were too many already.
        strays: answers to nothing that was asked.
    """

    def __init__(self, *, limit: int = MAX_TRANSACTIONS) -> None:
        self.outbox: list[tuple[bytes, Peer]] = []
        self.dropped = self.strays = 0
        self._limit = limit
        self._clients: dict[tuple[str, str], Client] = {}
        self._servers: dict[tuple[object, ...], Server] = {}
        self._heap: list[tuple[float, int, Client | Server]] = []
        self._count = count()

    def __len__(self) -> int:
        return len(self._clients) + len(self._servers)

    @property
    def is_waiting(self) -> bool:
        """Something that was asked is not answered yet."""
        waiting = ("trying", "proceeding")
        return any(each.state in waiting for each in self._clients.values())

    @property
    def due(self) -> float:
        """When `fire` is wanted next; infinite if never."""
        heap = self._heap
        while heap and heap[0][0] != heap[0][2].due:
            heappop(heap)  # it was put off, or is over
        return heap[0][0] if heap else math.inf

    def request(
        self, request: Request, peer: Peer, now: float, answered: Answered
    ) -> Client:
        """Send a request; not an ACK, which nothing answers."""
        client = Client(request, peer, now, answered)
        self._clients[client.key] = client
        self.outbox.append((client.data, peer))
        self._watch(client, math.inf)
        return client

    def respond(self, server: Server, response: Response, now: float) -> None:
        """Answer a request; one that was answered for good is left as it is."""
        if server.is_final:
            return
        before, data = server.due, bytes(response)
        server.respond(response.code, data, now)
        self.outbox.append((data, server.to))
        self._watch(server, before)

    def confirm(self, server: Server, now: float) -> None:
        """The ACK of an accepted call has come."""
        before = server.due
        server.confirm(now)
        self._watch(server, before)

    def abandon(self, client: Client) -> None:
        """Wait for no answer any more."""
        self._forget(client)
        client.end()

    def knows(self, request: Request) -> bool:
        """Whether it has come before, and is of a transaction that is not over."""
        return _key(request, request.method) in self._servers

    def invite_of(self, cancel: Request, peer: Peer) -> Server | None:
        """The call that is to be cancelled (9.2), by who has placed it."""
        invite = self._servers.get(_key(cancel, "INVITE"))
        is_theirs = invite is not None and invite.peer.host == peer.host
        return invite if is_theirs else None

    def receive(
        self, message: Request | Response, peer: Peer, now: float
    ) -> Event | None:
        """Take what came; what is new in it."""
        if isinstance(message, Response):
            self._answer(message, peer, now)
            return None
        is_ack = message.method == "ACK"
        key = _key(message, "INVITE" if is_ack else message.method)
        server = self._servers.get(key)
        if is_ack:
            if server is None or server.state != "completed":
                return AckCame(message)
            self.confirm(server, now)
            return None
        if server is not None:
            if server.data is not None and server.state != "confirmed":
                self.outbox.append((server.data, server.to))
            return None
        if len(self._servers) >= self._limit:
            self.dropped += 1
            return None
        server = self._servers[key] = Server(message, peer)
        return RequestCame(server)

    def _answer(self, response: Response, peer: Peer, now: float) -> None:
        client = self._clients.get((branch(response), response.cseq.method))
        # A guess of the branch is not enough: it must come from where we asked.
        if client is None or client.peer.host != peer.host:
            self.strays += 1
            return
        before = client.due
        is_news, data = client.receive(response, now)
        if data is not None:
            self.outbox.append((data, client.peer))
        self._watch(client, before)
        if is_news:
            client.answered(response, now)

    def lost(self, peer: Peer, now: float) -> None:
        """A peer cannot be reached: what was asked of it will not be answered."""
        for client in [each for each in self._clients.values() if each.peer == peer]:
            if client.state in ("trying", "proceeding"):
                self.abandon(client)
                client.answered(None, now)

    def fire(self, now: float) -> list[Server]:
        """Do what the time asks for; accepted calls that nobody has confirmed."""
        unconfirmed: list[Server] = []
        while self.due <= now:
            at, _, each = heappop(self._heap)
            what = each.fire(now)
            if what == "again" and each.data is not None:
                to = each.peer if isinstance(each, Client) else each.to
                self.outbox.append((each.data, to))
            if each.state == "ended":
                self._forget(each)
            if what == "failed" and isinstance(each, Client):
                each.answered(None, now)
            elif what == "failed" and isinstance(each, Server):
                unconfirmed.append(each)
            self._watch(each, at)
        return unconfirmed

    def _forget(self, each: Client | Server) -> None:
        if isinstance(each, Client):
            self._clients.pop(each.key, None)
        else:
            self._servers.pop(_key(each.request, each.request.method), None)

    def _watch(self, each: Client | Server, before: float) -> None:
        if each.due != before and each.due < math.inf:
            heappush(self._heap, (each.due, next(self._count), each))


def _key(request: Request, method: str) -> tuple[object, ...]:
    """What a request has in common with those that are the same (17.2.3)."""
    via = request.via[0]
    return branch(request), via.host, via.port, method
