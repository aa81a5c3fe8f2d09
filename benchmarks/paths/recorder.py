"""Writes down the calls in voxpipe's own code, and counts them."""

from __future__ import annotations

import sys
from asyncio import Task, current_task
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from inspect import CO_OPTIMIZED
from itertools import takewhile
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

import voxpipe

OWN = Path(voxpipe.__file__).parent
# They stand in for what is at the other end.
LEFT_OUT = ("simulator/", "transports/telephony/testing/", "pipeline/testing/")
_COMPREHENSIONS = {"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"}


class Figures(NamedTuple):
    """What a trace comes to; see the package."""

    calls: int
    files: int
    moves: int
    returns: int
    tasks: int


@dataclass(frozen=True, slots=True)
class Step:
    """One call.

    Attributes:
        file: below ``voxpipe/``.
        name: of the function, with its class.
        depth: how many calls of our own are above it.
        task: the number of the one that runs, from 1; 0 outside of all.
    """

    file: str
    name: str
    depth: int
    task: int


@dataclass(slots=True)
class Trace:
    """A path, as it was gone.

    Attributes:
        steps: in order.
        tasks: the names of those in it; number 1 is the first.
    """

    steps: list[Step] = field(default_factory=list[Step])
    tasks: list[str] = field(default_factory=list[str])

    def figures(self) -> Figures:
        """Count."""
        files: set[str] = set()
        moves = returns = 0
        here = ""
        for step in self.steps:
            if step.file == here:
                continue
            moves += here != ""
            returns += step.file in files
            here = step.file
            files.add(here)
        woken = {step.task for step in self.steps} - {0}
        return Figures(len(self.steps), len(files), moves, returns, len(woken))

    def before_task(self, number: int) -> Trace:
        """What came before this task was first woken; all of it if it never was."""
        steps = takewhile(lambda step: step.task != number or not number, self.steps)
        return Trace(list(steps), self.tasks)

    def lines(self) -> Iterator[str]:
        """To read along: a call a line, below the one that it is made by."""
        task = -1
        for step in self.steps:
            if step.task != task:
                task = step.task
                yield f"-- {self.tasks[task - 1] if task else 'the event loop'}"
            yield f"{'  ' * step.depth}  {step.file}: {step.name}"

    def as_json(self) -> dict[str, Any]:
        """To hand it to another process."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Trace:
        """What another process has handed over."""
        return cls([Step(**each) for each in told["steps"]], told["tasks"])


class Recorder:
    """Records the thread in which `begin` and `end` are called.

    Attributes:
        trace: since the last `begin`.
    """

    def __init__(self) -> None:
        self.trace = Trace()
        self._numbers: dict[Task[Any], int] = {}  # which keeps them: ids come again
        self._files: dict[str, str] = {}

    def begin(self) -> None:
        """From here on."""
        self.trace = Trace()
        self._numbers.clear()
        sys.setprofile(self._saw)

    def end(self) -> int:
        """Up to here; returns the number of the task that runs."""
        sys.setprofile(None)
        return self._task()

    def _saw(self, frame: FrameType, event: str, _: object) -> None:
        if event != "call" or not (file := self._file(frame.f_code)):
            return
        depth, above = 0, frame.f_back
        while above is not None:
            depth += self._file(above.f_code) != ""
            above = above.f_back
        name = frame.f_code.co_qualname
        self.trace.steps.append(Step(file, name, depth, self._task()))

    def _task(self) -> int:
        try:
            task = current_task()
        except RuntimeError:  # no event loop yet
            task = None
        if task is None:
            return 0
        if task not in self._numbers:
            self.trace.tasks.append(task.get_name())
            self._numbers[task] = len(self.trace.tasks)
        return self._numbers[task]

    def _file(self, code: CodeType) -> str:
        """Where it is; nothing if it does not count."""
        # Bodies of modules and of classes are not "optimized".
        if not code.co_flags & CO_OPTIMIZED or code.co_name in _COMPREHENSIONS:
            return ""
        # By its name: to Python, code that stands in two files alike is equal.
        name = code.co_filename
        if name not in self._files:
            self._files[name] = _own(Path(name))
        return self._files[name]


def _own(path: Path) -> str:
    if not path.is_relative_to(OWN):
        return ""
    file = path.relative_to(OWN).as_posix()
    return "" if file.startswith(LEFT_OUT) else file
