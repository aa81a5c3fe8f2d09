"""The measure of all things: a bridge from Twilio to the model without any framework.

As good as one writes it by hand for one purpose: two sockets, three tasks a call, text
handed on as it came where nothing has to be changed. Like voxpipe it paces replies with
a lead of 200 ms, marks them every 100 ms or more, and on an interruption clears,
forgets what is queued, and truncates the item at what was heard. Unlike voxpipe it
checks nothing, cannot be composed, and knows one carrier and one model.

    python -m benchmarks.calls.bridge --port 8080 --model ws://127.0.0.1:8081/v1
    python -m benchmarks.calls.bridge --audio soxr-vhq …
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from .conversion import Soxr, Straight

LEAD = 0.2  # seconds that the carrier is ahead of the ear
MARK_EVERY = 0.1  # seconds

Audio = Straight | Soxr
AUDIO: dict[str, Callable[[], Audio]] = {
    "straight": Straight,
    "soxr-vhq": lambda: Soxr("VHQ"),
    "soxr-hq": lambda: Soxr("HQ"),
}


class Bridge:
    """One call."""

    def __init__(
        self, phone: ServerConnection, model: ClientConnection, sid: str, audio: Audio
    ) -> None:
        self._phone = phone
        self._model = model
        self._sid = sid
        self._audio = audio
        self._loop = asyncio.get_running_loop()
        self._queue: deque[str] = deque()  # payloads not sent yet
        self._more = asyncio.Event()
        self._dry_at = 0.0  # when the carrier has played all that it was given
        self._item: str = ""
        self._response: str = ""
        self._cut: str = ""  # the response that was interrupted
        self._sent = self._marked = self._heard = 0.0  # seconds of the item

    async def run(self) -> None:
        """Until either side has gone."""
        tasks = [
            asyncio.create_task(each())
            for each in (self._hear, self._listen, self._play)
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            for outcome in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(outcome, Exception):
                    raise outcome

    async def _hear(self) -> None:
        send, heard = self._model.send, self._audio.heard
        async for message in self._phone:
            event = json.loads(message)
            kind = event["event"]
            if kind == "media":
                audio = heard(event["media"]["payload"])
                if audio:
                    await send(
                        f'{{"type":"input_audio_buffer.append","audio":"{audio}"}}'
                    )
            elif kind == "mark":
                item, _, position = event["mark"]["name"].partition(":")
                if item == self._item:
                    self._heard = float(position)
            elif kind == "stop":
                return

    async def _listen(self) -> None:
        async for message in self._model:
            event = json.loads(message)
            kind = event["type"]
            if kind == "response.output_audio.delta":
                if event["response_id"] != self._cut:
                    self._take(event)
            elif kind == "response.output_audio.done":
                if event["response_id"] != self._cut:
                    self._enqueue(self._audio.rest())
            elif kind == "input_audio_buffer.speech_started":
                await self._interrupt()
            elif kind == "error":
                raise RuntimeError(event["error"]["code"])

    def _take(self, event: dict[str, Any]) -> None:
        if event["item_id"] != self._item:
            self._item, self._response = event["item_id"], event["response_id"]
            self._sent = self._marked = self._heard = 0.0
            self._audio.begin()
        self._enqueue(self._audio.said(event["delta"]))

    def _enqueue(self, payload: str) -> None:
        if payload:
            self._queue.append(payload)
            self._more.set()

    async def _play(self) -> None:
        while True:
            while not self._queue:
                self._more.clear()
                await self._more.wait()
            wait = self._dry_at - LEAD - self._loop.time()
            if wait > 0:
                await asyncio.sleep(wait)
                continue  # what was to be sent may have been interrupted meanwhile
            payload = self._queue.popleft()
            seconds = len(payload) // 4 * 3 / 8000
            self._sent += seconds
            self._dry_at = max(self._dry_at, self._loop.time()) + seconds
            await self._phone.send(
                f'{{"event":"media","streamSid":"{self._sid}",'
                f'"media":{{"payload":"{payload}"}}}}'
            )
            if self._sent - self._marked >= MARK_EVERY or not self._queue:
                self._marked = self._sent
                await self._phone.send(
                    f'{{"event":"mark","streamSid":"{self._sid}",'
                    f'"mark":{{"name":"{self._item}:{self._sent:.3f}"}}}}'
                )

    async def _interrupt(self) -> None:
        """The service has cancelled the response by itself: silence the carrier."""
        now = self._loop.time()
        if self._dry_at <= now and not self._queue:
            return
        paced = self._sent - max(0.0, self._dry_at - now)
        heard = max(0.001, self._heard, paced)
        self._cut, item, self._item = self._response, self._item, ""
        self._queue.clear()
        self._dry_at = now
        await self._phone.send(f'{{"event":"clear","streamSid":"{self._sid}"}}')
        truncation = {
            "type": "conversation.item.truncate",
            "item_id": item,
            "content_index": 0,
            "audio_end_ms": int(heard * 1000),
        }
        await self._model.send(json.dumps(truncation))


async def answer(phone: ServerConnection, url: str, audio: Audio) -> None:
    """Take a call."""
    with suppress(ConnectionClosed):
        await phone.recv()  # connected
        sid = json.loads(await phone.recv())["start"]["streamSid"]
        async with connect(
            f"{url}/realtime?model=gpt-realtime-2.1",
            compression=None,
            additional_headers={"Authorization": "Bearer sk-none"},
            proxy=None,
        ) as model:
            await model.recv()  # session.created
            await model.send(json.dumps(configuration(audio)))
            await model.recv()  # session.updated
            await Bridge(phone, model, sid, audio).run()


def configuration(audio: Audio) -> dict[str, Any]:
    detection = {"type": "server_vad", "silence_duration_ms": 500}
    return {
        "type": "session.update",
        "session": {
            "type": "realtime",
            "output_modalities": ["audio"],
            "audio": {
                "input": {"format": audio.format, "turn_detection": detection},
                "output": {"format": audio.format},
            },
        },
    }


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calls.bridge")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--model", default="ws://127.0.0.1:8081/v1")
    parser.add_argument("--audio", choices=tuple(AUDIO), default="straight")
    given = parser.parse_args()
    make = AUDIO[given.audio]
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with serve(
        lambda phone: answer(phone, given.model, make()),
        "127.0.0.1",
        given.port,
        compression=None,
    ):
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())
