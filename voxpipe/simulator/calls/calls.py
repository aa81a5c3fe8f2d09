"""All calls of a simulator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import SystemRandom
from typing import TYPE_CHECKING, Any

from anyio.abc import TaskGroup

from voxpipe.pipeline.errors import TransportError
from voxpipe.simulator.net.session_requests import Speak
from voxpipe.simulator.protocol.ids import Ids
from voxpipe.simulator.service.machine import Machine
from voxpipe.webrtc import Ice

from .call import SimulatedCall, Transport, gone
from .microphone import CallEnded
from .pump import CallPump
from .session import CallSession

if TYPE_CHECKING:
    from .media import CallMedia

_MAX_CALLS = 256  # at the same time; the simulator's own limit

OpenMachine = Callable[[str, Mapping[str, Any]], Machine]
"""Starts a session with a model and what it is to be; `Refusal` when it cannot be."""


class Calls:
    """Keeps calls by their id, and runs their sessions.

    Args:
        open_machine: starts a session.
        speak: makes sound of words.
        tasks: in which the sessions run.
        ice: how those over WebRTC are reached.
    """

    def __init__(
        self,
        open_machine: OpenMachine,
        speak: Speak,
        tasks: TaskGroup,
        ice: Ice | None = None,
    ) -> None:
        self._ice = ice or Ice()
        self._open_machine = open_machine
        self._speak = speak
        self._tasks = tasks
        self._calls: dict[str, SimulatedCall] = {}
        self._ids = Ids(SystemRandom())

    def ring(
        self, transport: Transport, sip_headers: Sequence[tuple[str, str]] = ()
    ) -> SimulatedCall:
        """Take a call that comes in.

        Raises:
            TransportError: all lines are busy.
        """
        if len(self._calls) >= _MAX_CALLS:
            raise TransportError(f"this simulator has at most {_MAX_CALLS} calls")
        call = SimulatedCall(self._ids.new("rtc"), transport, sip_headers)
        self._calls[call.id] = call
        return call

    def find(self, call_id: str) -> SimulatedCall:
        """The call of this id.

        Raises:
            HttpError: there is none, or it is over.
        """
        call = self._calls.get(call_id)
        if call is None:
            raise gone(call_id)
        return call

    def joined(self, call_id: str) -> CallPump | None:
        """What drives the session that a sideband client wants to join, if it runs."""
        try:
            return self._calls[call_id].pump
        except (KeyError, CallEnded):
            return None

    def accept(
        self, call: SimulatedCall, model: str, session: Mapping[str, Any]
    ) -> None:
        """Start its session.

        Raises:
            HttpError: somebody has decided about it already.
            Refusal: the session cannot be.
        """
        call.check_ringing()
        machine = self._open_machine(model, session)
        pump = CallPump(CallSession(machine), self._speak, call.microphone)
        call.accept(pump)
        self._tasks.start_soon(self._carry, call, pump)

    async def open_media(self, offer: str) -> tuple[CallMedia, str]:
        """The media of a call that is about to begin, and the answer to its offer.

        Raises:
            Refusal: it cannot be answered.
        """
        from .media import CallMedia

        media = CallMedia(self._ice)
        return media, await self._tasks.start(media.run, offer)

    def forget(self, call: SimulatedCall) -> None:
        """Its caller has gone."""
        self._calls.pop(call.id, None)

    def end_all(self) -> None:
        """The simulator is closed."""
        for call in self._calls.values():
            call.end("simulator")

    async def _carry(self, call: SimulatedCall, pump: CallPump) -> None:
        await pump.run()
        call.end("session")
        self.forget(call)
