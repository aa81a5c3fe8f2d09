"""The way to the service: one line, in order, sent by whoever has something in it.

Orders and audio stand in the same line, because they mean something by their order: a
commit closes the audio before it. There is no queue behind a queue: who adds audio
sends it, so a socket that is full holds the caller's stream back.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from anyio import Lock

from voxpipe.pipeline import AudioFrame, SessionLost
from voxpipe.pipeline.runtime.surrogates import json_text
from voxpipe.processors.realtime.connect.connection import Connection
from voxpipe.processors.realtime.protocol.outbox import APPEND, ClientEvent, Outbox

SendNowait = Callable[[str], bool]


class Sender:
    """Sends what is in a line.

    Args:
        connection: to the service.
        outbox: has the line, and says what the client event is called that carries
            audio.
        on_lost: told that the connection has ended, if another one takes its place.
    """

    def __init__(
        self,
        connection: Connection,
        outbox: Outbox,
        on_lost: Callable[[SessionLost], object] | None = None,
    ) -> None:
        self._line, self._append = outbox.messages, outbox.append
        self._lock = Lock(fast_acquire=True)
        self._senders = 0  # tasks that have the lock, or wait for it
        self._on_lost = on_lost
        self._connection: Connection | None
        self._quick: SendNowait | None
        self.connect(connection)

    def connect(self, connection: Connection) -> None:
        """Send over this connection from now on."""
        self._connection = connection
        # Not every connection has it: one in memory, or on trio, may have to wait.
        self._quick = getattr(connection, "send_nowait", None)

    def disconnect(self) -> None:
        """There is no connection: what is in the line until then is given up.

        Whoever has ordered it keeps what another session has to be told.
        """
        self._connection = self._quick = None
        self._line.clear()

    @property
    def is_free(self) -> bool:
        """Nothing waits to be sent, so what comes now may be sent without waiting."""
        return not (self._line or self._senders or self._quick is None)

    def send_nowait(self) -> bool:
        """Send what is in the line without waiting; whether that was all.

        That the connection has ended is raised by `send`, and not into a step of
        somebody who only wanted to say something.
        """
        line, quick = self._line, self._quick
        if quick is None or self._senders:
            if self._connection is None:
                line.clear()
            return not line
        while line:
            try:
                if not quick(encode(line[0], self._append)):
                    return False
            except SessionLost:
                return False
            line.popleft()
        return True

    async def send(self) -> None:
        """Send all that is in the line; returns when it is empty.

        Raises:
            SessionLost: the session has ended, and no other takes its place.
        """
        if self.send_nowait():
            return
        self._senders += 1
        try:
            async with self._lock:
                while self._line and (connection := self._connection) is not None:
                    message = encode(self._line.popleft(), self._append)
                    try:
                        await connection.send(message)
                    except SessionLost as lost:
                        if self._on_lost is None:
                            raise
                        if connection is self._connection:
                            self.disconnect()
                            self._on_lost(lost)
        finally:
            self._senders -= 1


def encode(each: ClientEvent | AudioFrame, append: str = APPEND) -> str:
    """A client event as it goes over the wire."""
    if isinstance(each, AudioFrame):
        # base64 was checked where it came in, so it can be put between quotes as it is.
        return f'{{"type":"{append}","audio":"{each.base64}"}}'
    text = json.dumps(each)
    return json_text(each) if "\\ud" in text else text
