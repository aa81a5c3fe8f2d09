"""The reference: a page for each door, which is a module that users import from.

A door has ``__all__``. What several doors export is described behind the innermost
one, and the others lead there.
"""

from __future__ import annotations

import ast
import inspect
import pkgutil
import shutil
from functools import cache
from importlib import import_module
from importlib.util import resolve_name
from pathlib import Path
from textwrap import indent
from typing import Any

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

import voxpipe

HALLS = ["voxpipe.processors"]  # they export nothing, but have doors behind them
ACRONYMS = {"asgi": "ASGI", "g711": "G.711", "mcp": "MCP", "vad": "VAD", "wav": "WAV"}
CAUGHT = {OSError, ValueError, TypeError, AssertionError, UserWarning}
PAGES = Path(__file__).parents[1] / "reference"


@cache
def doors() -> list[str]:
    """All of them; not a file whose names are taken from the package around it."""
    inner = pkgutil.walk_packages(voxpipe.__path__, "voxpipe.")
    every = [("voxpipe", True), *((name, is_package) for _, name, is_package in inner)]
    return sorted(
        name
        for name, is_package in every
        if name in HALLS
        or (
            (names := names_of(name))
            and (is_package or set(names).isdisjoint(names_of(name.rpartition(".")[0])))
        )
    )


def names_of(module: str) -> list[str]:
    """What it exports."""
    return getattr(import_module(module), "__all__", [])


def behind(door: str) -> list[str]:
    """The doors that come next behind one."""
    inner = [each for each in doors() if each.startswith(f"{door}.")]
    return [
        each
        for each in inner
        if not any(each.startswith(f"{between}.") for between in inner)
    ]


@cache
def homes() -> dict[tuple[str, int], str]:
    """The innermost door of every object, by name and identity."""
    return {
        (name, id(getattr(import_module(door), name))): door
        for door in sorted(doors(), key=lambda door: door.count("."))
        for name in names_of(door)
    }


def is_told(base: type) -> bool:
    """Whether a base class is worth a word: a public one, or one to be caught."""
    return base in CAUGHT or (base.__name__, id(base)) in homes()


def write(app: Sphinx) -> None:
    """All pages, before anything is read."""
    shutil.rmtree(PAGES, ignore_errors=True)
    PAGES.mkdir()
    for door in doors():
        (PAGES / f"{door}.rst").write_text("\n".join(_page(door)), encoding="utf-8")


def _page(door: str) -> list[str]:
    lines = [*_heading(door, "="), f".. automodule:: {door}", "   :no-members:", ""]
    lines += [f".. py:currentmodule:: {door}", ""]
    if inner := behind(door) if "." in door else []:  # the front page has the first
        lines += [".. toctree::", "   :hidden:", ""]
        lines += [f"   {each.removeprefix(f'{door}.')} <{each}>" for each in inner]
        lines += ["", *(f"* :doc:`{each}`: {_about(each)}" for each in inner), ""]
    elsewhere: list[str] = []
    here: dict[str, list[str]] = {}  # by the file that they are from
    for name in names_of(door):
        home = homes()[name, id(getattr(import_module(door), name))]
        if home == door:
            here.setdefault(_sources(door).get(name, door), []).append(name)
        else:
            elsewhere.append(f":py:obj:`{name} <{home}.{name}>`")
    if elsewhere:
        lines += [f"From its rooms: {', '.join(elsewhere)}.", ""]
    for source, names in sorted(here.items()):
        if len(here) > 1 and source != door:
            lines += _heading(_title(source), "-")
            lines += [_about(source), ""]
        for name in names:
            lines += [*_entry(door, name), ""]
    return lines


def _heading(text: str, line: str) -> list[str]:
    return [text, line * len(text), ""]


def _about(module: str) -> str:
    text = ast.get_docstring(_tree(module)) or ""
    return text.partition("\n\n")[0].replace("\n", " ")


def _title(module: str) -> str:
    words = module.rpartition(".")[2].capitalize().split("_")
    return " ".join(ACRONYMS.get(word.lower(), word) for word in words)


def _entry(door: str, name: str) -> list[str]:
    value: Any = getattr(import_module(door), name)
    if inspect.isroutine(value):
        return [f".. autofunction:: {door}.{name}"]
    if not inspect.isclass(value):
        return [f".. py:data:: {name}", "", *_definition(door, name)]
    kind = "exception" if issubclass(value, BaseException) else "class"
    options = ["members:", "exclude-members: model_config"]  # that is pydantic's
    if any(map(is_told, value.__bases__)):
        options.append("show-inheritance:")
    return [f".. auto{kind}:: {door}.{name}", *(f"   :{each}" for each in options)]


def _definition(module: str, name: str) -> list[str]:
    """A constant or an alias as it is written, and the text below it."""
    while name in (sources := _sources(module)):
        module = sources[name]
    body = _tree(module).body
    for node, below in zip(body, [*body[1:], None], strict=True):
        match node:
            case ast.Assign([ast.Name(found)]) | ast.AnnAssign(ast.Name(found)):
                if found != name:
                    continue
            case _:
                continue
        lines: list[str] = []
        if not isinstance(node.value, ast.Call):  # an alias, or a table to be read
            code = ast.get_source_segment(_text(module), node) or ""
            lines += [".. code-block:: python", "", indent(code, "   "), ""]
        match below:
            case ast.Expr(ast.Constant(str(text))):
                lines += inspect.cleandoc(text).splitlines()
            case _:
                pass
        return [indent(line, "   ") for line in lines]
    raise LookupError(f"{module} has no {name}")


@cache
def _sources(module: str) -> dict[str, str]:
    """Where a module imports each name from."""
    package = import_module(module).__package__ or ""
    return {
        alias.asname or alias.name: resolve_name(
            "." * node.level + (node.module or ""), package
        )
        for node in ast.walk(_tree(module))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(_text(module))


@cache
def _text(module: str) -> str:
    return inspect.getsource(import_module(module))


def _keep_told(
    app: Sphinx, name: str, obj: object, options: object, bases: list[type]
) -> None:
    bases[:] = filter(is_told, bases)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Called by Sphinx."""
    app.connect("builder-inited", write)
    app.connect("autodoc-process-bases", _keep_told)
    return {"parallel_read_safe": True}
