"""From one message to another, both seen at the sockets.

asyncio reads by `socket.socket.recv` or `recv_into`, and writes by `send`. These are
tapped, which needs no name inside voxpipe and sees the moments themselves: what is read
has not been looked at, what is written has left.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from benchmarks.calls.frames import Cutter, ProtocolError
from benchmarks.report import CannotMeasure

from .recorder import Recorder, Trace

PATIENCE = 10.0  # seconds for a path, which takes milliseconds


class Window:
    """One path's.

    Args:
        begins: is in the message that begins it.
        ends: are in those that end it, when the last of them is written.

    Attributes:
        trace: what was recorded, once it is over.
        ended_by: the number of the task that wrote the last message.
    """

    def __init__(self, begins: bytes, ends: tuple[bytes, ...]) -> None:
        self.trace = Trace()
        self.ended_by = 0
        self._begins = begins
        self._missing = set(ends)
        self._is_open = False
        self._over = threading.Event()

    def read(self, data: bytes, recorder: Recorder) -> None:
        """Something has come in."""
        if not self._is_open and self._begins in _text(data):
            self._is_open = True
            recorder.begin()

    def wrote(self, data: bytes, recorder: Recorder) -> None:
        """Something has gone out."""
        if not self._is_open or self._over.is_set():
            return
        text = _text(data)
        self._missing = {each for each in self._missing if each not in text}
        if not self._missing:
            self.ended_by = recorder.end()
            self.trace = recorder.trace
            self._over.set()

    def wait(self) -> None:
        """Until it is over.

        Raises:
            CannotMeasure: it has not been.
        """
        if not self._over.wait(PATIENCE):
            begun = "has not begun" if not self._is_open else "has not ended"
            missing = b", ".join(sorted(self._missing)).decode()
            raise CannotMeasure(
                f"the path from {self._begins.decode()} to {missing} {begun}"
            )


class Windows:
    """Opens windows on what the thread does that makes it."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        self._recorder = Recorder()
        self._window: Window | None = None

    @contextmanager
    def open(self, begins: bytes, *ends: bytes) -> Generator[Window]:
        """Look from one message to others, which the block causes.

        To be used by another thread, which waits at the end of the block.
        """
        window = self._window = Window(begins, ends)
        try:
            yield window
            window.wait()
        finally:
            self._window = None

    @contextmanager
    def tapped(self) -> Generator[None]:
        """As long as this lasts, sockets are seen."""
        send, recv = socket.socket.send, socket.socket.recv
        recv_into = socket.socket.recv_into

        def seen_send(self: socket.socket, data: Any, *flags: int) -> int:
            sent = send(self, data, *flags)
            if window := ours():
                window.wrote(bytes(data[:sent]), recorder)
            return sent

        def seen_recv(self: socket.socket, size: int, *flags: int) -> bytes:
            data = recv(self, size, *flags)
            if window := ours():
                window.read(data, recorder)
            return data

        def seen_recv_into(self: socket.socket, buffer: Any, *more: int) -> int:
            size = recv_into(self, buffer, *more)
            if window := ours():
                window.read(bytes(buffer[:size]), recorder)
            return size

        def ours() -> Window | None:
            return self._window if threading.get_ident() == self._thread else None

        recorder = self._recorder
        with (
            patch.object(socket.socket, "send", seen_send),
            patch.object(socket.socket, "recv", seen_recv),
            patch.object(socket.socket, "recv_into", seen_recv_into),
        ):
            try:
                yield
            finally:
                recorder.end()  # a window that was left open


def _text(data: bytes) -> bytes:
    """What is in WebSocket frames, without the masks."""
    try:
        return b"\n".join(payload for _, payload in Cutter().feed(data))
    except ProtocolError:  # HTTP, or the middle of a frame
        return data
