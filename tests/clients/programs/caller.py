"""What the Python programs share: a caller's voice, and a line of JSON for each thing.

Each program beside this one holds the same conversation with the simulator, through
another client. It prints what its client told it: the tool that was called, what the
other side said, that the caller cut in; or ends with an error.
"""

import asyncio
import faulthandler
import json
import os

HTTP = os.environ["OPENAI_BASE_URL"]
WS = HTTP.replace("http", "ws", 1)
KEY = os.environ["OPENAI_API_KEY"]
MODEL = "gpt-realtime-2.1"
RATE = 24_000  # Hz; 16-bit, mono
PATIENCE = 30  # seconds, for a conversation that takes one or two
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Tell the weather of a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}


def tell(**line):
    """Print a line of JSON."""
    print(json.dumps(line), flush=True)


def weather(city):
    """Be the tool."""
    tell(tool="get_weather", arguments={"city": city})
    return {"celsius": 21}


def voice(ms):
    """Something that is taken for speech: a square wave of 200 Hz."""
    return (b"\x10\x27" * 60 + b"\xf0\xd8" * 60) * (ms // 5)


def turn(ms=600):
    """Somebody speaks and pauses, in chunks of 20 ms."""
    return chunks(bytes(300 * 48) + voice(ms) + bytes(800 * 48))


def chunks(audio):
    """The audio in chunks of 20 ms."""
    return [audio[at : at + 960] for at in range(0, len(audio), 960)]


def converse(program):
    """Run a coroutine function to its end, or fail, and say where it hangs.

    A cancellation would not do: some of these libraries wait then for what never comes.
    """
    faulthandler.dump_traceback_later(PATIENCE, exit=True)
    asyncio.run(program())
