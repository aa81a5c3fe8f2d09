"""A local server that speaks the Realtime protocol: no key, no network, no bill.

    script = Script(replies=[Line(heard="Hello?", say="Good evening.")])
    async with Simulator(script) as simulator:
        client = AsyncOpenAI(base_url=simulator.url, api_key="sk-test")
        async with client.realtime.connect(model="gpt-realtime-2.1") as session:
            await session.response.create()
            async for event in session:
                print(event.type)

`Simulator.websocket_url` is for other clients, ``?model=gpt-realtime-2.1`` behind it.
For voxpipe's own sessions there is the same model without a socket, and so in virtual
time; `connect_in_memory` is what is below, message by message::

    async with open_session(connect=simulated(script)) as session:
        model = Realtime(session)

What the model says is in a `Script`, in Python or in YAML (`load_script`). A response
whose own ``instructions`` ask for exact words (``Say exactly: "Good evening."``) says
these words and uses up no line of the script. Without a script it echoes.
"""

from .calls.microphone import CallEnded
from .calls.sip_caller import CallRejected, PlayedReply, SipCaller
from .errors import ConnectionClosed, ScriptError, VoiceError
from .memory import MemoryConnection, connect_in_memory
from .net.limits import PortLimits
from .net.tls import LocalAuthority
from .script.file import load_script, parse_script
from .script.mcp import McpFailure, McpTool, McpTools
from .script.script import CallTool, Failure, Line, Script, Timing, When, Written
from .server import Simulator
from .simulated import Simulated, simulated
from .voices.speech import Voice, find_voice
from .voices.tones import ToneVoice

__all__ = [
    "CallEnded",
    "CallRejected",
    "CallTool",
    "ConnectionClosed",
    "Failure",
    "Line",
    "LocalAuthority",
    "McpFailure",
    "McpTool",
    "McpTools",
    "MemoryConnection",
    "PlayedReply",
    "PortLimits",
    "Script",
    "ScriptError",
    "Simulated",
    "Simulator",
    "SipCaller",
    "Timing",
    "ToneVoice",
    "Voice",
    "VoiceError",
    "When",
    "Written",
    "connect_in_memory",
    "find_voice",
    "load_script",
    "parse_script",
    "simulated",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this
