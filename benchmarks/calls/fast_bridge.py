"""The fastest bridge that one can write in Python: `bridge` on picows.

A WebSocket in Cython on both sides, and no task on the way of a message. What the phone
says is cut out and handed on without being parsed; nothing is paced and nothing marked,
so an interruption is truncated at what has been sent by then, which is wrong by as much
as the carrier has not played. It shows what the sockets cost at least, and is no way to
build a bridge.

    python -m benchmarks.calls.on uvloop benchmarks.calls.fast_bridge --port 8080
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
from typing import Any

import picows
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest

from .bridge import configuration
from .conversion import Straight

MAX_MESSAGE = 2**20
LIBRARY: Any = picows  # its types are partly unknown
_APPEND = b'{"type":"input_audio_buffer.append","audio":"'
_PAYLOAD = b'"payload":"'
_DELTA = b'"response.output_audio.delta"'


def _has_parted(transport: WSTransport, frame: WSFrame) -> bool:
    """Whether the other side says goodbye; then so do we."""
    if frame.msg_type is not WSMsgType.CLOSE:
        return False
    transport.send_close()
    transport.disconnect()
    return True


class Phone(WSListener):
    """The carrier's side of a call."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._sid = ""
        self._model: Model | None = None
        self._opening: asyncio.Task[None] | None = None
        self._transport: WSTransport | None = None

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if _has_parted(transport, frame):
            return
        message = frame.get_payload_as_bytes()
        at = message.find(_PAYLOAD)
        if at >= 0:
            if self._model is not None:
                end = message.index(b'"', at + len(_PAYLOAD))
                self._model.hear(message[at + len(_PAYLOAD) : end])
        elif b'"start"' in message and not self._sid:
            self._sid = json.loads(message)["start"]["streamSid"]
            self._opening = asyncio.create_task(self._open())

    async def _open(self) -> None:
        _, listener = await LIBRARY.ws_connect(
            lambda: Model(self),
            f"{self._url}/realtime?model=gpt-realtime-2.1",
            extra_headers={"Authorization": "Bearer sk-none"},
        )
        assert isinstance(listener, Model)
        self._model = listener

    def play(self, payload: bytes) -> None:
        assert self._transport is not None
        self._transport.send(
            WSMsgType.TEXT,
            b'{"event":"media","streamSid":"%b","media":{"payload":"%b"}}'
            % (self._sid.encode(), payload),
        )

    def clear(self) -> None:
        assert self._transport is not None
        message = f'{{"event":"clear","streamSid":"{self._sid}"}}'
        self._transport.send(WSMsgType.TEXT, message.encode())

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if self._model is not None:
            self._model.close()


class Model(WSListener):
    """The model's side of it."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone
        self._transport: WSTransport | None = None
        self._is_ready = False
        self._item: dict[str, Any] = {}  # the last delta, but for its audio
        self._sent = 0.0  # seconds of it
        self._cut = b""  # the id of an item that was interrupted

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport

    def hear(self, payload: bytes) -> None:
        if self._is_ready:
            assert self._transport is not None
            self._transport.send(WSMsgType.TEXT, _APPEND + payload + b'"}')

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if _has_parted(transport, frame):
            return
        message = frame.get_payload_as_bytes()
        if _DELTA in message[:64]:
            self._take(message)
            return
        event = json.loads(message)
        kind = event["type"]
        if kind == "session.created":
            update = json.dumps(configuration(Straight()))
            transport.send(WSMsgType.TEXT, update.encode())
        elif kind == "session.updated":
            self._is_ready = True
        elif kind == "input_audio_buffer.speech_started":
            self._interrupt(transport)
        elif kind == "error":
            raise RuntimeError(event["error"]["code"])

    def _take(self, message: bytes) -> None:
        at = (
            message.rindex(b'"', 0, len(message) - 2) + 1
        )  # of the audio, which is last
        head = message[:at]
        if self._cut and self._cut in head:
            return
        if not self._item or self._item["item_id"].encode() not in head:
            self._item, self._sent = json.loads(head + b'"}'), 0.0
        payload = message[at:-2]
        self._sent += len(payload) * 3 // 4 / 8000
        self._phone.play(payload)

    def _interrupt(self, transport: WSTransport) -> None:
        if not self._item:
            return
        self._phone.clear()
        truncation = {
            "type": "conversation.item.truncate",
            "item_id": self._item["item_id"],
            "content_index": 0,
            "audio_end_ms": int(self._sent * 1000),
        }
        transport.send(WSMsgType.TEXT, json.dumps(truncation).encode())
        self._cut, self._item = self._item["item_id"].encode(), {}

    def close(self) -> None:
        if self._transport is not None:
            self._transport.send_close()
            self._transport.disconnect()


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calls.fast_bridge")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--model", default="ws://127.0.0.1:8081/v1")
    given = parser.parse_args()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    def answer(_: WSUpgradeRequest) -> Phone:
        return Phone(given.model)

    server = await LIBRARY.ws_create_server(
        answer, "127.0.0.1", given.port, max_frame_size=MAX_MESSAGE
    )
    await stop.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
