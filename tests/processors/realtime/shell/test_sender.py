"""One line to the service."""

from __future__ import annotations

import json

import pytest
from anyio import create_task_group, move_on_after
from anyio.lowlevel import checkpoint

from voxpipe.pipeline import AudioFrame, SessionLost
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.protocol.outbox import Outbox
from voxpipe.processors.realtime.shell.sender import Sender


class Socket:
    """Takes one message at a time, and is slow."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self._busy = False

    async def send(self, message: str, /) -> None:
        assert not self._busy, "two senders at once"
        self._busy = True
        await checkpoint()
        self._busy = False
        self.sent.append(message)

    async def receive(self) -> str:
        raise SessionLost("nobody is there")


def frame(number: int) -> AudioFrame:
    return AudioFrame(data=bytes([number] * 2), format=PCM_24K)


async def test_orders_and_audio_keep_their_order_whoever_sends() -> None:
    socket, outbox = Socket(), Outbox()
    outgoing, line = Sender(socket, outbox), outbox.messages
    async with create_task_group() as tasks:
        for number in range(20):
            line.append(frame(number))
            line.append({"type": "order", "number": number})
            tasks.start_soon(outgoing.send)
            if number % 3 == 0:
                await checkpoint()
    assert not line
    events = [json.loads(message) for message in socket.sent]
    assert [event["type"] for event in events] == [
        "input_audio_buffer.append",
        "order",
    ] * 20
    assert [event["audio"] for event in events[::2]] == [
        frame(number).base64 for number in range(20)
    ]


async def test_audio_that_came_as_base64_goes_as_it_came() -> None:
    socket, text = Socket(), "AAEC/w=="
    audio = AudioFrame.from_base64(text, PCM_24K)
    outbox = Outbox()
    outbox.messages.append(audio)
    await Sender(socket, outbox).send()
    assert json.loads(socket.sent[0])["audio"] == text


async def test_a_sender_that_is_cancelled_blocks_nobody() -> None:
    outbox = Outbox()
    outbox.messages.extend([{"n": 1}, {"n": 2}, {"n": 3}])
    outgoing = Sender(Socket(), outbox)
    with move_on_after(0):
        await outgoing.send()
    await Sender(Socket(), outbox).send()
    assert not outbox.messages
    with move_on_after(1) as scope:
        await outgoing.send()
    assert not scope.cancelled_caught


async def test_a_lost_session_is_told_to_who_sends() -> None:
    class Gone(Socket):
        async def send(self, message: str, /) -> None:
            raise SessionLost("gone")

    outbox = Outbox()
    outbox.send("order")
    with pytest.raises(SessionLost, match="gone"):
        await Sender(Gone(), outbox).send()
