"""The microphone and the loudspeaker of this machine, as boxes."""

from __future__ import annotations

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    Output,
    PlayoutInput,
    Processor,
    ReplyFrame,
)

from .driver import Driver
from .listening import Listening
from .portaudio import PortAudio
from .speaking import Speaking

RATE = 24_000  # Hz; what models speak and hear
# Seconds that a room goes on after the loudspeaker: where people live, a sound is 30 dB
# down by then.
ROOM = 0.3


class Loudspeaker(Processor):
    """Plays replies on a sound device of this machine, and knows what was heard.

    What was heard is measured: by the device's own word when a sample will sound. A cut
    reply is silent when what the device has in its own buffer was heard: 60 to 80 ms.

    Args:
        device: its number, or a part of its name; by default what the system prefers.
        rate: samples per second of what it is given; most systems convert.
        driver: the system's sound; PortAudio, unless a test has one of its own.

    Raises:
        FormatError: a rate that audio cannot have.
    """

    speaks = PlayoutInput[ReplyFrame]()
    played = Output[AudioFrame]()

    def __init__(
        self,
        device: int | str | None = None,
        *,
        rate: int = RATE,
        driver: Driver | None = None,
    ) -> None:
        format = AudioFormat("pcm16", rate)
        self.speaks.format = self.played.format = format
        self._speaking = Speaking(
            driver or PortAudio(),
            device,
            format,
            self.speaks,
            self.played,
            self.report,
        )

    @property
    def underflows(self) -> int:
        """How often the device has run dry by itself."""
        return self._speaking.underflows

    @property
    def level(self) -> float:
        """Of what it was given last, in dB below full scale."""
        return self._speaking.level

    def sounds_at(self, moment: float) -> bool:
        """Whether it was to be heard then, on anyio's clock, or in the room."""
        return moment < self._speaking.audible_until + ROOM

    async def run(self) -> None:
        """Play until the replies have ended, and the last sample was heard.

        Raises:
            DeviceError: there is no such device, or it has gone.
        """
        await self._speaking.run()


class Microphone(Processor):
    """Hears what a sound device of this machine records.

    Args:
        device: its number, or a part of its name; by default what the system prefers.
        rate: samples per second of what leaves it; most systems convert.
        deaf_to: a loudspeaker in the same room: while it sounds, silence is heard, or
            the agent would answer itself. Without it, wear headphones.
        driver: the system's sound; PortAudio, unless a test has one of its own.

    Raises:
        FormatError: a rate that audio cannot have.
    """

    heard = Output[AudioFrame]()

    def __init__(
        self,
        device: int | str | None = None,
        *,
        rate: int = RATE,
        deaf_to: Loudspeaker | None = None,
        driver: Driver | None = None,
    ) -> None:
        format = self.heard.format = AudioFormat("pcm16", rate)
        self._listening = Listening(
            driver or PortAudio(),
            device,
            format,
            self.heard,
            self.report,
            *([] if deaf_to is None else [deaf_to.sounds_at]),
        )

    @property
    def is_muted(self) -> bool:
        """Whether silence stands in the place of all that is recorded."""
        return self._listening.is_muted

    def mute(self) -> None:
        """Let silence be heard, until `unmute`."""
        self._listening.is_muted = True

    def unmute(self) -> None:
        """Hear again."""
        self._listening.is_muted = False

    @property
    def lost(self) -> int:
        """Blocks of 20 ms that the event loop was too late to take."""
        return self._listening.lost

    @property
    def overflows(self) -> int:
        """How often the device itself has lost samples."""
        return self._listening.overflows

    @property
    def level(self) -> float:
        """Of what was heard last, in dB below full scale."""
        return self._listening.level

    def hang_up(self) -> None:
        """Listen no more: what the agent has to say is said, then the call is over."""
        self._listening.hang_up()

    async def run(self) -> None:
        """Listen until `hang_up`, or until nobody is interested any more.

        Raises:
            DeviceError: there is no such device, or it has gone.
        """
        await self._listening.run()
