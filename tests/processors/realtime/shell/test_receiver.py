"""What comes from a session that another has replaced is not heeded."""

from __future__ import annotations

from collections.abc import Callable

from voxpipe.pipeline.runtime.wakeup import Wakeup
from voxpipe.processors.realtime.shell.receiver import Receiver


class Line:
    """A connection that gives messages at once, or to who waits."""

    def __init__(self) -> None:
        self.at_once: Callable[[str], bool] | None = None
        self.receiver: Receiver | None = None

    def take_at_once(self, function: Callable[[str], bool] | None) -> None:
        self.at_once = function

    async def send(self, message: str, /) -> None:
        raise AssertionError(message)

    async def receive(self) -> str:
        assert self.receiver is not None
        assert self.at_once is not None
        assert self.at_once("first")
        self.receiver.stop()
        return "late"


class Heard:
    """Notes what it is told."""

    closed = False

    def __init__(self) -> None:
        self.messages: list[str] = []

    def receive(self, message: str, now: float) -> bool:
        self.messages.append(message)
        return True


class Step:
    """Nothing is left to be taken out."""

    def __init__(self) -> None:
        self.audio = Wakeup()
        self.now = lambda: 0.0

    def flush(self) -> None:
        pass


async def test_after_it_was_stopped_nothing_is_heeded() -> None:
    line, heard = Line(), Heard()
    line.receiver = Receiver(line, heard, Step())
    await line.receiver.run()
    assert heard.messages == ["first"]
