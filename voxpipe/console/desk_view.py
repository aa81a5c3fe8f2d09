"""What a conversation at the desk looks like in a terminal: words, and one moving line.

The line has the state, both levels, the clock and the money, and what is being said.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TextIO

from .demo.plain import columns, fit, safe, tail
from .demo.progress import NARROW, ScreenView

QUIET = -60.0  # dBFS where a meter begins; the noise of a room
WIDE = 100  # columns; from there on the meters are longer
LEGEND = "> you   < the agent, as it is heard"


@dataclass(frozen=True, slots=True)
class Status:
    """What the moving line tells.

    Attributes:
        state: in a word or two.
        microphone: its level, dBFS.
        loudspeaker: its level, dBFS.
        seconds: since the conversation began.
        cost_usd: so far, if it is known.
        hiccups: how often sound was lost.
    """

    state: str
    microphone: float
    loudspeaker: float
    seconds: float
    cost_usd: float | None = None
    hiccups: int = 0


class DeskView(ScreenView):
    """The view on a terminal; `show` moves its last line."""

    def __init__(
        self,
        out: TextIO,
        *,
        colours: Mapping[str, str] | None = None,
        width: Callable[[], int] | None = None,
    ) -> None:
        super().__init__(out, colours=colours, width=width)
        self._status: Status | None = None

    def show(self, status: Status) -> None:
        """Move the last line."""
        self._status = status
        self._draw()

    def _moving(self, width: int) -> str:
        status = self._status
        if status is None:
            return ""
        line = status_line(status, width)
        room = width - columns(line) - 4
        if self._saying is None or room < 8:
            return line
        speaker, words = self._saying
        sign = ">" if speaker == "caller" else "<"
        told = self._painted(speaker, f"{sign} {tail(safe(words), room)}")
        return f"{line}  {told}"


def status_line(status: Status, width: int) -> str:
    """The line without the words, in at most so many columns."""
    state = f"{status.state:<13}"
    minutes, seconds = divmod(int(status.seconds), 60)
    end = f"{minutes}:{seconds:02}"
    if status.cost_usd is not None:
        end += f"  ${status.cost_usd:.4f}"
    if status.hiccups:
        end += f"  {status.hiccups} hiccups"
    if width < NARROW:
        return fit(f"{state.strip()} {end}", width)
    size = 12 if width >= WIDE else 6
    meters = (
        f"mic {_meter(status.microphone, size)} out {_meter(status.loudspeaker, size)}"
    )
    return fit(f"{state}{meters}  {end}", width)


def _meter(level: float, size: int) -> str:
    full = round(size * min(max(1 - level / QUIET, 0.0), 1.0))
    return f"[{'=' * full}{' ' * (size - full)}]"


class Above(io.TextIOBase):
    """Takes what is printed, and has it stand above the moving line."""

    def __init__(self, line: Callable[[str], object]) -> None:
        self._line = line
        self._rest = ""

    def write(self, text: str) -> int:
        """Show each line that is whole."""
        *lines, self._rest = (self._rest + text).split("\n")
        for each in lines:
            self._line(each)
        return len(text)

    def writable(self) -> bool:
        """It is."""
        return True
