"""A call: it rings, is accepted or not, and ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from anyio import Event

from voxpipe.simulator.errors import Refusal
from voxpipe.simulator.net.messages import HttpError

from .microphone import CallEnded, Microphone
from .output_audio_buffer import PlayedAudio
from .pump import CallPump

CallState = Literal["ringing", "accepted", "rejected", "taken", "over"]
Transport = Literal["sip", "webrtc"]
By = Literal["caller", "app", "referral", "session", "simulator"]


class SimulatedCall:
    """One call, as the service knows it.

    Attributes:
        id: ``rtc_…``.
        transport: over which it came.
        sip_headers: of the INVITE; nothing over WebRTC.
        state: ``taken`` when the Live API has accepted it first.
        status: the SIP status it was rejected with, if it was.
        referred_to: where it was sent on, if it was.
        ended_by: who has ended it, once it is over.
        microphone: the caller's; none over WebRTC, whose packets are heard.
    """

    def __init__(
        self, id: str, transport: Transport, sip_headers: Sequence[tuple[str, str]] = ()
    ) -> None:
        self.id = id
        self.transport: Transport = transport
        self.sip_headers = tuple(sip_headers)
        self.state: CallState = "ringing"
        self.status: int | None = None
        self.referred_to: str | None = None
        self.ended_by: By | None = None
        self.microphone = Microphone() if transport == "sip" else None
        self._pump: CallPump | None = None
        self._decided, self._over = Event(), Event()

    @property
    def pump(self) -> CallPump:
        """What drives its session.

        Raises:
            CallEnded: it has none, or none any more.
        """
        if self._pump is None or self.state != "accepted":
            raise CallEnded(f"the call is not in progress: it is {self.state}")
        return self._pump

    async def listen(self) -> PlayedAudio:
        """What the caller hears next; the rest of it also when the call is over.

        Raises:
            CallEnded: it has never been accepted, or nothing more comes.
        """
        if self._pump is None:
            raise CallEnded(f"there is nothing to be heard: the call is {self.state}")
        return await self._pump.listen()

    def check_ringing(self) -> None:
        """See that nobody has decided about it yet.

        Raises:
            HttpError: the first who accepts it gets it, and nobody after that.
        """
        if self.state in ("accepted", "taken"):
            raise HttpError(
                400,
                Refusal(
                    "call_already_accepted",
                    f"The call {self.id} has already been accepted.",
                ),
            )
        if self.state != "ringing":
            raise gone(self.id)

    def accept(self, pump: CallPump) -> None:
        """Give it a session."""
        self._pump, self.state = pump, "accepted"
        self._decided.set()

    def take(self) -> None:
        """Let the Live API have it."""
        self.state = "taken"
        self._decided.set()

    def reject(self, status: int) -> None:
        """Let the caller be told no, with a SIP status."""
        self.status = status
        self._finish("rejected", "app")

    def refer(self, target: str) -> None:
        """Send the caller on; the call is over here then."""
        self.referred_to = target
        self.end("referral")

    def end(self, by: By, code: int = 1000) -> None:
        """Hang up; harmless when it is over already."""
        if self.state in ("ringing", "accepted", "taken"):
            self._finish("over", by, code)

    async def decided(self) -> None:
        """Wait until it is accepted or not."""
        await self._decided.wait()

    async def over(self) -> By:
        """Wait until it is over; gives who has ended it."""
        await self._over.wait()
        assert self.ended_by is not None
        return self.ended_by

    def _finish(self, state: CallState, by: By, code: int = 1000) -> None:
        self.state, self.ended_by = state, by
        if self._pump is not None:
            self._pump.hang_up(code)
        if self.microphone is not None:
            self.microphone.close()
        self._decided.set()
        self._over.set()


def gone(call_id: str) -> HttpError:
    """There is no such call, or not any more."""
    return HttpError(
        404,
        Refusal("call_not_found", f"There is no call {call_id[:80]!r} in progress."),
    )
