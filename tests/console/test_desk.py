"""`voxpipe talk` at the desk, with devices that make no sound."""

from __future__ import annotations

import io
import os
import pty
import sys
from argparse import Namespace
from collections.abc import Generator
from contextlib import contextmanager

import anyio
import pytest
from anyio import create_task_group

from voxpipe.console import desk
from voxpipe.console.demo.plain import columns
from voxpipe.console.desk import Desk, device_list
from voxpipe.console.desk_record import DeskRecord
from voxpipe.console.desk_view import Above, DeskView, Status, status_line
from voxpipe.console.keys import follow, keys_at_once
from voxpipe.console.main import main
from voxpipe.pipeline import Pipeline, Transcript, Turn
from voxpipe.pipeline.testing import Source
from voxpipe.transports.desk import DeviceError
from voxpipe.transports.telephony import Call

from ..processors.realtime.loops import BACKENDS, Backend, run_virtually
from ..transports.desk.sound import DEVICES, FakeSound, going_on, hum
from ..transports.desk.test_loudspeaker import reply

# --- apps that `Desk` loads by their names


async def says_a_second(call: Call) -> None:
    """And hangs up."""
    source = Source(reply(Turn("r"), hum(1.0)))
    await Pipeline(source.output >> call.speaks).run()


async def says_five(call: Call) -> None:
    """And prints."""
    sys.stdout.write("hello\x1b[31m there\n")
    source = Source(reply(Turn("r"), hum(5.0)))
    await Pipeline(source.output >> call.speaks).run()


async def fails(call: Call) -> None:
    """As apps do."""
    raise ValueError("a mistake")


def arguments(app: str, **others: object) -> Namespace:
    given = {
        "app": f"{__name__}:{app}",
        "devices": False,
        "microphone": None,
        "loudspeaker": None,
        "headphones": False,
        "realtime_url": None,
        "simulator": False,
    }
    return Namespace(**(given | others))


@pytest.fixture(autouse=True)
def _found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])


class Terminal(io.StringIO):
    """Looks like one."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_app_is_talked_to_with_the_devices_that_were_chosen(
    backend: Backend,
) -> None:
    async def story() -> str:
        sound, out = FakeSound(), io.StringIO()
        talk = Desk(
            arguments("says_a_second", microphone="camera", loudspeaker="3"),
            out,
            sound,
        )
        async with going_on(sound):
            await talk.talk()
        assert sound.audible() == hum(1.0)
        assert sound.microphone is not None
        assert sound.microphone.device == DEVICES[2]
        assert sound.loudspeaker is not None
        assert sound.loudspeaker.device == DEVICES[3]
        (turn,) = talk.report().turns
        assert turn.agent_words_played is None
        return out.getvalue()

    told = run_virtually(backend, story)
    assert "microphone   'USB Camera' (2)\n" in told
    assert "shut while the agent speaks" in told
    assert "Ctrl-C ends\n" in told
    assert "Space" not in told  # there is no keyboard


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_terminal_shows_the_state_and_keys_mute_and_interrupt(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    keys = list[str]()

    async def pressed_by_somebody(_: int, press: object) -> None:
        assert callable(press)
        for key in (" ", "x", " ", "\n"):
            await anyio.sleep(0.5)
            keys.append(key)
            press(key)

    @contextmanager
    def there() -> Generator[int]:
        yield 0

    monkeypatch.setattr(desk, "follow", pressed_by_somebody)
    monkeypatch.setattr(desk, "keys_at_once", there)

    async def story() -> str:
        sound, out = FakeSound(), Terminal()
        talk = Desk(arguments("says_five"), out, sound)
        async with going_on(sound):
            await talk.talk()
        (turn,) = talk.report().turns
        assert turn.agent_words_played == "heard 2.0 of 5.0 s (measured)"
        return out.getvalue()

    told = run_virtually(backend, story)
    assert keys == [" ", "x", " ", "\n"]
    assert "Space mutes, Enter interrupts, Ctrl-C ends" in told
    moved = told.split("\r\x1b[K")
    states = [line.split()[0] for line in moved if line[:1].isalpha()]
    firsts = [each for at, each in enumerate(states) if [each] != states[at - 1 : at]]
    assert firsts[-3:] == ["speaking", "muted", "speaking"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_error_of_the_app_comes_out_as_it_is(backend: Backend) -> None:
    async def story() -> None:
        with pytest.raises(ValueError, match="a mistake"):
            await Desk(arguments("fails"), io.StringIO(), FakeSound()).talk()

    run_virtually(backend, story)


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_unplugged_device_comes_out_as_one_error(backend: Backend) -> None:
    async def story() -> None:
        sound = FakeSound()

        async def unplug() -> None:
            await anyio.sleep(1)
            assert sound.loudspeaker is not None
            sound.loudspeaker.gone()

        async with going_on(sound), create_task_group() as tasks:
            tasks.start_soon(unplug)
            with pytest.raises(DeviceError, match=r"loudspeaker .* has gone"):
                await Desk(arguments("says_five"), io.StringIO(), sound).talk()

    run_virtually(backend, story)


def test_without_a_key_the_assistant_says_what_to_give_it(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "")
    monkeypatch.setattr(desk, "PortAudio", FakeSound)
    assert main(["talk"]) == 1
    assert "give --simulator, which needs none" in capfd.readouterr().err


def test_the_devices_are_listed_with_those_that_are_taken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(desk, "PortAudio", FakeSound)
    assert main(["talk", "--devices"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("microphones:\n*   0  Built-in            Fake, 48000 Hz\n")
    assert "\nloudspeakers:\n*   0  Built-in" in told
    assert told.count("USB Camera") == 1


def test_a_machine_without_devices_says_so() -> None:
    assert device_list([]).startswith("microphones: none\nloudspeakers: none\n")


# --- what it looks like


@pytest.mark.parametrize("width", range(10, 140, 7))
@pytest.mark.parametrize("saying", ["", "words " * 40, "漢字" * 60])
def test_the_moving_line_fits_whatever_the_width(width: int, saying: str) -> None:
    out = io.StringIO()
    view = DeskView(out, width=lambda: width)
    if saying:
        view.saying("agent", saying)
    view.show(Status("speaking", -20.0, 0.0, 3725.0, 1.2345, 12))
    assert columns(out.getvalue().split("\r\x1b[K")[-1]) < width


def test_the_line_tells_both_levels_the_time_and_the_money() -> None:
    status = Status("listening", -30.0, -96.0, 65.2, 0.0123)
    assert status_line(status, 79) == (
        "listening    mic [===   ] out [      ]  1:05  $0.0123"
    )
    assert status_line(status, 119) == (
        "listening    mic [======      ] out [            ]  1:05  $0.0123"
    )
    assert status_line(status, 30) == "listening 1:05  $0.0123"


def test_what_is_printed_stands_above_in_whole_lines() -> None:
    lines = list[str]()
    above = Above(lines.append)
    print("one", file=above)
    print("two", end="", file=above)
    assert lines == ["one"]
    print(" and three\nfour", file=above)
    assert lines == ["one", "two and three", "four"]


def test_words_are_paired_with_the_replies_that_answer_them() -> None:
    record = DeskRecord()
    record.note(Transcript(speaker="user", text="half", final=False))
    record.note(Transcript(speaker="user", text="A question"))
    assert record.report(None).turns == ()


# --- the keyboard


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of Windows has none")
async def test_keys_come_one_by_one_and_the_terminal_is_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import termios

    theirs, ours = pty.openpty()
    pressed = list[str]()
    with os.fdopen(ours, "r") as terminal, os.fdopen(theirs, "wb", 0) as person:
        monkeypatch.setattr(sys, "stdin", terminal)
        before = termios.tcgetattr(ours)
        with keys_at_once() as descriptor:
            assert descriptor is not None
            assert descriptor == ours
            async with create_task_group() as tasks:
                tasks.start_soon(follow, descriptor, pressed.append)
                person.write("x é".encode())
                while len(pressed) < 3:
                    await anyio.lowlevel.checkpoint()
                tasks.cancel_scope.cancel()
        assert termios.tcgetattr(ours) == before
    assert pressed == ["x", " ", "é"]


def test_without_a_terminal_there_are_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with keys_at_once() as descriptor:
        assert descriptor is None
