"""User agents on a network of the test's own, which passes time and may lose things."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from heapq import heappop, heappush
from itertools import count

from sipmessage import URI, Request, Response

from voxpipe.transports.sip.protocol.agent import AgentEvent, UserAgent
from voxpipe.transports.sip.protocol.leg import Incoming, Leg, Over, Talk
from voxpipe.transports.sip.protocol.messages import Peer, parse
from voxpipe.transports.sip.protocol.placed import NotTaken, Placed, Taken
from voxpipe.transports.sip.protocol.trunk import Access, Trunk

ALICE, BOB = Peer("127.0.0.1", 5060), Peer("127.0.0.2", 5060)
FAR = 10_000.0  # seconds: all timers of signalling are over by then

Fate = Callable[[bytes, int], Sequence[float]]
"""After how many seconds each copy of a message arrives; none: it is lost."""


def clean(_: bytes, number: int) -> Sequence[float]:
    return [0.02]


class Network:
    """Delivers datagrams in virtual time.

    Attributes:
        log: what was sent, as `Phone` and first line.
    """

    def __init__(self, fate: Fate = clean) -> None:
        self.now = 100.0
        self.fate = fate
        self.phones: dict[Peer, Phone] = {}
        self.log: list[str] = []
        self.others: dict[Peer, list[Request | Response]] = {}
        self._wires: list[tuple[float, int, bytes, Peer, Peer]] = []
        self._count = count()

    def phone(
        self,
        at: Peer,
        *,
        users: Mapping[str, str] | None = None,
        trunk: tuple[Trunk, Peer] | None = None,
        allow: Sequence[str] = (),
        answers: bool = True,
    ) -> Phone:
        phone = self.phones[at] = Phone(
            self, at, users=users, trunk=trunk, allow=allow, answers=answers
        )
        return phone

    def send(self, data: bytes, source: Peer, target: Peer) -> None:
        self.log.append(f"{source.host[-1]} {data.splitlines()[0].decode()}")
        for delay in self.fate(data, len(self.log) - 1):
            at = self.now + delay
            heappush(self._wires, (at, next(self._count), data, source, target))

    def run(self, until: float = FAR) -> None:
        """Pass the time until all is quiet, or so many seconds."""
        end = self.now + until
        while True:
            for phone in self.phones.values():
                phone.flush()
            dues = [phone.agent.due for phone in self.phones.values()]
            at = min([*dues, self._wires[0][0] if self._wires else math.inf])
            if at > end:
                self.now = end
                return
            self.now = max(self.now, at)
            while self._wires and self._wires[0][0] <= self.now:
                _, _, data, source, target = heappop(self._wires)
                if target in self.phones:
                    self.phones[target].agent.receive(data, source, self.now)
                    self.phones[target].flush()
                else:
                    self.others.setdefault(target, []).append(parse(data))
            for phone in self.phones.values():
                phone.agent.fire(self.now)


class Phone:
    """A user agent, and what has happened to it."""

    def __init__(
        self,
        network: Network,
        at: Peer,
        *,
        users: Mapping[str, str] | None,
        trunk: tuple[Trunk, Peer] | None,
        allow: Sequence[str],
        answers: bool,
    ) -> None:
        self.network = network
        self.at = at
        self.answers = answers
        self.reports: list[str] = []
        self.registered: list[tuple[bool, str]] = []
        self.events: list[AgentEvent] = []
        self.legs: list[Leg] = []
        access = Access(
            at.host, allow=allow, users=users, trunk=trunk[0] if trunk else None
        )
        if trunk:
            access.trust(trunk[1].host)
        self.agent = UserAgent(
            at.host,
            at.port,
            access=access,
            trunk=trunk,
            report=self.reports.append,
            registered=lambda holds, what: self.registered.append((holds, what)),
        )

    def flush(self) -> None:
        for event in self.agent.take_events():
            self.events.append(event)
            if isinstance(event, Incoming):
                self.legs.append(event.leg)
                event.leg.ring(self.network.now)
                if self.answers:
                    event.leg.answer(4000 + self.at.port % 100, self.network.now)
            elif isinstance(event, Taken):
                self.legs.append(event.leg)
        for data, target in self.agent.take_outbox():
            self.network.send(data, self.at, target)

    def call(self, to: Peer, *, ring_for: float = 60.0, user: str = "bob") -> Placed:
        uri = URI.parse(f"sip:{user}@{to.host}:{to.port}")
        now = self.network.now
        return self.agent.place(uri, to, 6000, now, ring_for=ring_for)

    def of(self, kind: type[AgentEvent]) -> list[AgentEvent]:
        return [each for each in self.events if isinstance(each, kind)]

    @property
    def ends(self) -> list[str]:
        return [each.by for each in self.events if isinstance(each, Over)]

    @property
    def failures(self) -> list[str]:
        return [
            f"{type(each.error).__name__} {each.error.status}"
            for each in self.events
            if isinstance(each, NotTaken)
        ]

    @property
    def talks(self) -> list[str]:
        return [
            f"{each.media.codec} {each.media.host}:{each.media.port} "
            f"{each.media.telephone_event} {each.media.direction}"
            for each in self.events
            if isinstance(each, Talk)
        ]
