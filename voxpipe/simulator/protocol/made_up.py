"""Values that a JSON schema describes: made up where no script has any."""

from __future__ import annotations

from typing import Any

from .json_types import is_array, is_object

_DEPTH = 8  # of a value
_MOST = 1000  # parts of a value; references can ask for any number
_PLAIN: dict[str, Any] = {
    "string": "example",
    "boolean": True,
    "null": None,
}


def made_up(schema: Any) -> Any:
    """A value that a simple schema describes: its required fields, no more."""
    return _Maker(schema).value(schema, _DEPTH)


class _Maker:
    def __init__(self, root: Any) -> None:
        self._root = root
        self._left = _MOST

    def value(self, schema: Any, depth: int) -> Any:
        if not is_object(schema) or not depth or not self._left:
            return {}
        self._left -= 1
        if "$ref" in schema:
            return self.value(self._referred(schema["$ref"]), depth - 1)
        for name in ("anyOf", "oneOf", "allOf"):
            choices = schema.get(name)
            if is_array(choices) and choices:
                return self.value(choices[0], depth - 1)
        if "const" in schema:
            return schema["const"]
        choices = schema.get("enum")
        if is_array(choices) and choices:
            return choices[0]
        if "default" in schema:
            return schema["default"]
        kind = schema.get("type")
        if is_array(kind):  # such as ["string", "null"]
            kind = kind[0] if kind else None
        if isinstance(kind, str) and kind in _PLAIN:
            return _PLAIN[kind]
        if kind in ("integer", "number"):
            return _number(schema, kind)
        if kind == "array":
            return self._array(schema, depth)
        return self._object(schema, depth)

    def _array(self, schema: dict[str, Any], depth: int) -> list[Any]:
        least = schema.get("minItems")
        count = least if type(least) is int and least > 0 else 0
        many = range(min(count, self._left))
        return [self.value(schema.get("items"), depth - 1) for _ in many]

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        properties, required = schema.get("properties"), schema.get("required")
        if not is_object(properties) or not is_array(required):
            return {}
        names = [name for name in required if isinstance(name, str)]
        return {
            name: self.value(properties.get(name), depth - 1)
            for name in names[: self._left]
        }

    def _referred(self, reference: Any) -> Any:
        """What stands at ``#/$defs/Name``, as Pydantic and zod write it."""
        if not isinstance(reference, str) or not reference.startswith("#"):
            return None
        found = self._root
        for step in filter(None, reference[1:].split("/")):
            found = found.get(step) if is_object(found) else None
        return found


def _number(schema: dict[str, Any], kind: str) -> int | float:
    bounds = (schema.get("minimum", 1), schema.get("maximum", 1))
    low, high = (each if type(each) in (int, float) else 1 for each in bounds)
    value = min(max(1, low), max(high, low))
    return int(value) if kind == "integer" else float(value)
