"""An agent behind a TCP socket: raw audio both ways, in a format that both sides know.

    OPENAI_API_KEY=… python examples/raw_audio_tcp.py

waits on this machine's port 5070 and talks to everybody who connects, with signed
16-bit samples at 16,000 Hz. From another terminal (sox has `rec` and `play`):

    rec -q -t raw -r 16000 -b 16 -e signed -c 1 - | nc 127.0.0.1 5070 |
        play -q -t raw -r 16000 -b 16 -e signed -c 1 -

There is no signature and no encryption in raw audio: where others can reach it, a
tunnel or a proxy has to know who connects. The test below has two callers talk at once,
while a third hangs up in the middle: `pytest examples/raw_audio_tcp.py`.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import anyio
from anyio.abc import SocketAttribute, SocketStream

from voxpipe.pipeline import AudioFormat, AudioFrame, Pipeline
from voxpipe.processors.audio import Resample
from voxpipe.processors.realtime import Realtime, open_session
from voxpipe.simulator import Line, Script, ToneVoice, simulated
from voxpipe.transports import StreamPhone

WIRE = AudioFormat("pcm16", 16_000)
AT_ONCE = 50  # conversations; whoever comes then waits until one is over


async def converse(line: SocketStream, **session_options: Any) -> None:
    """One connection is one conversation."""
    async with line, open_session(**session_options) as session:
        model, phone = Realtime(session), StreamPhone(line, WIRE)
        await Pipeline(
            phone.heard >> Resample(24_000) >> model.hears,
            model.says >> Resample(WIRE.rate) >> phone.speaks,
        ).run()


async def serve(listener: Any, free: anyio.Semaphore, **session_options: Any) -> None:
    """Talk to everybody; what goes wrong in one conversation harms no other."""

    async def one(line: SocketStream) -> None:
        async with free:
            try:
                await converse(line, **session_options)
            except Exception as error:  # noqa: BLE001  # whatever it is
                print(f"a conversation has failed: {error}")

    await listener.serve(one)


async def main() -> None:
    """Serve until it is stopped."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=5070)
    await serve(listener, anyio.Semaphore(AT_ONCE))


# --- its test: the callers only hum, and the script has the answers

VOICE = ToneVoice()
SCRIPT = Script(replies=[Line(heard="Is anybody there?", say="Yes, I am here.")])


def speech(words: str) -> bytes:
    """What somebody says, and half a second of silence, in which they are answered."""
    pcm = AudioFrame(
        data=VOICE.speak(words, "alloy", 1.0), format=AudioFormat("pcm16", 24_000)
    )
    frames = Resample(WIRE.rate).feed(pcm)
    return b"".join(each.data for each in frames) + WIRE.silence(0.5)


async def call(port: int, audio: bytes) -> float:
    """Say this, and listen to the end; seconds that were heard."""
    heard = 0
    async with await anyio.connect_tcp("127.0.0.1", port) as line:
        await line.send(audio)
        await line.send_eof()  # there is no more to say; the answer still comes
        async for data in line:
            heard += len(data)
    return heard / WIRE.bytes_per_second


async def call_at_once() -> list[float]:
    """Two callers, and one who hangs up before the answer."""
    heard = list[float]()
    free = anyio.Semaphore(AT_ONCE)
    answers = partial(serve, connect=simulated(SCRIPT, VOICE))
    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(answers, listener, free)
        port = listener.extra(SocketAttribute.local_port)

        async def caller(audio: bytes) -> None:
            heard.append(await call(port, audio))

        with anyio.fail_after(30):
            async with anyio.create_task_group() as callers:
                question = speech("Is anybody there?")
                callers.start_soon(caller, question)
                callers.start_soon(caller, question)
                async with await anyio.connect_tcp("127.0.0.1", port) as line:
                    await line.send(question[:1_001])  # and half a sample
        tasks.cancel_scope.cancel()
    assert free.value == AT_ONCE
    return heard


def test_each_caller_is_answered_over_a_line_of_their_own() -> None:
    """In real time: some three seconds."""
    heard = anyio.run(call_at_once)
    assert len(heard) == 2
    assert min(heard) > 0.5


if __name__ == "__main__":
    anyio.run(main)
