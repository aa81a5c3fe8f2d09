"""Schemas that others have written, in the shape that the service takes."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic_core import from_json

from voxpipe.processors.tools import ToolError
from voxpipe.processors.tools.foreign_schema import MAX_PARTS, normalised

Schema = dict[str, Any]
TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
A = {"type": "object", "properties": {"a": TEXT, "k": {"const": 1}}, "required": ["a"]}
B = {"properties": {"b": NUMBER, "k": {"const": 2}}, "required": ["b", "a"]}


def nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


def obj(**properties: object) -> Schema:
    return {"type": "object", "properties": properties}


KNOWN: list[tuple[object, Schema]] = [
    (None, obj()),
    ({}, obj()),
    (True, obj()),
    ({"type": "object"}, obj()),
    ({"type": ["object", "null"]}, obj()),
    ({"type": "object", "properties": None, "required": None}, obj()),
    ({"type": "object", "required": "all", "$schema": "x"}, obj()),
    (obj(a=None, b=True, c={}), obj(a={}, b={}, c={})),
    (
        {**obj(a=TEXT), "required": ["b", 3]},
        {**obj(a=TEXT, b={}), "required": ["b"]},
    ),
    (obj(a={"type": "array"}), obj(a={"type": "array", "items": {}})),
    (
        obj(a={"type": ["array", "null"], "items": None}),
        obj(a={"type": ["array", "null"], "items": {}}),
    ),
    (
        obj(a={"type": "array", "items": [TEXT, NUMBER, TEXT]}),
        obj(a={"type": "array", "items": {"anyOf": [TEXT, NUMBER]}}),
    ),
    (
        obj(a={"prefixItems": [TEXT, TEXT]}),
        obj(a={"prefixItems": [TEXT, TEXT], "items": TEXT}),
    ),
    (
        {
            "$ref": "#/$defs/A",
            "$defs": {"A": obj(b={"$ref": "#/$defs/B"}), "B": TEXT},
        },
        obj(b=TEXT),
    ),
    (
        {
            **obj(a={"$ref": "#/definitions/x~1y", "description": "d"}),
            "definitions": {"x/y": TEXT},
        },
        obj(a={**TEXT, "description": "d"}),
    ),
    (
        {
            **obj(a={"$ref": "#/$defs/Foo%3Cstring%3E"}),
            "$defs": {"Foo<string>": TEXT},
        },
        obj(a=TEXT),
    ),
    (obj(a=TEXT, b={"$ref": "#/properties/a"}), obj(a=TEXT, b=TEXT)),
    (
        obj(a={"anyOf": [TEXT, NUMBER]}, b={"$ref": "#/properties/a/anyOf/1"}),
        obj(a={"anyOf": [TEXT, NUMBER]}, b=NUMBER),
    ),
    (
        {"oneOf": [A, B, {"type": "null"}]},
        {
            "type": "object",
            "properties": {
                "a": TEXT,
                "k": {"anyOf": [{"const": 1}, {"const": 2}]},
                "b": NUMBER,
            },
            "required": ["a"],
        },
    ),
    (
        {
            "description": "d",
            "allOf": [{"$ref": "#/$defs/A"}, {"anyOf": [obj(c=TEXT)]}],
            "$defs": {"A": obj(a=TEXT) | {"required": ["a"]}},
        },
        {"description": "d", **obj(a=TEXT, c=TEXT), "required": ["a"]},
    ),
    (
        {
            **obj(a=TEXT, b=TEXT),
            "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
        },
        obj(a=TEXT, b=TEXT),
    ),
    (
        {**obj(a=TEXT), "not": {"required": ["a"]}, "if": {}, "enum": [{}]},
        obj(a=TEXT),
    ),
    (
        obj(a={"enum": ["x"], "default": None}),
        obj(a={"enum": ["x"], "default": None}),
    ),
    (
        {"properties": {"id": TEXT, "definitions": TEXT}},
        obj(id=TEXT, definitions=TEXT),
    ),
]


@pytest.mark.parametrize(("foreign", "told"), KNOWN)
def test_it_becomes_what_the_service_takes(foreign: object, told: Schema) -> None:
    before = json.dumps(foreign)
    schema, oddities = normalised(foreign)
    assert schema == told
    assert not oddities
    assert json.dumps(foreign) == before
    assert normalised(schema) == (schema, ())


def test_what_refers_to_itself_ends() -> None:
    node = {
        **obj(name=TEXT, children={"items": {"$ref": "#/$defs/N"}, "type": "array"})
    }
    schema, oddities = normalised(
        {**obj(root={"$ref": "#/$defs/N"}), "$defs": {"N": node}}
    )
    root = schema["properties"]["root"]["properties"]
    assert root == {"name": TEXT, "children": {"type": "array", "items": {}}}
    assert not oddities
    assert normalised({"$ref": "#"})[0]["type"] == "object"


@pytest.mark.parametrize(
    ("odd", "what"),
    [
        ({"$ref": "https://example.com/x.json"}, "a $ref to what is not in it"),
        ({"$ref": "#/$defs/gone"}, "a $ref to what is not in it"),
        (7, "something that is no schema"),
        ({"type": 7}, "an odd type"),
        ({"description": ["x"]}, "an odd description"),
        ({"anyOf": {}}, "an odd anyOf"),
        ({"default": math.nan}, "an odd default"),
        ({"enum": [1, math.inf]}, "an odd enum"),
        ({"const": {"x": [-math.inf]}}, "an odd const"),
        ({"maximum": math.inf}, "an odd maximum"),
        ({"examples": [nested(70)]}, "an odd examples"),
        ({"x-note": nested(5_000)}, "an odd x-note"),
        ({"default": object()}, "an odd default"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_cannot_be_understood_is_looser_and_told(odd: object, what: str) -> None:
    schema, oddities = normalised(obj(a=odd, b=TEXT))
    assert schema["properties"] == {"a": {}, "b": TEXT}
    assert len(oddities) == 1
    assert oddities[0].startswith(what)


def wide() -> Schema:
    names = [chr(97 + n) for n in range(20)]
    defs: Schema = {
        name: obj(x={"$ref": f"#/$defs/{after}"}, y={"$ref": f"#/$defs/{after}"})
        for name, after in pairwise(names)
    }
    return {"$ref": "#/$defs/a", "$defs": defs | {"t": TEXT}}  # 2 ** 19 parts


def deep() -> Schema:
    schema: Schema = obj()
    for _ in range(100):
        schema = obj(a=schema)
    return schema


@pytest.mark.parametrize(
    ("foreign", "why"),
    [
        ({"type": "string"}, "takes no object"),
        ({"type": ["array", "null"]}, "takes no object"),
        ({"anyOf": [TEXT, NUMBER]}, "takes no object"),
        (wide(), f"more than {MAX_PARTS} parts"),
        (deep(), "levels"),
    ],
    ids=str,
)
def test_what_no_model_can_use_is_refused(foreign: Schema, why: str) -> None:
    with pytest.raises(ToolError, match=why):
        normalised(foreign)


NAMES = st.sampled_from(["a", "b"])
LEAVES: st.SearchStrategy[Schema] = st.sampled_from(
    [TEXT, NUMBER, {}, {"$ref": "#/$defs/x"}, {"enum": [1, "x"]}]
)


def objects(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    properties = st.dictionaries(NAMES, inner, max_size=2)
    required = st.lists(NAMES, max_size=1)
    fields = {"type": st.just("object"), "properties": properties, "required": required}
    return st.fixed_dictionaries(fields)


def arrays(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    return st.fixed_dictionaries({"type": st.just("array"), "items": inner})


def choices(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    among = st.lists(inner, min_size=1, max_size=3)
    kinds = ("anyOf", "oneOf", "allOf")
    return st.one_of([st.fixed_dictionaries({kind: among}) for kind in kinds])


SCHEMAS: st.SearchStrategy[Schema] = st.recursive(
    LEAVES,
    lambda inner: objects(inner) | arrays(inner) | choices(inner),
    max_leaves=6,
)


@given(SCHEMAS)
def test_whatever_is_chosen_from_it_is_one_object_at_the_top(schema: Schema) -> None:
    try:
        told, _ = normalised(schema | {"$defs": {"x": TEXT}})
    except ToolError:
        return
    Draft202012Validator.check_schema(told)
    assert not {"oneOf", "anyOf", "allOf", "$ref"} & told.keys()
    assert told["type"] == "object"
    assert told["properties"].keys() >= set(told.get("required", ()))


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=3)
    | st.builds(nested, st.integers(0, 2_000)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("type", "properties", "items", "anyOf", "allOf", "$ref"),
                    *("required", "default", "enum", "maximum"),
                ]
            ),
            inner,
            max_size=4,
        )
    ),
)


@given(ANYTHING)
def test_no_schema_is_too_strange(foreign: object) -> None:
    try:
        schema, _ = normalised(foreign)
    except ToolError:
        return
    assert schema["type"] == "object"
    from_json(json.dumps(schema), allow_inf_nan=False)  # it takes 200 levels
