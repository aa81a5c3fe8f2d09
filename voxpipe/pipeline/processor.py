"""A box with a task of its own: for what has to wait."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn, Self

from .errors import WiringError
from .filters import name_of
from .frames import Fault
from .output import Output
from .ports import Input, Port
from .runtime import call_record

MAX_TOLD = 32  # kinds of faults that one box logs; all others are only counted


class Processor:
    """A box with ports and a life: `run`.

    Ports are declared at the top of the class. `run` is the whole life: what it needs
    is in its local variables, helpers go into a task group of its own, and when it
    returns its outputs end. What a processor needs from outside (sockets, sessions)
    is opened by the program and lent to it.

    Attributes:
        name: what diagrams, statistics and error notes call it.
        faults: what came in from outside that could not be used.
        fault_count: how many of those there were, since it was made.
        running: a pipeline runs with it.
    """

    faults = Output[Fault]()

    name: str
    fault_count: int
    running: bool
    __told: set[str]  # not to be met by a subclass's own

    def __new__(cls, *_arguments: Any, **_keywords: Any) -> Self:
        """Give it its own ports, so that no subclass has to call ``__init__``."""
        box = super().__new__(cls)
        box.name = name_of(cls)
        box.fault_count = 0
        box.running = False
        box.__told = set()
        for base in reversed(cls.__mro__):
            for name, port in vars(base).items():
                if isinstance(port, Port):
                    setattr(box, name, port.of(box))
        return box

    def __repr__(self) -> str:
        ports: list[Input[Any] | Output[Any]] = [*self.inputs(), *self.outputs()]
        about = [f"{each.name} {each.format}" for each in ports if each.format]
        if self.running:
            about.append("running")
        if self.fault_count:
            about.append(f"{self.fault_count} faults")
        told = f": {', '.join(about)}" if about else ""
        return f"<{type(self).__name__} {self.name}{told}>"

    if not TYPE_CHECKING:  # a checker refuses it by itself

        def __rshift__(self, _other: object) -> NoReturn:
            ways = [str(each) for each in self.outputs() if each is not self.faults]
            raise WiringError(
                f"a route begins at an output, not at the whole of {self.name}: "
                + (f"draw {' or '.join(ways)}" if ways else "it has none")
            )

    async def run(self) -> None:
        """Live: read from inputs, send to outputs, return when all is done."""
        raise NotImplementedError(
            f"{type(self).__name__} has no life: write `async def run(self)` in it, "
            "which reads from its inputs and sends to its outputs"
        )

    def check(self) -> Iterable[str]:
        """What is wrong with how this box is wired, in full sentences with the cure.

        Asked before anything runs, when ``port.fed`` and ``port.read`` are known.
        """
        return ()

    def report(self, message: str) -> None:
        """Count something unusable that came from outside, and tell who listens.

        If nobody reads `faults`, the first of each kind is logged as a warning.

        Args:
            message: what was expected and what came, without what people said.
        """
        self.fault_count += 1
        if self.faults.connected:
            self.faults.offer(Fault(source=self.name, message=message))
        if not (self.faults.connected and self.faults.read):
            self._log(message)

    def failure_counts(self) -> Mapping[str, int]:
        """How often what has failed since it was made, by kind.

        For the line of a call: ``failed_replies``, ``tool_errors``, ``faults``.
        """
        return {"faults": self.fault_count}

    def _log(self, message: str) -> None:
        kind = re.sub(r"\d+", "0", message)  # another number is no other kind
        if kind in self.__told or len(self.__told) >= MAX_TOLD:
            return
        self.__told.add(kind)
        import logging  # rarely needed: not worth its time at each import

        logging.getLogger(__name__).warning(
            "%s%s: %s (told once; %s.faults has all)",
            call_record.label(),
            self.name,
            message,
            self.name,
        )

    @property
    def works_as(self) -> str:
        """What is told to stand still when it blocks the event loop."""
        return self.name

    def ports(self) -> list[Port]:
        """All of its ports, in the order in which they were declared."""
        return [port for port in vars(self).values() if isinstance(port, Port)]

    def inputs(self) -> list[Input[Any]]:
        """Where frames enter it."""
        return [port for port in self.ports() if isinstance(port, Input)]

    def outputs(self) -> list[Output[Any]]:
        """Where frames leave it."""
        return [port for port in self.ports() if isinstance(port, Output)]
