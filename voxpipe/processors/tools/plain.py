"""Any value in the terms of JSON: what has a meaning there, at any depth.

By the time a result is read here its tool has done its work, and must not be told as
failed. So no part of a value fails the rest of it: NaN and Infinity, which JSON lacks,
become null, a picture is taken out to be shown, what has no meaning in JSON at all is
named by its type, and of keys that are one name there, as ``1`` and ``"1"``, the later
ones are numbered.
"""

from __future__ import annotations

import dataclasses
import json
import math
from base64 import b64encode
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence, ValuesView
from collections.abc import Set as AnySet
from enum import Enum
from fractions import Fraction
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
)
from pathlib import PurePath
from types import SimpleNamespace
from typing import Any, TypeVar, cast

from pydantic import BaseModel, SecretBytes, SecretStr
from pydantic_core import to_jsonable_python

from voxpipe.pipeline import Image
from voxpipe.pipeline.runtime.surrogates import replace_surrogates

T = TypeVar("T")

MAX_PICTURES = 8  # of one result; each is paid again with every later reply
_MAX_DEPTH = 64  # levels; readers of JSON give up at about 200
_MAX_BITS = 10_000  # of an integer; Python writes down 4,300 digits, which is more

_SAID_BY_STR = (
    Fraction,
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
    PurePath,
    SecretBytes,
    SecretStr,
)
_IN_ORDER = (Sequence, AnySet, ValuesView, deque, Iterator)


class Plain:
    """Reads one result.

    Args:
        limit: parts that are read, so that even what has no end has one; each takes a
            byte of output at least, so that more would not be told anyway.

    Attributes:
        pictures: those that are in it, in order.
        left_out: the types of what JSON has nothing for.
    """

    def __init__(self, limit: int) -> None:
        self.pictures: list[Image] = []
        self.left_out: list[str] = []
        self._left = limit
        self._within: set[int] = set()

    def of(self, value: object) -> Any:
        """``value`` in the terms of JSON."""
        if value is None or value is True or value is False:
            return value
        if id(value) in self._within or len(self._within) >= _MAX_DEPTH:
            return self._leave_out(value)
        self._within.add(id(value))
        try:
            return self._read(bare(value))
        except Exception:  # noqa: BLE001 - it may run any code of the user's
            return self._leave_out(value)
        finally:
            self._within.discard(id(value))

    def _read(self, value: Any) -> Any:
        match value:
            case Enum():
                return self.of(value.value)
            case str():
                return value
            case int() if value.bit_length() < _MAX_BITS:
                return value
            case int():
                return self._leave_out(value)
            case float():
                return value if math.isfinite(value) else None
            case Image():
                return self._picture(value)
            case BaseModel():
                return self._model(value)
            case Mapping():
                return self._mapping(cast("Mapping[object, object]", value))
            case SimpleNamespace():
                return self._mapping(vars(value))
            case BaseException():
                return f"{type(value).__name__}: {value}"
            case set() | frozenset():
                return self._list(_sorted(cast("set[Any]", value)))
            case _:
                return self._other(value)

    def _other(self, value: Any) -> Any:
        if isinstance(value, bytes | bytearray):
            return _text_of(bytes(value))
        if isinstance(value, memoryview):
            return _text_of(value.tobytes())
        if isinstance(value, _SAID_BY_STR):
            return str(value)
        if isinstance(value, _IN_ORDER):
            return self._list(cast("Iterable[object]", value))
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            names = [each.name for each in dataclasses.fields(value)]
            return self._mapping({name: getattr(value, name) for name in names})
        if callable(getattr(value, "tolist", None)):  # numpy's, and its likes'
            return self.of(_as_list(value))
        # Dates, decimals, patterns, URLs, UUIDs: as pydantic writes them.
        return to_jsonable_python(value)

    def _list(self, values: Iterable[object]) -> list[Any]:
        return [self.of(each) for each in self._some(values)]

    def _mapping(self, values: Mapping[Any, object]) -> dict[str, Any]:
        told: dict[str, Any] = {}
        same = Counter[str]()
        for key, each in self._some(values.items()):
            name = first = replace_surrogates(self._key(key))
            while name in told:  # 1 and "1" are one name in JSON, and two to Python
                same[first] += 1
                name = f"{first} ({same[first] + 1})"
            told[name] = self.of(each)
        return told

    def _key(self, key: object) -> str:
        plain = self.of(key)
        if isinstance(plain, str):
            return plain
        return json.dumps(plain, ensure_ascii=False)

    def _model(self, model: BaseModel) -> Any:
        # Pydantic would take the pictures for dataclasses.
        shown = {name: each for name, each in model if isinstance(each, Image)}
        try:
            dumped: Any = model.model_dump(
                mode="json", exclude=set(shown), fallback=self.of, warnings=False
            )
        except Exception:  # noqa: BLE001 - so each field is read for itself
            dumped = dict(model)
        return self.of(dumped | shown if shown else dumped)

    def _picture(self, picture: Image) -> str:
        if len(self.pictures) >= MAX_PICTURES:
            return f"[not shown: only {MAX_PICTURES} pictures are]"
        self.pictures.append(picture)
        return f"[picture {len(self.pictures)}, shown in a message after this]"

    def _leave_out(self, value: object) -> str:
        kind = type(value).__name__
        if kind not in self.left_out:
            self.left_out.append(kind)
        return left_out(value)

    def _some(self, values: Iterable[T]) -> Iterator[T]:
        for each in values:
            if self._left <= 0:
                return
            self._left -= 1
            yield each


def bare(value: object) -> object:
    """The text or the number that a proxy stands for, as wrapt and werkzeug have them.

    What passes for one by its ``__class__`` only, is none to `json`.
    """
    made: type[object] = type(value)
    for kind in (bool, str, int, float):
        if isinstance(value, kind) and not issubclass(made, kind):
            return kind(value)
    return value


def left_out(value: object) -> str:
    """What is told in place of a value that JSON has nothing for."""
    return f"[left out: a value of type {type(value).__name__}]"


def _text_of(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return b64encode(data).decode()


def _sorted(values: AnySet[Any]) -> list[Any]:
    # Sets of texts are in another order in every process; a recording has one.
    try:
        return sorted(values)
    except TypeError:
        return sorted(values, key=repr)


def _as_list(value: Any) -> Any:
    if getattr(getattr(value, "dtype", None), "kind", None) == "M":
        value = value.astype(str)  # or times in nanoseconds would be numbers
    return value.tolist()
