"""A call whose media is RTP: what a dialog, such as SIP's, gives an app to answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from anyio import current_time, sleep
from anyio.abc import TaskGroup

from voxpipe.pipeline import AudioFrame, Dtmf, Playout, Turn
from voxpipe.pipeline.queue import Delivery
from voxpipe.transports.telephony.playout_call import PlayoutCall
from voxpipe.transports.telephony.tones import PAUSE

from .law import FORMATS, RATE, SECONDS
from .session import RtpSession

LEAD = 0.1  # seconds ahead of what is sent; a clear takes it back, it never left us
TAIL = 0.2  # seconds that the last word may lie in the peer's jitter buffer
JUDGE_EVERY: Final = 5  # ticks; a syllable of speech is not shorter
_KEY: Final = 0.2  # seconds of a key, and of the silence after it


class RtpPhone(PlayoutCall):
    """One call over an `RtpSession`.

    It can run again when its pipeline has failed, as long as the session is open. The
    dialog says what becomes of the call: `RtpSession.connect` on hold and off it, and
    `RtpSession.close` when the other side has hung up. While the call is on hold, the
    agent hears silence, and what it says waits.

    Args:
        session: connected; it stays open, and the caller's.
        id: the dialog's name for the call.
        caller: who is calling.
        called: whom.
        parameters: what came with the call, by name.

    Attributes:
        session: its media.
        missed: ticks of 20 ms that whoever listens had no room for.
    """

    def __init__(
        self,
        session: RtpSession,
        *,
        id: str,
        caller: str = "",
        called: str = "",
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(
            FORMATS[session.law],
            id=id,
            caller=caller,
            called=called,
            parameters=parameters or {},
        )
        self.session = session
        self.missed = 0
        self._lead = LEAD
        self._ticks = 0
        self._is_late = False  # whoever listens has no room

    async def disconnect(self) -> None:
        """As `Call.disconnect`; the dialog says goodbye."""
        self._end("agent")

    def press(self, keys: str) -> None:
        """As `Call.press`: as events (RFC 4733) if the peer takes them, else as tones.

        Raises:
            ValueError: a key that no telephone has, or more than 128 that wait.
        """
        super().press(keys)

    def _sound(self, key: str) -> AudioFrame:
        if not self.session.takes_keys or key == PAUSE:
            return super()._sound(key)
        # Its packets go out in the place of this.
        return AudioFrame(data=self.format.silence(_KEY), format=self.format)

    @property
    def sending_since(self) -> float | None:
        """As `Call` has it: never, for UDP takes everything at once."""
        return None

    def _begin(self, playout: Playout, tasks: TaskGroup) -> None:
        tasks.start_soon(self._carry_media)

    async def _carry_media(self) -> None:
        await self.session.run(self._hear, self._take_key, self.report)
        # Nobody else closes it while we run.
        self._end("lost" if self.session.is_lost else "caller")

    async def _part(self) -> None:
        outgoing = self.session.outgoing
        while outgoing.waiting:  # a tick or two, or as much as our loop was late
            await self.session.until_it_sends()
            await sleep(outgoing.waiting / RATE + SECONDS)
        await sleep(TAIL)

    # --- what the caller says

    def _hear(self, codes: bytes) -> None:
        start, self._ticks = self._ticks * SECONDS, self._ticks + 1
        if self._hung_up or self._tasks is None:
            return  # nobody listens any more
        if self._ticks % JUDGE_EVERY == 0:
            self.heard_at = self.session.heard_at
            if not self.session.incoming.is_quiet(codes):
                self.caller_spoke_at = current_time()
            if self.heard.abandoned and self._playout is not None:
                self._playout.end()  # if nothing speaks either
        if self._is_late:
            self.missed += 1
            self.report("whoever listens is slower than speech: 20 ms are left out")
            return
        self._deliver(
            self.heard.send_nowait(
                AudioFrame(data=codes, format=self.format, start=start)
            )
        )

    def _take_key(self, digit: str) -> None:
        if self._hung_up:
            return
        if self._is_late:
            self.report("whoever listens is slower than keys are pressed: one is lost")
            return
        self._deliver(self.pressed.send_nowait(Dtmf(digit=digit)))

    def _deliver(self, rest: Sequence[Delivery]) -> None:
        """What readers had no room for: the line goes on, and waits for nobody."""
        if rest and self._tasks is not None:
            self._is_late = True
            self._tasks.start_soon(self._wait_for_room, rest)

    async def _wait_for_room(self, rest: Sequence[Delivery]) -> None:
        try:
            await self.heard.deliver(rest)
        finally:
            self._is_late = False

    # --- what we say

    async def _write(self, frame: AudioFrame) -> None:
        await self.session.until_it_sends()
        if self._keys and frame is self._keys[0][1]:
            key, _ = self._keys.popleft()
            if self.session.takes_keys and key != PAUSE:
                self.session.outgoing.press(key)
        turn = frame.turn
        self.spoke_at = current_time() + frame.duration
        if turn is not None and turn is not self._last:
            self._last = turn
            self.replies += 1
        self.session.outgoing.say(frame.data)

    async def _clear(self, _: Turn | None) -> None:
        self.spoke_at = min(self.spoke_at, current_time())
        self.session.outgoing.clear()
