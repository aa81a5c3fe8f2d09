"""A call at the desk: this machine's microphone and loudspeaker, for one app."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from math import inf

from anyio import create_task_group, current_time
from anyio.abc import TaskGroup

from voxpipe.pipeline import AudioFormat, Turn
from voxpipe.transports.telephony import Call, CallEnd
from voxpipe.transports.telephony.tones import check_keys, tone

from .devices import DeviceError
from .driver import BLOCK, Driver
from .listening import Listening
from .microphone import RATE, ROOM
from .portaudio import PortAudio
from .speaking import Speaking

MOST_TURNS = 1_000  # remembered


class DeskCall(Call):
    """Somebody who sits here, as a `Call` for an app that answers calls.

    Args:
        microphone: a number, or a part of a name; by default what the system prefers.
        loudspeaker: likewise.
        headphones: the microphone is open while the agent speaks, so that one can
            interrupt it by voice. On loudspeakers it would hear itself, so by default
            silence is heard then, and 0.3 s longer.
        rate: samples per second, both ways.
        driver: the system's sound; PortAudio, unless a test has one of its own.

    Attributes:
        turns: the replies of which something was to be heard, the newest 1,000.
    """

    shows_words = True

    def __init__(
        self,
        *,
        microphone: int | str | None = None,
        loudspeaker: int | str | None = None,
        headphones: bool = False,
        rate: int = RATE,
        driver: Driver | None = None,
    ) -> None:
        driver = driver or PortAudio()
        format = self.format = AudioFormat("pcm16", rate)
        self.heard.format = self.speaks.format = self.played.format = format
        self.id = "desk"
        self.caller = self.called = ""
        self.parameters: Mapping[str, str] = {}
        self.ended: CallEnd = ""
        self.replies = 0
        self.cost_usd: float | None = None
        self.heard_at = self.spoke_at = self.caller_spoke_at = -inf
        self.turns = deque[Turn](maxlen=MOST_TURNS)
        self._has_price = True  # so far, all that was charged
        self._headphones = headphones
        self._hung_up = False
        self._tasks: TaskGroup | None = None  # while it runs
        self._listening = Listening(
            driver, microphone, format, self.heard, self.report, self._is_deaf
        )
        self._speaking = Speaking(
            driver,
            loudspeaker,
            format,
            self.speaks,
            self.played,
            self.report,
            self._note_turn,
        )

    # --- what a desk has and a telephone has not

    @property
    def is_muted(self) -> bool:
        """Whether silence is heard whatever is said."""
        return self._listening.is_muted

    def mute(self) -> None:
        """Let silence be heard, until `unmute`."""
        self._listening.is_muted = True

    def unmute(self) -> None:
        """Hear again."""
        self._listening.is_muted = False

    def interrupt(self) -> bool:
        """Cut what is being said, by hand; says whether something was."""
        spoken = [turn for turn in self.turns if not turn.is_over]
        for turn in spoken:
            turn.cut()
        return bool(spoken)

    @property
    def is_sounding(self) -> bool:
        """Whether the agent is to be heard now, or was a moment ago."""
        return current_time() < self._speaking.audible_until + BLOCK

    @property
    def levels(self) -> tuple[float, float]:
        """Of the microphone and the loudspeaker, in dB below full scale."""
        return self._listening.level, self._speaking.level

    @property
    def hiccups(self) -> int:
        """How often a device has lost samples or run dry, or our loop was late."""
        listening = self._listening
        return listening.lost + listening.overflows + self._speaking.underflows

    # --- what every call has

    def hang_up(self) -> None:
        """As `Call.hang_up`."""
        if not self._hung_up:
            self._hung_up = True
            self._listening.hang_up()
            self._speaking.end()

    async def disconnect(self) -> None:
        """As `Call.disconnect`."""
        self.ended = self.ended or "agent"
        if self._tasks is not None:
            self._tasks.cancel_scope.cancel()

    def press(self, keys: str) -> None:
        """As `Call.press`; before the call and after it nobody hears them."""
        check_keys(keys)
        for key in keys:
            self._speaking.insert(tone(key, self.format))

    async def run(self) -> None:
        """Carry the call until one side ends it.

        Raises:
            DeviceError: there is no such device, or it has gone.
        """
        error: DeviceError | None = None
        async with create_task_group() as tasks:
            if self.charges.fed:
                tasks.start_soon(self._add_up)
            error = await self._carry()
            self.ended = self.ended or "agent"
            self.speaks.finish()
            # The model ends when these do, and has the last charge for us then.
            await self.heard.end()
            await self.pressed.end()
            if error is not None:
                tasks.cancel_scope.cancel()
        if error is not None:
            raise error

    async def _carry(self) -> DeviceError | None:
        """Listen and speak; returns what has become of a device."""
        errors: list[DeviceError] = []

        async def listen() -> None:
            try:
                await self._listening.run()
            except DeviceError as error:
                errors.append(error)
                tasks.cancel_scope.cancel()
            await self.heard.end()
            self._speaking.end()  # if nothing speaks either

        async with create_task_group() as tasks:
            self._tasks = tasks
            try:
                tasks.start_soon(listen)
                await self._speaking.run()
            except DeviceError as error:
                errors.append(error)
            finally:
                self._tasks = None
            tasks.cancel_scope.cancel()
        if errors:
            self.ended = "lost"
            return errors[0]
        return None

    def _is_deaf(self, moment: float) -> bool:
        self.heard_at = moment
        self.spoke_at = self._speaking.audible_until
        return not self._headphones and moment < self.spoke_at + ROOM

    def _note_turn(self, turn: Turn) -> None:
        self.replies += 1
        self.turns.append(turn)

    async def _add_up(self) -> None:
        async for usage in self.charges:
            if usage.cost_usd is None:
                self._has_price, self.cost_usd = False, None
            elif self._has_price:
                self.cost_usd = (self.cost_usd or 0.0) + usage.cost_usd
