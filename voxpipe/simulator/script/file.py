"""Scripts in YAML: read strictly, and told what is wrong with them by line and cure.

Plain words mean what they look like: YAML 1.1 would make ``No`` a boolean, ``12:30`` a
number (750) and ``2026-11-30`` a date. Here only ``true``, ``false``, ``null`` and
plain numbers are not text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from voxpipe.simulator.errors import ScriptError
from voxpipe.simulator.protocol.json_types import is_array, is_object

from .faults import ScriptFault
from .script import Script
from .strict import OF_A_FILE, no_such_field

# These say what came, and a cure.
_COMPLETE = {"missing", "event", "pattern", "no_condition", "not_local", "two_servers"}
_MAX_SCRIPT = 1 << 20  # characters; a conversation of days
_WHOLE = r"(?:0|[1-9][0-9]*)"  # 007 and telephone numbers are text


class _Loader(yaml.SafeLoader):
    """Safe YAML without the surprises of 1.1, and without fields given twice."""

    yaml_implicit_resolvers: dict[str, list[Any]] = {}

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """A mapping, each of whose keys stands there once."""
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        problem=f"{key.value!r} is given twice: keep one of them",
                        problem_mark=key.start_mark,
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def _plain(name: str, pattern: str, starts: str) -> None:
    entry = (f"tag:yaml.org,2002:{name}", re.compile(rf"^(?:{pattern})$"))
    for start in starts or [""]:
        _Loader.yaml_implicit_resolvers.setdefault(start, []).append(entry)


_plain("bool", "true|false", "tf")
_plain("null", "null|~", "n~")
_plain("null", "", "")
_plain("int", f"[-+]?{_WHOLE}", "-+0123456789")
_plain(
    "float",
    rf"[-+]?(?:{_WHOLE}(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?",
    "-+.0123456789",
)


def load_script(path: str | Path) -> Script:
    """Read a script from a YAML file.

    Raises:
        ScriptError: the file cannot be read, is not YAML, or a field of it will not
            do; the message names the line, the field and the cure.
    """
    return parse_script(_text_of(Path(path)), name=str(path), folder=Path(path).parent)


def parse_script(
    text: str, *, name: str = "script", folder: Path | None = None
) -> Script:
    """A script from YAML text.

    Args:
        text: the YAML.
        name: stands for the file in messages.
        folder: where files that it names are; without one it may not name any.

    Raises:
        ScriptError: as `load_script`.
    """
    if len(text) > _MAX_SCRIPT:
        raise ScriptError(
            f"{name}: expected at most {_MAX_SCRIPT} characters, got {len(text)}"
        )
    tree, data = _read(text, name)
    _read_words(data, folder, name)
    try:
        return Script.model_validate({} if data is None else data, context=OF_A_FILE)
    except ValidationError as error:
        # A field with two types has two complaints; the simpler type's is enough.
        complaints = {_place(each, data): each for each in reversed(error.errors())}
        told = [
            _explain(name, tree, data, place, each)
            for place, each in reversed(complaints.items())
        ]
        raise ScriptError("\n".join(told)) from None


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScriptError(f"cannot read the script {path}: {error}") from error


def _read(text: str, name: str) -> tuple[yaml.Node | None, Any]:
    try:
        loader: Any = _Loader(text)  # whose stubs leave types open
        try:
            tree = loader.get_single_node()
            return tree, None if tree is None else loader.construct_document(tree)
        finally:
            loader.dispose()
    except (yaml.YAMLError, ValueError, RecursionError, TypeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or error
        raise ScriptError(f"{name}{line}: this is not YAML: {problem}") from error


def _read_words(data: Any, folder: Path | None, name: str) -> None:
    """Put the words of recordings where a script names the recording."""
    lines = data.get("replies") if is_object(data) else None
    for line in lines if is_array(lines) else ():
        heard = line.get("heard") if is_object(line) else None
        if not isinstance(heard, str) or not heard.endswith(".wav"):
            continue
        if folder is None:
            raise ScriptError(
                f"{name}: {heard} stands for the words in the .txt beside it: load the "
                "script from a file, or write the words"
            )
        assert is_object(line)
        path = (folder / heard).with_suffix(".txt").resolve()
        if not path.is_relative_to(folder.resolve()):
            raise ScriptError(
                f"{name}: {heard} is not in the script's folder: put it beside the "
                "script, or write the words"
            )
        words = _text_of(path)
        line["heard"] = " ".join(words.split())


def _place(problem: Any, data: Any) -> tuple[str | int, ...]:
    """Keys and indexes, without pydantic's names for the types it has tried."""
    place: list[str | int] = []
    for step in problem["loc"]:
        inside, found = _inside(data, step)
        if inside:
            place.append(step)
            data = found
    if problem["type"] == "missing":
        place.append(problem["loc"][-1])
    return tuple(place)


def _inside(data: Any, step: Any) -> tuple[bool, Any]:
    if is_object(data) and step in data:
        return True, data[step]
    if is_array(data) and isinstance(step, int) and step < len(data):
        return True, data[step]
    return False, None


def _explain(
    name: str,
    tree: yaml.Node | None,
    data: Any,
    place: Sequence[str | int],
    problem: Any,
) -> str:
    field = ".".join(str(each) for each in place) or "the whole file"
    if problem["type"] == "extra_forbidden":
        cure = no_such_field(str(place[-1]), _fields_at(place[:-1], data))
    elif problem["type"].startswith("union_tag"):
        known = [
            str(kind.model_fields["do"].default) for kind in _models_in(ScriptFault)
        ]
        cure = f"expected one of do: {', '.join(known)}"
    else:
        cure = problem["msg"] + _what_it_is(problem)
    return f"{name}, line {_line(tree, place)}, {field}: {cure}"


def _what_it_is(problem: Any) -> str:
    came = problem["input"]
    if problem["type"] in _COMPLETE:
        return ""
    plain = isinstance(came, bool | int | float | None)
    quotes = plain and problem["type"].startswith("string")
    cure = ": put it in quotes" if quotes else ""
    return f"; it is {type(came).__name__} here{cure}"


def _fields_at(place: Sequence[str | int], data: Any) -> Iterator[str]:
    """The fields that may stand at ``place``, by the types of the script."""
    models: list[type[BaseModel]] = [Script]
    for step in place:
        data = _inside(data, step)[1]
        if isinstance(step, str):
            models = [
                found
                for model in models
                if step in model.model_fields
                for found in _models_in(model.model_fields[step].annotation)
            ]
    tag = data.get("do") if is_object(data) else None
    for model in models:
        kind = model.model_fields.get("do")
        if kind is None or kind.default == tag:
            yield from model.model_fields


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _models_in(each)


def _line(tree: yaml.Node | None, place: Sequence[str | int]) -> int:
    """The line of the innermost part of ``place`` that stands in the file."""
    line, node = 1, tree
    for step in place:
        mark, node = _child(node, step)
        if node is None:
            break
        line = mark
    return line


def _child(node: yaml.Node | None, step: Any) -> tuple[int, yaml.Node | None]:
    """What stands under ``step``, and the line of its key or of itself."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        items: list[yaml.Node] = node.value
        if step < len(items):
            return items[step].start_mark.line + 1, items[step]
    return 0, None
