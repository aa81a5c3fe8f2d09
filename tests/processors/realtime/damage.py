"""One event of the service is damaged on its way, in any way one can think of."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from copy import deepcopy
from typing import Any, cast

from pydantic import BaseModel

from voxpipe.processors.realtime import Connect, Connection
from voxpipe.processors.realtime.connect import Address
from voxpipe.processors.realtime.events import SERVER_EVENTS

Json = dict[str, Any]
Path = tuple[str | int, ...]
Damage = Callable[[Json], tuple[str, ...]]
"""What comes in place of an event."""

NAMES = ("id", "item_id", "response_id", "call_id", "approval_request_id")
WORDS = ("text", "transcript", "delta", "output", "message")
HALF = "even\ud83ding"


class Damaged:
    """A connection on which one event is damaged.

    Args:
        connection: to the service.
        at: its type, of which it is the first; or how many of any type come before.
        damage: what becomes of it.

    Attributes:
        armed: from now on.
        struck: what was damaged, as it was before.
        told: all events since then, as they were before.
    """

    def __init__(self, connection: Connection, at: str | int, damage: Damage) -> None:
        self._connection = connection
        self._at = at
        self._damage = damage
        self._next: deque[str] = deque()
        self.armed = False
        self.struck: Json | None = None
        self.told: list[Json] = []

    @property
    def seen(self) -> dict[str, Json]:
        """The first event of each type."""
        return {event["type"]: event for event in reversed(self.told)}

    async def send(self, message: str, /) -> None:
        """As it is."""
        json.dumps(json.loads(message), ensure_ascii=False).encode()  # no half of ours
        await self._connection.send(message)

    async def receive(self) -> str:
        """As it is, but for one."""
        while not self._next:
            message = await self._connection.receive()
            if not self.armed:
                return message
            event = json.loads(message)
            self.told.append(event)
            if self.struck is None and self._at in (event["type"], len(self.told) - 1):
                self.struck = event
                self._next.extend(self._damage(event))
            else:
                self._next.append(message)
        return self._next.popleft()


class Damaging:
    """Connects by another, and damages one event.

    Attributes:
        connection: once there is one.
    """

    def __init__(self, connect: Connect, at: str | int, damage: Damage) -> None:
        self._connect = connect
        self._at = at
        self._damage = damage
        self.connection: Damaged

    @asynccontextmanager
    async def __call__(self, address: Address) -> AsyncGenerator[Connection]:
        """Connect."""
        async with self._connect(address) as connection:
            self.connection = Damaged(connection, self._at, self._damage)
            yield self.connection


def dropped(event: Json) -> tuple[str, ...]:
    """It never comes."""
    return ()


def twice(event: Json) -> tuple[str, ...]:
    """It comes again, under the same name."""
    return (json.dumps(event),) * 2


def again(event: Json) -> tuple[str, ...]:
    """It comes again, under another name."""
    return json.dumps(event), json.dumps(event | {"event_id": "event_again"})


def cut(event: Json) -> tuple[str, ...]:
    """Half of it comes."""
    text = json.dumps(event)
    return (text[: len(text) // 2],)


def halved(event: Json) -> tuple[str, ...]:
    """A character was cut in two wherever there are words."""
    return (json.dumps(_halved(event) | {"note": HALF}),)


def _halved(value: Any) -> Any:
    if isinstance(value, dict):
        fields = cast("Json", value)
        return {
            name: HALF + inner
            if name in WORDS and isinstance(inner, str)
            else _halved(inner)
            for name, inner in fields.items()
        }
    if isinstance(value, list):
        return list(map(_halved, cast("list[object]", value)))
    return value


def nameless(event: Json) -> tuple[str, ...]:
    """It says nothing of what it is about."""
    return (json.dumps(_nameless(event)),)


def _nameless(value: Any) -> Any:
    if isinstance(value, dict):
        fields = cast("Json", value)
        return {n: _nameless(inner) for n, inner in fields.items() if n not in NAMES}
    if isinstance(value, list):
        return list(map(_nameless, cast("list[object]", value)))
    return value


WHOLE: dict[str, Damage] = {
    "dropped": dropped,
    "cut": cut,
    "halved": halved,
    "nameless": nameless,
    "twice": twice,
    "again": again,
}


def fields_of(event: Json) -> Iterator[Path]:
    """Every field of an event that is read, as far as it was told."""
    model = SERVER_EVENTS.get(event["type"])
    if model is None:  # audio
        yield from ((name,) for name in event)
    else:
        yield from _fields(event, model.model_validate(event), ())


def _fields(told: Any, read: Any, path: Path) -> Iterator[Path]:
    if isinstance(read, BaseModel):
        for name in type(read).model_fields:
            if name in told:
                yield (*path, name)
                yield from _fields(told[name], getattr(read, name), (*path, name))
    elif isinstance(read, list | tuple):
        for at, inner in enumerate(cast("list[Any]", read)):
            yield from _fields(told[at], inner, (*path, at))


def wrong(path: Path) -> Damage:
    """One field is of another type."""

    def damage(event: Json) -> tuple[str, ...]:
        changed: Any = deepcopy(event)
        *inner, last = path
        place = changed
        for name in inner:
            place = place[name]
        place[last] = 7 if isinstance(place[last], str) else "seven"
        return (json.dumps(changed),)

    return damage
