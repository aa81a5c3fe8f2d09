"""Row 17: whatever a box does wrong, it is the one that is named, and no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import anyio

from voxpipe.pipeline import AudioFormat, AudioFrame, Filter, Pipeline
from voxpipe.pipeline.testing import Probe, Source, run_within

from ..pipeline.graphs.properties import names_what_fails
from ..processors.realtime.loops import BACKENDS, Backend
from .graphs import holds_of
from .row import Figure

PCM, OTHER = AudioFormat("pcm16", 8_000), AudioFormat("pcm16", 24_000)
Wrong = Callable[[AudioFrame], Any]


class OfNoKind(BaseException):
    """What `except Exception` does not catch."""


class Guilty(Filter[AudioFrame]):
    """Does one thing wrong with each frame, or at the end."""

    def __init__(self, wrong: Wrong, *, at_end: bool = False) -> None:
        self._wrong = wrong
        self._at_end = at_end

    def feed(self, frame: AudioFrame) -> Iterable[AudioFrame]:
        self._last = frame
        return (frame,) if self._at_end else self._wrongly(frame)

    def flush(self) -> Iterable[AudioFrame]:
        return self._wrongly(self._last) if self._at_end else ()

    def _wrongly(self, frame: AudioFrame) -> tuple[AudioFrame, ...]:
        wrong: tuple[AudioFrame, ...] = self._wrong(frame)  # as it says, and as is not
        return wrong


class GuiltyFormat(Guilty):
    """Says that audio leaves in a format in which it does not."""

    def __init__(self, format: Any) -> None:
        super().__init__(lambda frame: (frame,))
        self._format: AudioFormat = format  # which it may not be

    def leaves_as(self, format: AudioFormat) -> AudioFormat:
        return self._format


def raising(error: type[BaseException]) -> Wrong:
    def wrong(frame: AudioFrame) -> Any:
        raise error

    return wrong


WRONG: dict[str, Wrong] = {
    "gives a text": lambda _: ("words",),
    "gives bytes": lambda _: (b"sound",),
    "gives None in a tuple": lambda _: (None,),
    "gives an object": lambda _: (object(),),
    "gives a number": lambda _: (1,),
    "gives a frame, not a tuple": lambda frame: frame,
    "gives no iterable": lambda _: 7,
    "raises": raising(LookupError),
    "raises StopIteration": raising(StopIteration),
    "raises what is no Exception": raising(OfNoKind),
    "would end the process": raising(SystemExit),
    "gives another format": lambda frame: (AudioFrame(data=frame.data, format=OTHER),),
}


def boxes() -> dict[str, Any]:
    """Everything that is wrong, each made anew."""
    made: dict[str, Any] = {name: Guilty(wrong) for name, wrong in WRONG.items()}
    made |= {
        f"{name}, at the end": Guilty(wrong, at_end=True)
        for name, wrong in WRONG.items()
    }
    made["leaves as nothing"] = GuiltyFormat(None)
    made["leaves as a text"] = GuiltyFormat("pcm16")
    made["leaves as it does not"] = GuiltyFormat(OTHER)
    return made


async def ran_with(box: Any) -> None:
    """Run a pipeline with this box in it."""
    source, probe = Source([AudioFrame(data=bytes(320), format=PCM)] * 3), Probe()
    source.output.format = PCM
    await run_within(5, Pipeline(source.output >> box >> probe.input))


def told(box: Any, backend: Backend) -> str:
    """What a run says with this box in it; empty when it says nothing."""
    try:
        anyio.run(ran_with, box, backend=backend)
    except BaseException as error:  # noqa: BLE001  # a process must not end of these
        return f"{error!r} {' '.join(getattr(error, '__notes__', ()))}"
    return ""


def is_fair(text: str) -> bool:
    """Whether the guilty box is named, and the others are not blamed."""
    lowered = text.lower()
    return "guilty" in lowered and not any(
        f"raised by the box '{innocent}" in lowered for innocent in ("source", "probe")
    )


def named() -> Figure:
    """How many of the wrong boxes are named on both loops."""
    unfair = [
        name
        for backend in BACKENDS
        for name, box in boxes().items()
        if not is_fair(told(box, backend))
    ]
    total = len(BACKENDS) * len(boxes())
    said = f"{total - len(unfair)} of {total} misdeeds are blamed rightly"
    if unfair:
        some = ", ".join([*dict.fromkeys(unfair)][:3])
        return Figure(f"{said}; not a box that {some} …", kept=False)
    graphs = holds_of(500, names_what_fails)
    return Figure(f"{said}, {graphs.said}", kept=graphs.kept)
