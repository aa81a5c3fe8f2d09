"""A live view of a conversation: words as they are said, above one moving line.

On a terminal the last line moves (a bar, and what is being said); everywhere else there
are whole lines only. Nothing said can command the terminal: see ``plain.py``.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from typing import TextIO

from voxpipe.console.lookalikes import shown

from .plain import columns, fit, safe, tail, wrapped
from .report import Speaker

BAR = 20  # columns
NARROW = 50  # columns; below that there is no bar
_LEAST = 20  # columns of a line; in less, words are better broken by the terminal
_CLEAR = "\r\x1b[K"
_SIGNS = {"caller": ">", "agent": "<", "note": "-"}
LEGEND = "> the caller   < the agent, when it was heard   - a tool, and what it gave"
COLOURS = {"caller": "36", "agent": "33", "note": "2"}  # ANSI: cyan, yellow, faint


class LineView:
    """Whole lines, one for each thing said: for files, pipes and logs.

    Args:
        out: where to; what its encoding lacks becomes what looks like it, or a "?".
        colours: ANSI codes for ``caller``, ``agent`` and ``note``; none for none.
        width: columns; asked each time, as windows are resized.
    """

    def __init__(
        self,
        out: TextIO,
        colours: Mapping[str, str] | None = None,
        width: Callable[[], int] | None = None,
    ) -> None:
        self._out = out
        self._colours = colours or {}
        self._width = width or (lambda: shutil.get_terminal_size().columns)
        self._encoding = out.encoding or "utf-8"

    def saying(self, speaker: Speaker, words: str) -> None:
        """These are the words so far of what is being said."""

    def said(self, speaker: Speaker, words: str) -> None:
        """Somebody has said this."""
        self._line(speaker, words)

    def note(self, text: str) -> None:
        """Something has happened."""
        self._line("note", text)

    def at(self, seconds: float) -> None:
        """The conversation has come so far."""

    def close(self) -> None:
        """Nothing moves any more; the next one to write begins on a line of its own."""

    def _line(self, kind: str, text: str) -> None:
        width = max(self._width(), _LEAST)
        for line in wrapped(safe(text), width, f"{_SIGNS[kind]} ", "  "):
            self._write(self._painted(kind, line) + "\n")

    def _painted(self, kind: str, text: str) -> str:
        code = self._colours.get(kind)
        return f"\x1b[{code}m{text}\x1b[0m" if code else text

    def _write(self, text: str) -> None:
        self._out.write(shown(text, self._encoding))
        self._out.flush()


class ScreenView(LineView):
    """The same on a terminal, with a last line that moves.

    Args:
        out: the terminal.
        seconds: how long the conversation will take, if one knows.
        colours: as for `LineView`.
        width: as for `LineView`.
    """

    def __init__(
        self,
        out: TextIO,
        *,
        seconds: float | None = None,
        colours: Mapping[str, str] | None = None,
        width: Callable[[], int] | None = None,
    ) -> None:
        super().__init__(out, colours, width)
        self._expected = seconds
        self._now = 0.0
        self._saying: tuple[Speaker, str] | None = None
        self._last = ""

    def saying(self, speaker: Speaker, words: str) -> None:
        """Show the words so far in the line that moves."""
        self._saying = speaker, words
        self._draw()

    def said(self, speaker: Speaker, words: str) -> None:
        """Somebody has said this: it stays, above the line that moves."""
        self._saying = None
        super().said(speaker, words)

    def at(self, seconds: float) -> None:
        """Move the bar."""
        self._now = seconds
        self._draw()

    def close(self) -> None:
        """Take the moving line away."""
        if self._last:
            self._write(_CLEAR)
            self._last = ""

    def _line(self, kind: str, text: str) -> None:
        self.close()
        super()._line(kind, text)
        self._draw()

    def _draw(self) -> None:
        line = self._moving(max(self._width() - 1, 1))  # the last column would wrap
        if line != self._last:
            self._last = line
            self._write(_CLEAR + line)

    def _moving(self, width: int) -> str:
        clock = f"{self._now:6.1f} s "
        if self._expected and width >= NARROW:
            done = round(BAR * min(max(self._now / self._expected, 0.0), 1.0))
            clock = f"[{'=' * done}{' ' * (BAR - done)}]{clock}"
        clock = fit(clock, width)
        if self._saying is None:
            return clock
        speaker, words = self._saying
        room = width - columns(clock) - 2
        words = f"{_SIGNS[speaker]} {tail(safe(words), room)}" if room > 0 else ""
        return clock + self._painted(speaker, words)


def live(
    out: TextIO,
    *,
    seconds: float | None = None,
    environment: Mapping[str, str] | None = None,
) -> LineView:
    """The view that fits ``out``: moving on a terminal, whole lines elsewhere.

    Args:
        seconds: how long the conversation will take, if one knows.
        environment: where ``NO_COLOR`` (no-color.org) and ``TERM`` are looked up; by
            default the process's.
    """
    environment = os.environ if environment is None else environment
    if not out.isatty() or environment.get("TERM") == "dumb":
        return LineView(out)
    colours = {} if environment.get("NO_COLOR") else COLOURS
    return ScreenView(out, seconds=seconds, colours=colours)
