"""A telephone company of one's own: calls a phone agent, and measures the call.

In memory, and in virtual time if you like, for tests::

    async with answered(app) as caller:  # async def app(call: Call) -> None
        greeting = await caller.listen()
        await caller.say(speech)
        reply = await caller.listen()
        cut = await caller.interrupt(speech)
        caller.press("42#")
    assert caller.measured.underruns == 0

Over the wire of another carrier with ``answered(app, carrier=TelnyxWords())``. And the
same over real sockets, in real time, against any server that speaks its protocol::

    twilio = FakeTwilio("http://127.0.0.1:8080", auth_token=token)
    async with twilio.call(caller="+15550100") as caller:
        ...

Calls that the program places itself are taken by `FakeTwilioRest` and
`FakeTelnyxRest`, which ring, answer as a `Callee` does, and stream.

`Leg` is the protocol alone, for generators of load and fakes of other kinds.
"""

from .answered import answered
from .callee import Callee, Refusing
from .caller import Caller, Said
from .carrier import FakeCarrier
from .exotel_words import ExotelWords
from .fake_exotel import FakeExotel
from .fake_genesys import FakeGenesys
from .fake_plivo import FakePlivo
from .fake_telnyx import FakeTelnyx, public_key
from .fake_twilio import FakeTwilio
from .fake_vonage import FakeVonage
from .genesys_words import GenesysWords
from .leg import BadLine, Leg
from .lines import CallerLine, MemoryLine, memory_lines
from .measurements import Measurements, Violation, ViolationKind
from .plivo_words import PlivoWords
from .speech import Speech
from .telnyx_rest import FakeTelnyxRest
from .telnyx_words import TelnyxWords
from .twilio_rest import FakeTwilioRest
from .twilio_words import Sids, TwilioWords
from .vonage_words import VonageWords
from .webhook import CallRefused, Stream
from .words import Words

__all__ = [
    "BadLine",
    "CallRefused",
    "Callee",
    "Caller",
    "CallerLine",
    "ExotelWords",
    "FakeCarrier",
    "FakeExotel",
    "FakeGenesys",
    "FakePlivo",
    "FakeTelnyx",
    "FakeTelnyxRest",
    "FakeTwilio",
    "FakeTwilioRest",
    "FakeVonage",
    "GenesysWords",
    "Leg",
    "Measurements",
    "MemoryLine",
    "PlivoWords",
    "Refusing",
    "Said",
    "Sids",
    "Speech",
    "Stream",
    "TelnyxWords",
    "TwilioWords",
    "Violation",
    "ViolationKind",
    "VonageWords",
    "Words",
    "answered",
    "memory_lines",
    "public_key",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this
