"""Whatever comes over a carrier's wire: an event, or a documented error."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from voxpipe.pipeline import TransportError
from voxpipe.transports.telephony.testing import Words

from .table import WIRES

ODD: list[Any] = [
    None,
    True,
    -1,
    0,
    1e308,
    10**40,
    "",
    "x",
    "\ud800",
    [],
    {},
    [[]],
    "9" * 30,
]


def real(words: Words) -> list[str | bytes]:
    """A call, in short."""
    return [
        *words.opening({"name": "value"}),
        *(words.media("AAAA" * 40, chunk) for chunk in range(1, 6)),
        words.dtmf("5"),
        words.mark("3"),
        *words.cleared(),
        *words.stop(),
    ]


def mutated(message: str | bytes, dice: Random) -> str | bytes:
    """Something is changed: a byte, a field, or where it ends."""
    way = dice.randrange(5)
    data = bytearray(message.encode() if isinstance(message, str) else message)
    if way == 0 and data:
        data[dice.randrange(len(data))] = dice.randrange(256)
    elif way == 1:
        data = data[: dice.randrange(len(data) + 1)]
    elif way == 2:
        data *= 2
    elif way == 3 and isinstance(message, str):
        return json.dumps(_changed(json.loads(message), dice))
    if isinstance(message, str) and dice.random() < 0.9:
        return data.decode(errors="replace")
    return bytes(data)


def _changed(value: Any, dice: Random) -> Any:
    if not isinstance(value, dict) or not value or dice.random() < 0.2:
        return dice.choice(ODD)
    changed: dict[str, Any] = dict(value)  # pyright: ignore[reportUnknownArgumentType]  # JSON
    name = dice.choice(list(changed))
    if dice.random() < 0.2:
        del changed[name]
    else:
        changed[name] = _changed(changed[name], dice)
    return changed


def fuzz(name: str, count: int) -> tuple[int, int]:
    """How many were refused, and how many said something."""
    dice = Random(f"{name} {count}")
    refused = said = done = 0
    told = ""
    while done < count:
        words = WIRES[name]()
        codec = words.call.codec()
        for message in real(words):
            done += 1
            odd = mutated(message, dice) if dice.random() < 0.7 else message
            try:
                said += codec.parse(odd) is not None
            except TransportError as error:
                refused += 1
                told += str(error)
    assert "AAAA" not in told
    return refused, said


@pytest.mark.parametrize("name", WIRES)
def test_ten_thousand_messages_are_events_or_errors(name: str) -> None:
    refused, said = fuzz(name, 10_000)
    assert refused > 1_000
    assert said > 1_000


@pytest.mark.slow
@pytest.mark.parametrize("name", WIRES)
def test_a_hundred_thousand_messages_are_events_or_errors(name: str) -> None:
    refused, said = fuzz(name, 100_000)
    assert refused > 10_000
    assert said > 10_000
