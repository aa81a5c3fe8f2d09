"""Messages that are nearly right: what a broken or hostile peer would send."""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import deepcopy
from random import Random
from typing import Any

from voxpipe.simulator.protocol.json_types import is_array, is_object

Json = dict[str, Any]

ID = "@id"  # stands for an id that the other side has named lately
RUBBISH: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 10**40, -0.5, 1e300, "", " ", "x", ID, "auto",
    "none", "\x00", "\ud800", "é" * 50, "A" * 2_000, [], {}, [[]], [{}], {"type": None},
    [None] * 5, {"type": "message"}, "AAAA", "=", "inf",
)  # fmt: skip


class Mutator:
    """Makes messages from good ones: most of them broken in one to three places.

    Args:
        seeds: good messages, as objects; strings in them may be `ID`.
        random: decides everything, so that a run can be repeated.
    """

    def __init__(self, seeds: Sequence[Json], random: Random) -> None:
        self._seeds = seeds
        self._random = random
        self._keys = sorted({key for seed in seeds for key in _keys(seed)})
        self._types = sorted({seed["type"] for seed in seeds})

    def message(self) -> str:
        """One more message, not always JSON."""
        random = self._random
        event = deepcopy(random.choice(self._seeds))
        for _ in range(random.choice((0, 0, 1, 1, 1, 2, 3))):
            self._break(event)
        text = json.dumps(event)
        if random.random() < 0.03:
            text = self._tear(text)
        return text

    def _break(self, event: Json) -> None:
        random = self._random
        place: Any = event
        while inner := [each for each in _values(place) if _holds_more(each)]:
            if random.random() < 0.4:
                break
            place = random.choice(inner)
        if is_array(place):
            place.insert(random.randint(0, len(place)), self._rubbish())
            return
        key = random.choice(list(place) or self._keys)
        match random.randint(0, 5):
            case 0:
                place.pop(key, None)
            case 1:
                place[random.choice(self._keys)] = place.pop(key, None)
            case 2:
                place[key] = dict(place)
            case 3:
                event["type"] = random.choice(self._types)
            case 4:
                place[random.choice(self._keys)] = self._rubbish()
            case _:
                place[key] = self._rubbish()

    def _rubbish(self) -> Any:
        return deepcopy(self._random.choice(RUBBISH))

    def _tear(self, text: str) -> str:
        cut = self._random.randint(0, len(text))
        ends = ("", "}", "]" * 9, "[" * 50_000, "NaN", "\x00", "1" * 5_000)
        return text[:cut] + self._random.choice(ends)


def _holds_more(value: Any) -> bool:
    return isinstance(value, dict | list)


def _values(place: Any) -> list[Any]:
    return list(place.values() if is_object(place) else place)


def _keys(place: Any) -> set[str]:
    if is_array(place):
        return {key for each in place for key in _keys(each)}
    if not is_object(place):
        return set()
    return set(place).union(*(_keys(each) for each in place.values()))
