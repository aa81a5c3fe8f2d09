"""What was heard, told to the transport itself before anybody who reads `played`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from voxpipe.pipeline import AudioFrame, Output


class Tap(Output[AudioFrame]):
    """Stands between a `Playout` and the port where its transport reports.

    Args:
        played: where every frame goes on to.
        tell: called with each frame first.
    """

    def __init__(
        self, played: Output[AudioFrame], tell: Callable[[AudioFrame], object]
    ) -> None:
        super().__init__()
        self.read = True  # whether or not somebody reads `played`, we do
        self._played = played
        self._tell = tell

    async def send(self, frame: Any) -> bool:
        """Tell, and pass on."""
        self._tell(frame)
        return await self._played.send(frame)
