"""The sound devices of this machine: what they are called, and which is meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from voxpipe.pipeline import TransportError

Kind = Literal["microphone", "loudspeaker"]

_LIST = "`voxpipe talk --devices` lists what there is"


class DeviceError(TransportError):
    """A sound device that is not there, cannot be used, or has gone."""


@dataclass(frozen=True, slots=True)
class Device:
    """A sound device.

    Attributes:
        number: by which it can be chosen, until devices come or go.
        name: as the system has it.
        system: through which it is reached, such as ALSA or Core Audio.
        inputs: channels that it records; 0 for a loudspeaker.
        outputs: channels that it plays; 0 for a microphone.
        rate: samples per second that it has by itself.
        default_for: what it is used for where none is chosen.
    """

    number: int
    name: str
    system: str
    inputs: int
    outputs: int
    rate: int
    default_for: tuple[Kind, ...] = ()

    def is_a(self, kind: Kind) -> bool:
        """Whether it records, or plays."""
        return bool(self.inputs if kind == "microphone" else self.outputs)

    def __str__(self) -> str:
        return f"{self.name!r} ({self.number})"


def chosen(devices: Iterable[Device], kind: Kind, wish: int | str | None) -> Device:
    """The device that is meant.

    Args:
        devices: all that there are.
        kind: what it is needed for.
        wish: its number, or a part of its name in whatever case; ``None`` for the one
            that the system prefers.

    Raises:
        DeviceError: there is none, or more than one.
    """
    fit = [each for each in devices if each.is_a(kind)]
    if not fit:
        raise DeviceError(
            f"expected a {kind}, this machine has none that we can see; on Linux "
            "PulseAudio or PipeWire must run, or the user be in the group `audio`"
        )
    if wish is None:
        default = [each for each in fit if kind in each.default_for]
        return (default or fit)[0]
    if isinstance(wish, int) or wish.isdecimal():
        found = [each for each in fit if each.number == int(wish)]
    else:
        found = [each for each in fit if each.name == wish]
        low = wish.casefold()
        found = found or [each for each in fit if low in each.name.casefold()]
    return _only(found, fit, kind, wish)


def _only(
    found: Sequence[Device], fit: Sequence[Device], kind: Kind, wish: int | str
) -> Device:
    if len(found) == 1:
        return found[0]
    if not found:
        named = ", ".join(map(str, fit[:8]))
        raise DeviceError(
            f"there is no {kind} {wish!r}; there are {named}: take a number, or a "
            f"part of a name ({_LIST})"
        )
    named = ", ".join(map(str, found[:8]))
    raise DeviceError(
        f"more than one {kind} is called like {wish!r}: {named}; take the number"
    )
