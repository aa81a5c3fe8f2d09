"""A SIP line: a user agent on real sockets, and the calls over it."""

from __future__ import annotations

import logging
import math
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Self

from anyio import (
    AsyncContextManagerMixin,
    CancelScope,
    Event,
    create_task_group,
    current_time,
    getaddrinfo,
    move_on_after,
)
from sipmessage import URI

from voxpipe.pipeline import ConfigurationError, TransportError
from voxpipe.pipeline.runtime.scopes import tasks_until_done
from voxpipe.pipeline.runtime.seldom import Seldom
from voxpipe.pipeline.runtime.wakeup import Wakeup
from voxpipe.transports.rtp import RtpSession
from voxpipe.transports.telephony import App, Call, CallNotTaken, Switchboard

from .channel import Channel
from .protocol.agent import AgentEvent, UserAgent
from .protocol.digest import ALGORITHMS, Algorithm
from .protocol.errors import refused
from .protocol.leg import Incoming, Leg, Over, Talk
from .protocol.messages import Peer
from .protocol.placed import NotTaken, Placed, Taken
from .protocol.sdp import CODECS, Codec
from .protocol.trunk import Access, Trunk
from .wires import LOG_INTERVAL, Wires

GOODBYE = 2.0  # seconds that the others have to answer our last words
RETRY_AFTER = 30  # seconds until somebody who was not taken may call again

logger = logging.getLogger(__name__)


class SipLine(AsyncContextManagerMixin):
    """A SIP line of one's own: answers calls, and places them. Needs ``voxpipe[sip]``.

    Open it with ``async with``; when the block ends, so do all calls. It speaks SIP
    over UDP and TCP, and PCMU or PCMA over RTP. TLS, SRTP and ways through NAT are for
    a proxy in front.

    On a loopback address this machine may call. On any other those may who are named
    here: the trunk, ``allow``, and whoever knows a password of ``users``.

    Args:
        host: the IP address on which to listen.
        port: for UDP and TCP; 0 takes any that is free.
        trunk: where calls to numbers go, and where to register.
        allow: addresses and networks that may call, such as ``192.0.2.0/28``.
        users: passwords by name, of whoever else may call.
        digests: by which they are asked to prove it. Some older phones give up when
            they see SHA-256 (baresip 1.0 does): for those it is ``("MD5",)``.
        codecs: ``PCMU`` and ``PCMA``, the dearest first.
        advertise: the IP address under which others reach this one, where that is
            another: of a machine whose router passes everything on.

    Attributes:
        host: as given.
        port: where it listens, once it is open.

    Raises:
        ConfigurationError: anybody could call at your cost, or nobody; says the cure.
        TransportError: it cannot listen there, or the trunk's name is not known.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 5060,
        *,
        trunk: Trunk | None = None,
        allow: Sequence[str] = (),
        users: Mapping[str, str] | None = None,
        digests: Sequence[Algorithm] = ALGORITHMS,
        codecs: Sequence[Codec] = CODECS,
        advertise: str | None = None,
    ) -> None:
        self.host = host
        self._advertised = advertise or host
        _check_addresses(host, self._advertised)
        self._access = Access(
            host, allow=allow, users=users, trunk=trunk, digests=digests
        )
        self._trunk = trunk
        self._codecs = codecs
        self.port = port
        self._reports = Seldom(LOG_INTERVAL)
        self._channels: dict[Leg, Channel] = {}
        self._placed: dict[Placed, Channel] = {}
        self._calls: list[Leg] = []  # that nobody has answered yet
        self._called = Wakeup()
        self._is_serving = False
        self._registered = Event()
        self._changed = Wakeup()  # the agent may want the time earlier than it said

    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        trunk = None
        if self._trunk is not None:
            trunk = self._trunk, await self._resolve_trunk(self._trunk)
            self._access.trust(trunk[1].host)
        self._wires = Wires(self.host, self.port)
        self.port = self._wires.port
        self._agent = UserAgent(
            self._advertised,
            self.port,
            access=self._access,
            codecs=self._codecs,
            trunk=trunk,
            report=self._report,
            registered=self._tell_registered,
        )
        try:
            async with tasks_until_done() as tasks:
                await tasks.start(self._wires.run, self._take, self._lost)
                tasks.start_soon(self._keep_time)
                try:
                    yield self
                finally:
                    with CancelScope(shield=True), move_on_after(GOODBYE):
                        await self._say_goodbye()
        finally:
            self._wires.close()

    # --- for programs

    async def registered(self) -> None:
        """Wait until the trunk has taken the registration, for the first time.

        Raises:
            ConfigurationError: there is nothing to wait for.
        """
        if self._trunk is None or not self._trunk.register:
            raise ConfigurationError(
                "this line registers nowhere: give SipLine(trunk=Trunk(…))"
            )
        await self._registered.wait()

    async def serve(self, answer: App | Switchboard) -> None:
        """Answer all calls, until it is cancelled.

        Args:
            answer: the app that answers each call, or a switchboard that has limits.

        Raises:
            RuntimeError: somebody serves already.
        """
        if self._is_serving:
            raise RuntimeError("a SipLine is served once at a time")
        board = answer if isinstance(answer, Switchboard) else Switchboard(answer)
        self._is_serving = True
        try:
            async with create_task_group() as tasks:
                while True:
                    while self._calls:
                        tasks.start_soon(self._attend, board, self._calls.pop(0))
                    await self._called.wait()
        finally:
            self._is_serving = False
            while self._calls:
                self._calls.pop().refuse(480, current_time(), retry_after=RETRY_AFTER)
            self._pump()

    @asynccontextmanager
    async def call(
        self, to: str, *, caller: str = "", ring_for: float = 60.0
    ) -> AsyncGenerator[Call]:
        """Call somebody; the block begins when they answer, and ends the call.

        Args:
            to: such as ``sip:bob@192.0.2.9:5060``, or a number, which the trunk calls.
            caller: the number, or the name, to be shown; else the trunk's username.
            ring_for: seconds until it is given up.

        Raises:
            LineBusy: they are on another call, or do not want this one.
            NotAnswered: nobody took it in time.
            CallFailed: it could not be connected; ``status`` says why.
            ConfigurationError: a number, and no trunk; or no address.
        """
        target, peer = await self._find(to)
        session = self._session()
        channel = Channel(session)
        placed = self._agent.place(
            target, peer, session.port, current_time(), caller=caller, ring_for=ring_for
        )
        self._placed[placed] = channel
        try:
            self._pump()
            await channel.until_settled()
            leg = channel.leg
            if leg is None:
                raise channel.failure or refused(480)
            yield channel.phone(leg)
        finally:
            self._placed.pop(placed, None)
            placed.cancel(current_time())
            self._end(channel)

    # --- calls

    async def _attend(self, board: Switchboard, leg: Leg) -> None:
        if leg.is_over:
            return  # the caller has not waited
        channel = None
        try:
            board.admit()
            channel = Channel(self._session())
            channel.leg = leg
            self._channels[leg] = channel
            leg.ring(current_time())
            leg.answer(channel.session.port, current_time())
            self._pump()
            if leg.media is None:  # its offer comes late
                await channel.until_settled()
                board.admit()
            if not leg.is_over:
                await board.run(channel.phone(leg))
        except (CallNotTaken, TransportError) as error:
            logger.warning("call=%s is not taken: %s", leg.id[-8:], error)
            self._refuse(leg, error)
        finally:
            if channel is not None:
                self._end(channel)

    def _refuse(self, leg: Leg, error: Exception) -> None:
        is_full = isinstance(error, CallNotTaken) and error.why == "full"
        now = current_time()
        if leg.state == "ringing":
            leg.refuse(486 if is_full else 503, now, retry_after=RETRY_AFTER)
        self._pump()

    def _end(self, channel: Channel) -> None:
        channel.session.close()
        leg = channel.leg
        if leg is not None:
            self._channels.pop(leg, None)
            leg.hang_up(current_time())
        self._pump()

    def _session(self) -> RtpSession:
        return RtpSession(self.host)

    async def _find(self, to: str) -> tuple[URI, Peer]:
        trunk = self._agent.trunk
        if to.startswith(("sip:", "sips:")):
            try:
                uri = URI.parse(to)
            except ValueError:
                raise _no_address() from None
            if trunk is not None and uri.host == trunk[0].host:
                return uri, trunk[1]
            if uri.scheme == "sips":
                raise ConfigurationError(
                    "a sips: address wants TLS, which is a proxy's work: call it as "
                    "sip: through one (trunk=)"
                )
            is_tcp = (uri.parameters.get("transport") or "").lower() == "tcp"
            host = await _resolve(uri.host, self.host)
            return uri, Peer(host, uri.port or 5060, "TCP" if is_tcp else "UDP")
        if trunk is None:
            raise ConfigurationError(
                "a number can be called through a trunk only: give SipLine(trunk=…), "
                "or call an address such as sip:bob@192.0.2.9"
            )
        try:
            return URI.parse(f"sip:{to}@{trunk[0].host}"), trunk[1]
        except ValueError:
            raise _no_address() from None

    async def _resolve_trunk(self, trunk: Trunk) -> Peer:
        host = await _resolve(trunk.host, self.host)
        return Peer(host, trunk.port, trunk.transport)

    # --- what happens

    def _take(self, data: bytes, peer: Peer) -> None:
        self._agent.receive(data, peer, current_time())
        self._pump()

    def _lost(self, peer: Peer) -> None:
        self._agent.lost(peer, current_time())
        self._pump()

    async def _keep_time(self) -> None:
        while True:
            due = self._agent.due - current_time()
            if due > 0:
                with move_on_after(due if due < math.inf else None):
                    await self._changed.wait()
            if self._agent.due <= current_time():
                self._agent.fire(current_time())
                self._pump()

    def _pump(self) -> None:
        events = self._agent.take_events()
        while events:
            for event in events:
                self._heed(event)
            events = self._agent.take_events()
        for data, peer in self._agent.take_outbox():
            self._wires.send(data, peer)
        self._changed.set()

    def _heed(self, event: AgentEvent) -> None:
        match event:
            case Incoming(leg):
                if self._is_serving:
                    self._calls.append(leg)
                    self._called.set()
                else:
                    leg.refuse(480, current_time(), retry_after=RETRY_AFTER)
            case Talk(leg, media):
                if (channel := self._channels.get(leg)) is not None:
                    channel.connect(media)
            case Over(leg, by):
                if (channel := self._channels.pop(leg, None)) is not None:
                    channel.over(by)
            case Taken(placed, leg, media):
                channel = self._placed.pop(placed, None)
                if channel is None:
                    leg.hang_up(current_time())
                    return
                self._channels[leg] = channel
                channel.leg = leg
                channel.connect(media)
            case NotTaken(placed, error):
                if (channel := self._placed.pop(placed, None)) is not None:
                    channel.fail(error)

    def _tell_registered(self, holds: bool, what: str) -> None:
        logger.log(logging.INFO if holds else logging.WARNING, "SIP trunk: %s", what)
        if holds:
            self._registered.set()

    def _report(self, what: str) -> None:
        count = self._reports.count(current_time())
        if count:
            logger.warning("SIP: %s (%d such since the last line)", what, count)

    async def _say_goodbye(self) -> None:
        now = current_time()
        for leg in [*self._channels, *self._calls]:
            leg.hang_up(now)
        registration, gone = self._agent.registration, Wakeup()
        if registration is not None and registration.holds:
            registration.give_back(now, gone.set)
            self._pump()
            await gone.wait()
        self._pump()
        while not self._agent.has_told:
            await self._changed.wait()


def _check_addresses(host: str, advertised: str) -> None:
    for each in (host, advertised):
        try:
            address = ip_address(each)
        except ValueError:
            raise ConfigurationError(
                f"a SipLine listens on an IP address: expected one, got {each!r}; "
                "give that of the interface, such as 127.0.0.1"
            ) from None
    if address.is_unspecified:
        raise ConfigurationError(
            f"at {host} nobody can be told where to send the voice: give the address "
            "of the interface, or advertise= the one under which others reach it"
        )


def _no_address() -> ConfigurationError:
    return ConfigurationError(
        "expected an address such as sip:bob@192.0.2.9:5060, or a number, got another"
    )


async def _resolve(host: str, ours: str) -> str:
    import socket

    family = socket.AF_INET6 if ":" in ours else socket.AF_INET
    try:
        found = await getaddrinfo(host.strip("[]"), None, family=family)
    except OSError as error:
        raise TransportError(
            f"the name of a SIP host is not known: {error.strerror or error}"
        ) from error
    return found[0][4][0]
