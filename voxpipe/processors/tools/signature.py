"""From a function's signature to what a model may write: one pydantic model.

Its fields are called ``p0``, ``p1`` …, with the parameters' names as aliases: so a
parameter may be called ``schema`` or ``_id``, which pydantic has other plans for.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from typing import Annotated, Any, cast, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.errors import PydanticUserError
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import ErrorDetails, PydanticSerializationError

from .argument_schema import check_json
from .context import ContextParameter, context_parameter
from .errors import ArgumentsError, ToolError
from .foreign_schema import items_of
from .hints import hints_of
from .json_values import has_json
from .progress import Progress

_MAX_COMPLAINTS = 10  # fields; a model that is wrong in more is wrong altogether
_EXACT = 2**53  # above, a float is not one integer only
_STRICT = ConfigDict(extra="forbid", protected_namespaces=(), allow_inf_nan=False)


class _Generator(GenerateJsonSchema):
    # A default that JSON cannot hold is left out of the schema, and is none the worse.
    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}

    def encode_default(self, dft: Any) -> Any:
        """In JSON, which has no infinity: pydantic's own lets it through."""
        encoded = super().encode_default(dft)
        if not has_json(encoded):
            raise PydanticSerializationError("JSON has no such value")
        return encoded

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Titles repeat the names: tokens for nothing."""
        return False


class SignatureSchema:
    """What the parameters of a function take; an `ArgumentSchema`.

    Args:
        function: with annotated parameters that can be given by name.
        name: of the tool, for messages.
        texts: what is known about each parameter.
        local_names: where annotations are looked up beside the function's globals.

    Raises:
        ToolError: a parameter that cannot be described to a model.
    """

    oddities = ()

    def __init__(
        self,
        function: Callable[..., Any],
        name: str,
        texts: Mapping[str, str],
        local_names: Mapping[str, Any],
    ) -> None:
        hints = hints_of(function, name, local_names)
        parameters = inspect.signature(function).parameters.values()
        self.progress = _progress(parameters, name, hints)
        self.context: ContextParameter | None = context_parameter(
            parameters, name, hints
        )
        # What is ours to give the model knows nothing of.
        ours = {self.progress, self.context.name if self.context else None}
        theirs = [each for each in parameters if each.name not in ours]
        self._names = tuple(each.name for each in theirs)
        self._model = _model(theirs, name, texts, hints)
        self._schema = _schema(self._model, name)

    @property
    def schema(self) -> dict[str, Any]:
        """As JSON schema; a copy."""
        return deepcopy(self._schema)

    def arguments(self, text: str) -> dict[str, Any]:
        """The keyword arguments; defaults left out.

        Raises:
            ArgumentsError: what is wrong, field by field, in words for the model.
        """
        value = check_json(text)
        try:
            model = self._validated(text if value else "{}", value)
        except ValidationError as error:
            details = error.errors(include_url=False, include_context=False)
            raise ArgumentsError("\n".join(_complaints(details))) from None
        return {
            name: getattr(model, f"p{at}")
            for at, name in enumerate(self._names)
            if f"p{at}" in model.model_fields_set
        }

    def _validated(self, text: str, value: dict[str, Any]) -> BaseModel:
        try:
            return self._model.model_validate_json(text, strict=True)
        except ValidationError:
            # 5.0 is an integer too, in JSON and in its schemas.
            whole = json.dumps(_with_integers(value))
            return self._model.model_validate_json(whole, strict=True)


def _progress(
    parameters: Iterable[inspect.Parameter], name: str, hints: Mapping[str, Any]
) -> str | None:
    found = [each for each in parameters if hints.get(each.name) is Progress]
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    if len(found) > 1 or any(each.kind not in named for each in found):
        raise ToolError(
            f"the tool {name} takes one Progress, as in `progress: Progress`"
        )
    return found[0].name if found else None


def _model(
    parameters: Iterable[inspect.Parameter],
    name: str,
    texts: Mapping[str, str],
    hints: Mapping[str, Any],
) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for at, parameter in enumerate(parameters):
        _check(parameter, name, hints)
        known = Field(alias=parameter.name, description=texts.get(parameter.name))
        default: Any = (
            ... if parameter.default is parameter.empty else parameter.default
        )
        fields[f"p{at}"] = (_annotated(hints[parameter.name], known), default)
    try:
        return create_model("Arguments", __config__=_STRICT, **fields)
    except (PydanticUserError, TypeError) as error:
        raise _undescribable(name, error) from error


def _schema(model: type[BaseModel], name: str) -> dict[str, Any]:
    try:
        schema = model.model_json_schema(schema_generator=_Generator)
    except PydanticUserError as error:
        raise _undescribable(name, error) from error
    schema.pop("title", None)
    schema.setdefault("properties", {})
    _add_items(schema)
    if not has_json(schema):
        raise ToolError(
            f"the tool {name} has a parameter of which something is said that JSON "
            "lacks, such as an infinity among its examples: take it out"
        )
    return schema


def _add_items(schema: object) -> None:
    # The service refuses an array without items, whatever is said of its places.
    if isinstance(schema, list):
        for each in cast("list[object]", schema):
            _add_items(each)
    elif isinstance(schema, dict):
        node = cast("dict[str, Any]", schema)
        for each in node.values():
            _add_items(each)
        if node.get("type") == "array":
            node.setdefault("items", items_of(node.get("prefixItems", [])))


def _check(parameter: inspect.Parameter, name: str, hints: Mapping[str, Any]) -> None:
    what = f"the parameter {parameter.name!r} of the tool {name}"
    if parameter.kind is parameter.POSITIONAL_ONLY:
        raise ToolError(
            f"{what} is positional only, and a model gives arguments by name: take "
            "away the `/`"
        )
    if parameter.kind is parameter.VAR_POSITIONAL:
        raise ToolError(
            f"{what} takes any number of arguments: declare one list, as in "
            f"`{parameter.name}: list[str]`"
        )
    if parameter.kind is parameter.VAR_KEYWORD:
        raise ToolError(
            f"{what} takes arguments of any name: declare each, or one "
            f"`{parameter.name}: dict[str, str]`"
        )
    if parameter.name not in hints:
        if parameter.name == "self":
            raise ToolError(
                f"the tool {name} is a method: make it a tool where the object is "
                f"known, as in `tool(desk.{name})`"
            )
        raise ToolError(
            f"{what} has no type: write one, as in `{parameter.name}: str`, so that "
            "the model knows what to give"
        )
    if isinstance(parameter.default, FieldInfo):
        raise ToolError(
            f"{what} has a Field as its default: put it beside the type, as in "
            f"`{parameter.name}: Annotated[int, Field(ge=1)] = 1`"
        )


def _with_integers(value: object) -> object:
    match value:
        case float() if value.is_integer() and abs(value) <= _EXACT:
            return int(value)
        case list():
            return [_with_integers(each) for each in cast("list[object]", value)]
        case dict():
            pairs = cast("dict[str, object]", value).items()
            return {key: _with_integers(each) for key, each in pairs}
        case _:
            return value


def _annotated(hint: Any, known: Any) -> Any:
    # What the user says of a field is put last, so that it wins.
    if get_origin(hint) is Annotated:
        kind, *said = get_args(hint)
        return Annotated[(kind, known, *said)]
    return Annotated[hint, known]


def _undescribable(name: str, error: Exception) -> ToolError:
    return ToolError(
        f"the tool {name} has a parameter that JSON cannot describe: use plain types, "
        "enums, dates, lists, dicts, dataclasses or pydantic models, or Context[...] "
        "for what ToolRouter(context=...) is given "
        f"({str(error).splitlines()[0]})"
    )


def _complaints(details: list[ErrorDetails]) -> list[str]:
    lines = [
        f"{'.'.join(str(part)[:64] for part in each['loc'])}: {_said(each)}"
        for each in details[:_MAX_COMPLAINTS]
    ]
    left = len(details) - len(lines)
    return [*lines, f"and {left} more"] if left else lines


def _said(detail: ErrorDetails) -> str:
    if detail["type"] == "missing":
        return "this argument is missing"
    if detail["type"] == "extra_forbidden":
        return "there is no such argument"
    return detail["msg"]
