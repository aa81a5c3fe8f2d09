"""What a docstring tells a model about a function, in Google, NumPy or Sphinx style."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import Literal

_TITLE = (
    r"(?P<title>Args|Arguments|(?:Other |Keyword )?Parameters|Keyword Arg(?:ument)?s"
    r"|Returns?|Yields?|Receives|Raises|Warns|Warnings?|Examples?|Notes?|References"
    r"|See Also|Todo|Source|Attributes|Methods)"
)
# https://google.github.io/styleguide/pyguide.html#383-functions-and-methods
_GOOGLE = re.compile(rf"{_TITLE}:\s*$")
_GOOGLE_ENTRY = re.compile(
    r"\*{0,2}(?P<name>\w+)\s*(?:\(.*?\))?\s*:(?:\s+(?P<text>.*))?$"
)
# https://numpydoc.readthedocs.io/en/latest/format.html
_NUMPY = re.compile(rf"{_TITLE}\s*$")
_UNDERLINE = re.compile(r"\s*-{3,}\s*$")
_NUMPY_ENTRY = re.compile(r"(?P<name>\*{0,2}\w+(?:\s*,\s*\*{0,2}\w+)*)\s*(?::.*)?$")
# https://www.sphinx-doc.org/en/master/usage/domains/python.html#info-field-lists
_FIELD = re.compile(
    r"[:@](?P<kind>param|parameter|arg|argument|key|keyword|kwarg|type|raises?|except"
    r"|exception|var|ivar|cvar|vartype|returns?|rtype|yields?|ytype|meta)"
    r"(?:\s+(?P<of>[^:]*))?:(?:\s+(?P<text>.*))?$"
)
_OF_ARGUMENT = {"param", "parameter", "arg", "argument", "key", "keyword", "kwarg"}


@dataclass(frozen=True, slots=True)
class _Section:
    style: Literal["google", "numpy", "field"]
    start: int  # the line of its title
    body: int  # the first line of what is in it
    tells_arguments: bool


def read_docstring(docstring: str | None) -> tuple[str, dict[str, str]]:
    """All that comes before the first section, and the text of each argument."""
    lines = inspect.cleandoc(docstring or "").splitlines()
    sections = list(_sections(lines))
    arguments: dict[str, str] = {}
    ends = [*(each.start for each in sections), len(lines)]
    for section, (_, end) in zip(sections, pairwise(ends), strict=True):
        if not section.tells_arguments:
            continue
        body = lines[section.body : end]
        if section.style == "google":
            arguments.update(_google_entries(body))
        elif section.style == "numpy":
            arguments.update(_numpy_entries(body))
        else:
            arguments.update(_field(body))
    description = lines[: sections[0].start] if sections else lines
    return "\n".join(_paragraphs(description)), arguments


def _sections(lines: Sequence[str]) -> Iterator[_Section]:
    for at, line in enumerate(lines):
        following = lines[at + 1] if at + 1 < len(lines) else ""
        if found := _GOOGLE.match(line):
            yield _Section("google", at, at + 1, _of_arguments(found["title"]))
        elif (found := _NUMPY.match(line)) and _UNDERLINE.match(following):
            yield _Section("numpy", at, at + 2, _of_arguments(found["title"]))
        elif found := _FIELD.match(line):
            yield _Section("field", at, at, found["kind"] in _OF_ARGUMENT)


def _of_arguments(title: str) -> bool:
    return title.endswith(("Args", "Arguments", "Parameters"))


def _paragraphs(lines: Sequence[str]) -> list[str]:
    # Line breaks within a paragraph are there for people with narrow windows.
    text = "\n".join(line.strip() for line in lines)
    return [" ".join(each.split()) for each in text.split("\n\n") if each.strip()]


def _google_entries(lines: Sequence[str]) -> dict[str, str]:
    entries: dict[str, str] = {}
    name = ""
    indent = next((_indent(line) for line in lines if line.strip()), 0)
    for line in lines:
        at_margin = _indent(line) == indent
        entry = _GOOGLE_ENTRY.match(line.strip()) if at_margin else None
        if entry:
            name = entry["name"]
            entries[name] = (entry["text"] or "").strip()
        elif name and line.strip():
            entries[name] = f"{entries[name]} {line.strip()}".strip()
    return entries


def _numpy_entries(lines: Sequence[str]) -> dict[str, str]:
    entries: dict[str, str] = {}
    names: list[str] = []
    for line in lines:
        entry = _NUMPY_ENTRY.match(line)
        if entry:
            names = [each.strip().lstrip("*") for each in entry["name"].split(",")]
            entries.update(dict.fromkeys(names, ""))
        elif line.strip():
            for name in names:
                entries[name] = f"{entries[name]} {line.strip()}".strip()
    return entries


def _field(lines: Sequence[str]) -> dict[str, str]:
    first = _FIELD.match(lines[0])
    words = (first["of"] or "").split() if first else []  # its type may stand first
    if first is None or not words:
        return {}
    text = [first["text"] or "", *takewhile(str.strip, lines[1:])]
    return {words[-1].lstrip("*"): " ".join(" ".join(text).split())}


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
