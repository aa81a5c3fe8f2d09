"""The few SVG elements that a picture needs, with every word made safe."""

from __future__ import annotations

from html import escape
from typing import Literal

from .plain import columns, safe

Anchor = Literal["start", "middle", "end"]


def words(text: str) -> str:
    """Text that cannot end an element, and holds no character that XML forbids."""
    return escape(safe(text))


def text_width(text: str, size: float = 12.0) -> float:
    """About how many pixels ``text`` takes in a sans-serif of ``size``."""
    wide = columns(text) - len(text)  # of two columns each
    return size * (0.55 * len(text) + 0.45 * max(wide, 0))


class Picture:
    """Elements in the order in which they are painted.

    Colours, fonts and strokes are the style sheet's: every element has a class.
    """

    def __init__(self) -> None:
        self._parts: list[str] = []

    def rect(
        self, x: float, y: float, width: float, height: float, kind: str, hint: str = ""
    ) -> None:
        """A box; ``hint`` is shown where the pointer rests."""
        place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
        self._add("rect", f'class="{kind}" {place}', hint)

    def path(self, steps: str, kind: str) -> None:
        """A line through ``steps``, in SVG's own notation."""
        self._add("path", f'class="{kind}" d="{steps}"', "")

    def text(
        self,
        x: float,
        y: float,
        text: str,
        kind: str,
        *,
        anchor: Anchor = "start",
        hint: str = "",
    ) -> None:
        """One line of words, standing on ``y``."""
        place = f'class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
        self._parts.append(f"<text {place}>{words(text)}{_title(hint)}</text>")

    def _add(self, name: str, attributes: str, hint: str) -> None:
        end = f">{_title(hint)}</{name}>" if hint else "/>"
        self._parts.append(f"<{name} {attributes}{end}")

    def finish(
        self, width: float, height: float, *, title: str, style: str, defs: str = ""
    ) -> str:
        """The whole file.

        Args:
            title: what a screen reader says.
            style: CSS.
            defs: patterns, as SVG.
        """
        size = f'width="{width:.0f}" height="{height:.0f}"'
        box = f'viewBox="0 0 {width:.0f} {height:.0f}"'
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box} role="img">',
                f"<title>{words(title)}</title>",
                f"<style>{style}</style>",
                f"<defs>{defs}</defs>",
                f'<rect class="paper" width="{width:.0f}" height="{height:.0f}"/>',
                *self._parts,
                "</svg>\n",
            ]
        )


def _title(hint: str) -> str:
    return f"<title>{words(hint)}</title>" if hint else ""


def wrapped(text: str, width: float, lines: int, size: float = 12.0) -> list[str]:
    """The words of ``text`` in lines of ``width`` pixels; the last entry is the rest.

    >>> wrapped("one two three four", 60, 2)
    ['one two', 'three', 'four']
    """
    left = safe(text).split(" ")
    made: list[str] = []
    for _ in range(lines):
        line = ""
        while left and text_width(f"{line} {left[0]}".strip(), size) <= width:
            line = f"{line} {left.pop(0)}".strip()
        made.append(line)
    return [*made, " ".join(left)]
