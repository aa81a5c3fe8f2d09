"""A JSON schema that somebody else has written, in the shape that the service takes.

It refuses a whole session for one schema that is no object at the top, that offers a
choice there (``oneOf`` …), or has an array without ``items``. So references are put in
place, choices between objects become one object with the properties of all, and what
is missing is added. What cannot be said so, as a default of Infinity, which JSON lacks,
is said looser: whoever wrote the schema checks the arguments again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast
from urllib.parse import unquote

from .errors import ToolError
from .json_values import has_json

Schema = dict[str, Any]

MAX_PARTS = 5_000  # schemas within one; written out, references can have many more
_MAX_DEPTH = 32  # levels

_OF_ONE = {
    "contains",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
}
_OF_MANY = {"allOf", "anyOf", "oneOf", "prefixItems"}
_OF_NAMES = {"dependentSchemas", "patternProperties", "properties"}
_NOT_NEEDED = {
    "$anchor",
    "$comment",
    "$defs",
    "$dynamicAnchor",
    "$id",
    "$schema",
    "definitions",
    "id",
}
_NOT_AT_THE_TOP = ("const", "else", "enum", "if", "not", "then")


def normalised(schema: object) -> tuple[Schema, tuple[str, ...]]:
    """The schema as the service takes it, and what of it could not be understood.

    Raises:
        ToolError: nothing that takes an object, or far too much.
    """
    reader = _Reader(schema)
    return reader.top(), tuple(reader.oddities)


def items_of(members: Sequence[Schema]) -> Schema:
    """What any member of an array is, of which each place has a schema of its own."""
    distinct: list[Schema] = []
    for each in members:
        if each not in distinct:
            distinct.append(each)
    if not distinct:
        return {}
    return distinct[0] if len(distinct) == 1 else {"anyOf": distinct}


class _Reader:
    def __init__(self, root: object) -> None:
        self._root = root
        self._left = MAX_PARTS
        self.oddities: dict[str, None] = {}

    def top(self) -> Schema:
        schema = self._flat(self._read(self._root, ()))
        if schema is None:
            raise ToolError("it takes no object, and a model gives objects only")
        for each in _NOT_AT_THE_TOP:
            schema.pop(each, None)
        properties = schema.setdefault("properties", {})
        for name in schema.get("required", ()):
            properties.setdefault(name, {})
        return {"type": "object", **schema}

    # --- one schema and those within it

    def _read(self, node: object, within: tuple[str, ...]) -> Schema:
        self._left -= 1
        if self._left < 0 or len(within) > _MAX_DEPTH:
            raise ToolError(
                f"its schema has more than {MAX_PARTS} parts or {_MAX_DEPTH} levels"
            )
        if node is None or node is True:
            return {}
        if node is False:
            return {"not": {}}
        if not isinstance(node, Mapping):
            self._odd("something that is no schema")
            return {}
        named = {str(k): v for k, v in cast("Mapping[object, Any]", node).items()}
        reference = named.pop("$ref", None)
        read: Schema = {}
        for key, value in named.items():
            self._keyword(read, key, value, within)
        if reference is not None:
            read = self._referred(reference, within) | read
        kinds = read.get("type")
        is_array = kinds == "array" or (isinstance(kinds, list) and "array" in kinds)
        if is_array or "prefixItems" in read:
            read.setdefault("items", items_of(read.get("prefixItems", [])))
        return read

    def _referred(self, reference: object, within: tuple[str, ...]) -> Schema:
        if reference in within:
            return {}  # it refers to itself: anything, from here on
        target = _resolved(self._root, reference)
        if target is None:
            self._odd("a $ref to what is not in it")
        return self._read(target, (*within, str(reference)))

    def _keyword(
        self, read: Schema, key: str, value: Any, within: tuple[str, ...]
    ) -> None:
        inner = (*within, "")
        if key in _NOT_NEEDED or (value is None and key != "default"):
            return
        if key == "items" and isinstance(value, list):  # as before 2020
            members = cast("list[object]", value)
            read[key] = items_of([self._read(each, inner) for each in members])
        elif key in _OF_ONE:
            read[key] = self._read(value, inner)
        elif key == "additionalProperties":
            is_plain = isinstance(value, bool)
            read[key] = value if is_plain else self._read(value, inner)
        elif key in _OF_MANY and isinstance(value, list):
            choices = cast("list[object]", value)
            if choices:
                read[key] = [self._read(each, inner) for each in choices]
        elif key in _OF_NAMES and isinstance(value, Mapping):
            pairs = cast("Mapping[Any, object]", value).items()
            read[key] = {str(name): self._read(each, inner) for name, each in pairs}
        elif key == "required":
            if isinstance(value, list):
                names = cast("list[object]", value)
                read[key] = [each for each in names if isinstance(each, str)]
        elif not _is_well_formed(key, value) or not has_json(value):
            self._odd(f"an odd {key}")
        else:
            read[key] = value

    # --- choices at the top

    def _flat(self, schema: Schema) -> Schema | None:
        """One object in place of all that may be chosen; ``None``: no object may."""
        kinds: object = schema.get("type", "object")
        if "object" not in (kinds if isinstance(kinds, list) else [kinds]):
            return None
        flat: Schema = schema | {"type": "object"}
        for key in ("allOf", "anyOf", "oneOf"):
            if key not in flat:
                continue
            choices = cast("list[Schema]", flat.pop(key))
            objects = [each for each in map(self._flat, choices) if each is not None]
            if not objects:
                return None
            _join(flat, objects, all_of=key == "allOf")
        return flat

    def _odd(self, what: str) -> None:
        self.oddities[what] = None


def _join(flat: Schema, objects: Sequence[Schema], *, all_of: bool) -> None:
    properties: dict[str, list[Schema]] = {}
    for each in (flat, *objects):
        for name, schema in each.get("properties", {}).items():
            said = properties.setdefault(name, [])
            if schema not in said:
                said.append(schema)
    together = "allOf" if all_of else "anyOf"
    flat["properties"] = {
        name: said[0] if len(said) == 1 else {together: said}
        for name, said in properties.items()
    }
    required = [dict.fromkeys(each.get("required", ())) for each in objects]
    common = _union(required) if all_of else _common(required)
    needed = dict.fromkeys(flat.get("required", ())) | common
    if needed:
        flat["required"] = list(needed)
    closed = [each.get("additionalProperties") is False for each in objects]
    if all(closed) and not all_of:
        flat.setdefault("additionalProperties", False)
    if "description" not in flat and len(objects) == 1:
        flat.update({k: v for k, v in objects[0].items() if k == "description"})


def _union(names: Iterable[Mapping[str, None]]) -> dict[str, None]:
    return {name: None for each in names for name in each}


def _common(names: Sequence[Mapping[str, None]]) -> dict[str, None]:
    first, *others = names
    return {name: None for name in first if all(name in each for each in others)}


def _resolved(root: object, reference: object) -> object:
    """What a ``$ref`` points to within its schema; ``None`` if to nothing."""
    steps = reference.split("/") if isinstance(reference, str) else []
    if not steps or steps[0] != "#":
        return None
    target = root
    for step in steps[1:]:
        name = unquote(step).replace("~1", "/").replace("~0", "~")  # RFC 6901, 6
        if isinstance(target, Mapping):
            target = cast("Mapping[str, object]", target).get(name)
        elif isinstance(target, list) and name.isdecimal():
            members = cast("list[object]", target)
            target = members[int(name)] if int(name) < len(members) else None
        else:
            return None
    return target


def _is_well_formed(key: str, value: object) -> bool:
    if key == "type":
        kinds = cast("list[object]", value) if isinstance(value, list) else [value]
        return bool(kinds) and all(isinstance(each, str) for each in kinds)
    if key in ("title", "description", "format", "pattern"):
        return isinstance(value, str)
    if key in ("enum", "examples"):
        return isinstance(value, list)
    return key not in _OF_MANY | _OF_NAMES
