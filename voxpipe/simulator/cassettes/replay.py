"""A cassette as a connection: what `open_session` takes as ``connect``."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import ClassVar, Literal

from anyio import CancelScope, current_time
from anyio.lowlevel import checkpoint

from voxpipe.pipeline.runtime.wakeup import Wakeup
from voxpipe.pipeline.runtime.words import one_of
from voxpipe.simulator.errors import CloseFrame, ConnectionClosed
from voxpipe.simulator.protocol.outbox import Event

from .cassette import load_cassette
from .player import Player, SoundKind
from .recorder import TextConnection, numbered

Then = Literal["fail", "repeat"]
"""What follows the last session: an error, or the first again."""


def replay(
    path: str | Path, *, sound: SoundKind = "silence", ignore: Collection[str] = ()
) -> Replay:
    """Connect to a recorded session instead of the service; needs no network.

    Its clock is anyio's, so it runs in virtual time too. Sending something else than
    when it was recorded raises `CassetteMismatch` from the connection, and so does
    leaving without having sent everything.

    Args:
        path: of the cassette; the next session is read from ``name.2.jsonl``, and so
            on.
        sound: what is heard where the recording holds no speech; as long as that was.
        ignore: fields that may be others than recorded, with all that is under them:
            ``session.instructions``, where these tell the date.

    Returns:
        What `open_session` takes as ``connect``.

    Raises:
        CassetteError: when it connects: the file cannot be read, or is no cassette.
    """
    return Replay(Players(path, sound=sound, ignore=ignore))


@dataclass(frozen=True, slots=True)
class Replay:
    """Opens recorded sessions wherever one of the service is asked for.

    Attributes:
        needs_key: no API key opens anything here, so none is looked for.
    """

    players: Players
    needs_key: ClassVar[bool] = False

    @asynccontextmanager
    async def __call__(self, address: object) -> AsyncGenerator[TextConnection]:
        """Connect to the next session, and see afterwards that nothing is missing."""
        player = self.players.next()
        yield _ReplayedConnection(player)
        player.check_end()


class Players:
    """Plays the sessions of a recording, one after the other.

    Args:
        path: of the first; the n-th is ``name.n.jsonl``.
        sound: what is heard where the recording holds no speech.
        ignore: fields of the client's events that may be others.
        then: what follows the last one: a `CassetteError`, or the first again.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        sound: SoundKind = "silence",
        ignore: Collection[str] = (),
        then: Then = "fail",
    ) -> None:
        self._path = Path(path)
        one_of(SoundKind, sound, "sound", ValueError)
        one_of(Then, then, "then", ValueError)
        self._sound: SoundKind = sound
        self._ignore = tuple(ignore)
        self._then = then
        self._numbers = count(1)

    def next(self) -> Player:
        """The next session, from its beginning.

        Raises:
            CassetteError: the file cannot be read, or is no cassette.
        """
        path = numbered(self._path, next(self._numbers))
        if self._then == "repeat" and not path.exists():
            self._numbers = count(2)
            path = self._path
        cassette = load_cassette(path)
        return Player(
            cassette, now=current_time(), sound=self._sound, ignore=self._ignore
        )


class _ReplayedConnection:
    """The client's side of a recorded session."""

    def __init__(self, player: Player) -> None:
        self._player = player
        self._waiting: deque[Event] = deque()  # as long as the cassette, at most
        self._changed = Wakeup()

    async def send(self, message: str, /) -> None:
        await checkpoint()
        player = self._player
        if player.close_frame is not None:
            raise self._ended()
        player.receive(message, current_time())
        if player.mismatch is not None:
            raise player.mismatch
        self._changed.set()

    async def receive(self) -> str:
        await checkpoint()
        player = self._player
        while not self._waiting:
            if player.mismatch is not None:
                raise player.mismatch
            self._waiting.extend(player.outgoing())
            if not self._waiting:
                await self._wait()
        return json.dumps(self._waiting.popleft(), separators=(",", ":"))

    async def _wait(self) -> None:
        player = self._player
        if player.close_frame is not None:
            raise self._ended()
        with CancelScope(deadline=player.next_timer):
            await self._changed.wait()
        player.advance(current_time())

    def _ended(self) -> Exception:
        close_frame = self._player.close_frame or CloseFrame(1006, "")
        return self._player.mismatch or ConnectionClosed(*close_frame)
