"""`voxpipe talk` at the desk: microphone, loudspeaker, and a terminal between them."""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import sys
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager, nullcontext, redirect_stdout
from functools import partial
from typing import TextIO, cast

import anyio
from anyio import create_task_group, current_time, sleep

from voxpipe.pipeline.observer import observed
from voxpipe.transports.desk import DeskCall, Device, Driver, PortAudio
from voxpipe.transports.desk.devices import Kind, chosen
from voxpipe.transports.telephony import App

from .app import load_app
from .demo.plain import safe, wrapped
from .demo.progress import COLOURS, LineView
from .demo.report import Report, table
from .desk_onlooker import Onlooker
from .desk_record import DeskRecord
from .desk_view import LEGEND, Above, DeskView, Status
from .keys import follow, keys_at_once
from .model import model_of
from .process import log_to_console

SHOW_EVERY = 0.08  # seconds; an eye sees no more of a meter


class Desk:
    """One conversation at this machine.

    Args:
        arguments: of the command line.
        out: the terminal, or a file.
        driver: the system's sound.

    Attributes:
        record: what was said.
    """

    def __init__(
        self, arguments: argparse.Namespace, out: TextIO, driver: Driver | None = None
    ) -> None:
        self.record = DeskRecord()
        self._arguments = arguments
        self._driver = driver or PortAudio()
        self._out = out
        moves = out.isatty() and os.environ.get("TERM") != "dumb"
        colours = {} if os.environ.get("NO_COLOR") else COLOURS
        self.view = DeskView(out, colours=colours) if moves else LineView(out)
        self._onlooker = Onlooker(self.record, self.view)

    async def talk(self) -> None:
        """Hold it, until one side ends it.

        Raises:
            ConfigurationError: no model can be reached with what was given.
            DeviceError: a device is not there, or has gone.
            Exception: whatever the app raises.
        """
        arguments = self._arguments
        app = load_app(arguments.app)
        devices = await self._driver.devices()
        microphone = chosen(devices, "microphone", arguments.microphone)
        loudspeaker = chosen(devices, "loudspeaker", arguments.loudspeaker)
        model = model_of(arguments)
        async with model.simulator or nullcontext():
            call = DeskCall(
                microphone=microphone.number,
                loudspeaker=loudspeaker.number,
                headphones=arguments.headphones,
                driver=self._driver,
            )
            self.record.begin(call, simulated=arguments.simulator)
            with model.found() as line, keys_at_once() as keys:
                self._welcome(microphone, loudspeaker, line, has_keys=keys is not None)
                await self._hold(app, call, keys)

    def report(self) -> Report:
        """How it went."""
        return self.record.report(self._onlooker.cost_usd)

    async def _hold(self, app: App, call: DeskCall, keys: int | None) -> None:
        errors: list[Exception] = []
        async with create_task_group() as words, create_task_group() as tasks:
            words.start_soon(self._onlooker.run)
            if isinstance(self.view, DeskView):
                tasks.start_soon(self._show, self.view, call)
            if keys is not None:
                tasks.start_soon(follow, keys, partial(self._pressed, call))
            try:
                with observed(self._onlooker):
                    await app(call)
            except Exception as error:  # noqa: BLE001  # raised without a group around it
                errors.append(error)
            self._onlooker.close()
            tasks.cancel_scope.cancel()
        if errors:
            raise errors[0]

    def _pressed(self, call: DeskCall, key: str) -> None:
        if key == " ":
            if call.is_muted:
                call.unmute()
            else:
                call.mute()
        elif key in "\r\n":
            self._onlooker.interrupt()
            call.interrupt()

    async def _show(self, view: DeskView, call: DeskCall) -> None:
        began = current_time()
        while True:
            microphone, loudspeaker = call.levels
            sounds = call.is_sounding
            view.show(
                Status(
                    state=self._state(call),
                    microphone=microphone,
                    loudspeaker=loudspeaker if sounds else -96.0,
                    seconds=current_time() - began,
                    cost_usd=self._onlooker.cost_usd,
                    hiccups=call.hiccups,
                )
            )
            await sleep(SHOW_EVERY)

    def _state(self, call: DeskCall) -> str:
        if call.is_muted:
            return "muted"
        if call.is_sounding:
            return "speaking"
        does = self._onlooker.activity
        if does in ("hearing", "thinking"):
            return does
        return "listening" if call.running else "connecting"

    def _welcome(
        self, microphone: Device, loudspeaker: Device, model: str, *, has_keys: bool
    ) -> None:
        echo = (
            "the microphone is open while the agent speaks: wear the headphones"
            if self._arguments.headphones
            else "the microphone is shut while the agent speaks, or it would hear "
            "itself; with --headphones it is open, and you can interrupt by voice"
        )
        keys = "Space mutes, Enter interrupts, " if has_keys else ""
        width = max(shutil.get_terminal_size().columns, 40)
        told = {
            "microphone": str(microphone),
            "loudspeaker": str(loudspeaker),
            "model": model,
            "echo": echo,
            "keys": f"{keys}Ctrl-C ends",
        }
        for title, text in told.items():
            for line in wrapped(safe(text), width, f"{title:<13}", " " * 13):
                print(line, file=self._out)
        print(f"\n{LEGEND}\n", file=self._out, flush=True)


def run(arguments: argparse.Namespace, driver: Driver | None = None) -> int:
    """Talk until one side ends it, and tell how it went; returns the exit code."""
    if arguments.devices:
        devices = anyio.run((driver or PortAudio()).devices)
        print(device_list(devices))
        return 0
    with _terminal_alone() as out:
        desk = Desk(arguments, out, driver)
        above = cast("TextIO", Above(lambda line: desk.view.note(line)))
        log_to_console(logging.WARNING, above)
        try:
            with redirect_stdout(above):
                anyio.run(desk.talk)
        except KeyboardInterrupt:
            pass  # that is how it ends
        except BaseExceptionGroup as group:
            if group.subgroup(KeyboardInterrupt) is None:
                raise
        finally:
            desk.view.close()
            told = table(desk.report(), shutil.get_terminal_size().columns)
            if told:
                print(f"\n{told}", file=out, flush=True)
    return 0


def device_list(devices: Iterable[Device]) -> str:
    """All devices, for people."""
    there = list(devices)
    lines: list[str] = []
    kinds: Mapping[Kind, str] = {
        "microphone": "microphones",
        "loudspeaker": "loudspeakers",
    }
    for kind, title in kinds.items():
        fit = [each for each in there if each.is_a(kind)]
        lines.append(f"{title}:" if fit else f"{title}: none")
        name = max((len(each.name) for each in fit), default=0)
        for each in fit:
            mark = "*" if kind in each.default_for else " "
            lines.append(
                f"{mark} {each.number:3}  {safe(each.name):<{name}}  {each.system}, "
                f"{each.rate} Hz"
            )
    lines.append("* is taken where none is chosen; choose by number or part of a name")
    return "\n".join(lines)


@contextmanager
def _terminal_alone() -> Generator[TextIO]:
    """Keep the terminal for us: ALSA's and PortAudio's own lines go nowhere.

    They print dozens where nothing is wrong, and into the line that moves; what went
    wrong, we say. What Python prints as an error is printed all the same.
    """
    sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # there is none
        yield sys.stdout
        return
    before = sys.stderr
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    if before.fileno() == 2:
        sys.stderr = os.fdopen(os.dup(kept), "w", buffering=1, encoding=before.encoding)
    try:
        yield sys.stdout
    finally:
        if sys.stderr is not before:
            sys.stderr.close()
            sys.stderr = before
        os.dup2(kept, 2)
        os.close(kept)
