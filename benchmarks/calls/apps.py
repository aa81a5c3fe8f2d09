"""What voxpipe's contenders serve: apps as a user writes them.

python -m voxpipe serve benchmarks.calls.apps:straight
"""

from __future__ import annotations

from functools import cache

from voxpipe.pipeline import Pipeline
from voxpipe.processors.audio import Decode, Encode, Resample
from voxpipe.processors.realtime import Realtime, open_session
from voxpipe.processors.vad import Vad
from voxpipe.processors.vad.silero import Silero
from voxpipe.transports.telephony import Call


async def straight(call: Call) -> None:
    """The service decides on turns; G.711 goes straight through."""
    async with open_session(audio=call.format, transcription=None) as session:
        model = Realtime(session)
        await Pipeline(
            call.heard >> model.hears,
            model.says >> call.speaks,
        ).run()


async def resampled(call: Call) -> None:
    """The service speaks PCM at 24,000 Hz."""
    async with open_session(transcription=None) as session:
        model = Realtime(session)
        await Pipeline(
            call.heard >> Decode() >> Resample(24_000) >> model.hears,
            model.says >> Resample(8_000) >> Encode("ulaw") >> call.speaks,
        ).run()


async def local_vad(call: Call) -> None:
    """A neural network in this process decides on turns; G.711 goes straight."""
    async with open_session(
        audio=call.format, transcription=None, turn_detection="local"
    ) as session:
        model = Realtime(session)
        await Pipeline(
            call.heard >> model.hears,
            call.heard >> Decode() >> Vad(_silero(), hangover=0.5) >> model.speech,
            model.says >> call.speaks,
        ).run()


@cache
def _silero() -> Silero:
    return Silero()
