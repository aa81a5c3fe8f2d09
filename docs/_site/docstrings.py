"""What docstrings and signatures leave to the reader of the source."""

from __future__ import annotations

import ast
import inspect
import re
from textwrap import dedent
from typing import Any, get_type_hints

from pydantic import BaseModel
from sphinx.application import Sphinx
from sphinx.util.inspect import stringify_signature
from sphinx.util.typing import ExtensionMetadata
from typing_extensions import is_protocol

from voxpipe.pipeline import Processor
from voxpipe.pipeline.ports import Port

# An indented block behind a blank line is code; to Sphinx it would be a quotation.
CODE = re.compile(r"^(\S.*(?<!::))\n\n(?=    )", re.M)


def prepare(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Before Napoleon reads it: types for its attributes, and marks for code."""
    if inspect.isclass(obj):
        obj.__annotations__ = {**_annotations(obj), **obj.__annotations__}
    lines[:] = CODE.sub(r"\1\n\n::\n\n", "\n".join(lines)).split("\n")


def _annotations(cls: type) -> dict[str, str]:
    """The types of ports, and of what is annotated in methods."""
    found: dict[str, str] = {}
    for node in ast.walk(ast.parse(dedent(inspect.getsource(cls)))):
        match node:
            case ast.Assign([ast.Name(name)], ast.Call(ast.Subscript() as port)):
                found[name] = ast.unparse(port)
            case ast.AnnAssign(ast.Attribute(ast.Name("self"), name), kind):
                found[name] = ast.unparse(kind)
            case _:
                pass
    return found


def finish(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """After Napoleon: types go beside names, and ports without a word are told, too."""
    place = 0
    for number, line in enumerate(lines):
        if line.startswith(".. attribute::"):
            place = number + 1
        elif line.startswith("   :type:") and place:
            lines.insert(place, lines.pop(number))
            place = 0
    for port, value in vars(obj).items() if inspect.isclass(obj) else ():
        if isinstance(value, Port) and f".. attribute:: {port}" not in lines:
            kind = obj.__annotations__[port]
            lines += ["", f".. attribute:: {port}", f"   :type: {kind}", ""]


def sign(
    app: Sphinx,
    what: str,
    name: str,
    obj: Any,
    options: Any,
    signature: str | None,
    returns: str | None,
) -> tuple[str, str | None] | None:
    """Models show their fields; what is made anew for each call is no Python."""
    if signature is None:
        return None
    if is_protocol(obj):
        return "", None  # nobody calls it
    if inspect.isclass(obj) and issubclass(obj, BaseModel):
        # pydantic's own has all validators, and a place for unknown fields.
        hints, whole = get_type_hints(obj), inspect.signature(obj)
        fields = [
            field.replace(annotation=hints[field.name])
            for field in whole.parameters.values()
            if field.name in hints
        ]
        whole = inspect.Signature(fields)
        signature = stringify_signature(whole, unqualified_typehints=True)
    return signature.replace("<factory>", "..."), returns


def setup(app: Sphinx) -> ExtensionMetadata:
    """Called by Sphinx."""
    # It takes anything; the arguments of a processor are those of its `__init__`.
    del Processor.__new__
    app.connect("autodoc-process-docstring", prepare, priority=400)
    app.connect("autodoc-process-docstring", finish, priority=600)
    app.connect("autodoc-process-signature", sign)
    return {"parallel_read_safe": True}
