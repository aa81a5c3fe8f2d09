"""A telephone company of one's own: calls a phone agent, and measures the call.

In memory, and in virtual time if you like, for tests::

    async with answered(app) as caller:  # async def app(call: Call) -> None
        greeting = await caller.listen()
        await caller.say(speech)
        reply = await caller.listen()
        cut = await caller.interrupt(speech)
        caller.press("42#")
    assert caller.measured.underruns == 0

And the same over real sockets, in real time, against any server that speaks Twilio's
protocol::

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
from .carrier import FakeTwilio
from .leg import BadLine, Leg
from .lines import CallerLine, MemoryLine, memory_lines
from .measurements import Measurements, Violation, ViolationKind
from .messages import Sids
from .speech import Speech
from .telnyx_rest import FakeTelnyxRest
from .twilio_rest import FakeTwilioRest
from .webhook import CallRefused, Stream

__all__ = [
    "BadLine",
    "CallRefused",
    "Callee",
    "Caller",
    "CallerLine",
    "FakeTelnyxRest",
    "FakeTwilio",
    "FakeTwilioRest",
    "Leg",
    "Measurements",
    "MemoryLine",
    "Refusing",
    "Said",
    "Sids",
    "Speech",
    "Stream",
    "Violation",
    "ViolationKind",
    "answered",
    "memory_lines",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this
