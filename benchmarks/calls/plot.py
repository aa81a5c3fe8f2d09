"""The picture: reply latency against the number of calls, and what a call costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from voxpipe.console.demo.svg import Picture

from .contenders import CONTENDERS
from .outcome import Outcome

Point = tuple[float, float]

WIDTH, HEIGHT = 860.0, 420.0
LEFT, TOP, RIGHT, BOTTOM = 60.0, 50.0, 560.0, 370.0  # of the curves
BARS = 640.0  # where the bars begin
BAR, GAP = 18.0, 28.0

_COLOURS = {
    "a1": "#888888",
    "a2": "#aaaaaa",
    "a3": "#cccccc",
    "b": "#1b6ca8",
    "c": "#4da3d9",
    "d": "#17876d",
    "e1": "#d9822b",
    "e2": "#b5462f",
}
_STYLE = (
    ".paper{fill:#fff}text{font:12px sans-serif;fill:#222}.title{font-weight:bold}"
    ".axis{stroke:#222;fill:none}.grid{stroke:#ddd;fill:none}"
    + "".join(
        f".line-{name}{{stroke:{colour};stroke-width:2;fill:none}}"
        f".bar-{name}{{fill:{colour}}}"
        for name, colour in _COLOURS.items()
    )
)


def draw(tried: Mapping[str, Sequence[Outcome]], costs: Mapping[str, float]) -> str:
    """The picture as SVG.

    Args:
        tried: for each contender, outcomes with different numbers of calls.
        costs: for each contender, the share of a core that a call takes.
    """
    picture = Picture()
    curves = {
        name: sorted((float(o.calls), o.p95) for o in outcomes if o.latency)
        for name, outcomes in tried.items()
    }
    _draw_curves(picture, {name: curve for name, curve in curves.items() if curve})
    _draw_bars(picture, costs)
    title = "Phone calls on one core: reply latency and CPU, by contender"
    return picture.finish(WIDTH, HEIGHT, title=title, style=_STYLE)


def _draw_curves(picture: Picture, curves: Mapping[str, Sequence[Point]]) -> None:
    most = max((x for curve in curves.values() for x, _ in curve), default=100.0)
    low, high = 600.0, 1600.0  # ms; what is later than that is late
    picture.text(LEFT, TOP - 25, "p95 of the reply latency, ms", "title")
    picture.text(RIGHT, BOTTOM + 36, "calls at a time", "label", anchor="end")

    def place(x: float, y: float) -> Point:
        across = LEFT + x / most * (RIGHT - LEFT)
        down = BOTTOM - (min(y, high) - low) / (high - low) * (BOTTOM - TOP)
        return across, down

    for level in range(int(low), int(high) + 1, 200):
        _, down = place(0, level)
        picture.path(f"M{LEFT} {down:.1f}H{RIGHT}", "grid")
        more = " or more" if level == high else ""
        picture.text(LEFT - 6, down + 4, f"{level}", "label", anchor="end", hint=more)
    for step in range(6):
        x = most * step / 5
        picture.text(place(x, 0)[0], BOTTOM + 18, f"{x:.0f}", "label", anchor="middle")
    picture.path(f"M{LEFT} {TOP}V{BOTTOM}H{RIGHT}", "axis")
    for name, curve in curves.items():
        points = [place(*point) for point in curve]
        steps = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        picture.path(f"M{steps}", f"line-{name}")
        x, y = points[-1]
        picture.text(x + 4, y - 4, name, "label", hint=CONTENDERS[name].title)


def _draw_bars(picture: Picture, costs: Mapping[str, float]) -> None:
    most = max(costs.values(), default=1.0)
    picture.text(BARS, TOP - 25, "CPU of a call, % of a core", "title")
    for number, (name, cost) in enumerate(costs.items()):
        y = TOP + number * (BAR + GAP)
        picture.text(BARS, y - 4, f"{name}  {CONTENDERS[name].title}", "label")
        picture.rect(BARS, y, max(1.0, cost / most * 140), BAR, f"bar-{name}")
        at = BARS + cost / most * 140 + 6
        picture.text(at, y + 13, f"{cost * 100:.2f}", "label")
