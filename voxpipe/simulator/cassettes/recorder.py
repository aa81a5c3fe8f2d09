"""Writes down what goes over a connection, while it goes."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BufferedWriter, TextIOWrapper
from itertools import count
from os import getpid
from pathlib import Path
from typing import IO, Any, Generic, Literal, Protocol, TypeVar

from anyio import current_time

from voxpipe.pipeline.errors import SessionLost
from voxpipe.pipeline.runtime.private import private_file, private_folder
from voxpipe.pipeline.runtime.words import one_of
from voxpipe.simulator.protocol.json_types import object_in

from .cassette import MAX_SIZE, VERSION, CassetteError
from .redaction import APPENDS, Keep, bytes_in, clean, clean_text, kind_of

A = TypeVar("A", contravariant=True)


class TextConnection(Protocol):
    """Text messages both ways, as `open_session` wants them."""

    async def send(self, message: str, /) -> None:
        """Send one message."""
        ...

    async def receive(self) -> str:
        """Wait for the next message."""
        ...


def recording(
    path: str | Path,
    connect: Callable[[A], AbstractAsyncContextManager[TextConnection]],
    *,
    keep: Keep = "words",
) -> Recording[A]:
    """Connect as ``connect`` does, and write the session to a file.

    The file is there once the session has ended, unless the program's exception ended
    it; it is for its owner alone (0600), and so are folders that are made.
    Further sessions are written to ``name.2.jsonl`` and so on.

    Args:
        path: of the cassette, ``….jsonl``.
        connect: opens the connection, to the service or to the simulator.
        keep: ``words`` takes sound and pictures out; ``all`` keeps them. Keys are taken
            out always.

    Returns:
        What `open_session` takes as ``connect``.
    """
    one_of(Keep, keep, "keep", ValueError)
    return Recording(Path(path), connect, keep)


@dataclass(frozen=True, slots=True)
class Recording(Generic[A]):
    """Opens connections of which each is written down."""

    path: Path
    connect: Callable[[A], AbstractAsyncContextManager[TextConnection]] = field(
        repr=False  # it may show a script, or a key
    )
    keep: Keep
    max_size: int = MAX_SIZE  # bytes
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def needs_key(self) -> bool:
        """Whether what it connects to does."""
        return getattr(self.connect, "needs_key", True)

    @asynccontextmanager
    async def __call__(self, address: A) -> AsyncGenerator[TextConnection]:
        """Connect, and write the session down."""
        async with self.connect(address) as connection:
            path = numbered(self.path, next(self.numbers))
            tape = Tape(path, self.keep, self.max_size)
            whole = False
            try:
                yield _RecordedConnection(connection, tape)
                tape.close("client", 1000, "")
                whole = True
            finally:
                if whole or tape.ended:
                    tape.finish()
                else:
                    tape.discard()


def numbered(path: Path, number: int) -> Path:
    """Where the n-th session of a program is written."""
    return path if number == 1 else path.with_suffix(f".{number}{path.suffix}")


class _RecordedConnection:
    """A connection that is listened to."""

    def __init__(self, connection: TextConnection, tape: Tape) -> None:
        self._connection = connection
        self._tape = tape

    async def send(self, message: str, /) -> None:
        # Before it goes: the answer may be here before this task runs again.
        self._tape.message("client", message)
        await self._connection.send(message)

    async def receive(self) -> str:
        try:
            message = await self._connection.receive()
        except SessionLost as lost:
            self._tape.close("server", lost.code or 1006, lost.reason)
            raise
        self._tape.message("server", message)
        return message


class Tape:
    """The file while it is written: under another name until it is whole.

    Args:
        path: of the cassette.
        keep: as of `recording`.
        max_size: bytes that it may have.

    Attributes:
        path: of the cassette.
        ended: whether either side has ended the session.

    Raises:
        CassetteError: it cannot be written there.
    """

    def __init__(self, path: Path, keep: Keep, max_size: int = MAX_SIZE) -> None:
        self.path = path
        self._max_size = max_size
        self._draft = path.with_name(f"{path.name}.{getpid()}.part")
        self._keep: Keep = keep
        self._start = current_time()
        self._size = 0
        self._audio, self._audio_at = 0, 0.0  # of the caller, not written yet
        self.ended = False
        try:
            private_folder(path.parent)
            self._file: IO[str] = TextIOWrapper(
                BufferedWriter(private_file(self._draft)), "utf-8", newline="\n"
            )
        except OSError as error:
            raise CassetteError(f"cannot write the cassette {path}: {error}") from error
        recorded = datetime.now(UTC).isoformat(timespec="seconds")
        self._line({"voxpipe_cassette": VERSION, "recorded": recorded, "keep": keep})

    def message(self, sender: Literal["client", "server"], message: str) -> None:
        """Write down a message, without what has to go."""
        event = object_in(message)
        if event is None:
            self._entry(sender, {"text": clean_text(message)})
        elif kind_of(event) in APPENDS and self._keep == "words":
            self._audio += bytes_in(event.get("audio"))
            self._audio_at = self._now()
        else:
            self._entry(sender, {"event": clean(event, self._keep)})

    def close(self, sender: Literal["client", "server"], code: int, why: str) -> None:
        """Write down who ended the session."""
        if not self.ended:
            self.ended = True
            self._entry(sender, {"close": {"code": code, "reason": clean_text(why)}})

    def finish(self) -> None:
        """The cassette is whole."""
        self._file.close()
        if self._size > self._max_size:
            self.discard()
            raise CassetteError(
                f"{self.path}: a cassette holds at most {self._max_size} bytes, this "
                "session has more: record a shorter one, or without sound"
            )
        self._draft.replace(self.path)

    def discard(self) -> None:
        """What was to be recorded went wrong: nothing stays."""
        self._file.close()
        self._draft.unlink(missing_ok=True)

    def _entry(self, sender: str, content: dict[str, Any]) -> None:
        if self._audio:
            audio, self._audio = self._audio, 0
            at = round(self._audio_at, 3)
            self._line({"at": at, "from": "client", "audio_bytes": audio})
        self._line({"at": round(self._now(), 3), "from": sender, **content})

    def _line(self, line: dict[str, Any]) -> None:
        text = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
        self._size += len(text.encode("utf-8", "replace")) + 1
        if self._size <= self._max_size:
            self._file.write(text.encode("utf-8", "replace").decode() + "\n")

    def _now(self) -> float:
        return current_time() - self._start
