"""One call over a line: its dialog, its sockets for the voice, and the app's `Call`."""

from __future__ import annotations

from anyio import Event

from voxpipe.transports.rtp import RtpPhone, RtpSession
from voxpipe.transports.telephony import NotReached

from .protocol.leg import Leg, OverBy
from .protocol.sdp import Media


class Channel:
    """One of them.

    Args:
        session: the sockets; closed by whoever has made it.

    Attributes:
        leg: its dialog, as soon as there is one.
        failure: why there will be none.
    """

    def __init__(self, session: RtpSession) -> None:
        self.session = session
        self.leg: Leg | None = None
        self.failure: NotReached | None = None
        self._phone: RtpPhone | None = None
        self._settled = Event()

    async def until_settled(self) -> None:
        """Wait until it is known where the voice goes, or that it never will."""
        await self._settled.wait()

    def phone(self, leg: Leg) -> RtpPhone:
        """The call, for an app."""
        self._phone = RtpPhone(
            self.session, id=leg.id, caller=leg.caller, called=leg.called
        )
        return self._phone

    def connect(self, media: Media) -> None:
        """Send the voice there from now on."""
        self.session.connect(
            (media.host, media.port),
            media.codec,
            media.telephone_event,
            media.direction,
        )
        self._settled.set()

    def over(self, by: OverBy) -> None:
        """The call has ended."""
        if self._phone is not None and by == "lost":
            self._phone.ended = self._phone.ended or "lost"
        self.session.close()
        self._settled.set()

    def fail(self, error: NotReached) -> None:
        """Nobody has taken it."""
        self.failure = error
        self._settled.set()
