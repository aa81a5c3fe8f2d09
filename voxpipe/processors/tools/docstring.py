"""What a docstring in Google style tells a model about a function."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from itertools import pairwise

# https://google.github.io/styleguide/pyguide.html#383-functions-and-methods
_ARGUMENTS = re.compile(r"(Args|Arguments|Parameters):\s*$")
_SECTION = re.compile(
    r"(Args|Arguments|Parameters|Returns?|Yields?|Raises|Examples?|Notes?|Warnings?"
    r"|References|See Also|Todo|Source):\s*$"
)
_ENTRY = re.compile(r"\*{0,2}(?P<name>\w+)\s*(?:\(.*?\))?\s*:(?:\s+(?P<text>.*))?$")


def read_docstring(docstring: str | None) -> tuple[str, dict[str, str]]:
    """All that comes before the first section, and the text of each argument."""
    lines = inspect.cleandoc(docstring or "").splitlines()
    sections = [at for at, line in enumerate(lines) if _SECTION.match(line)]
    arguments: dict[str, str] = {}
    for start, end in pairwise([*sections, len(lines)]):
        if _ARGUMENTS.match(lines[start]):
            arguments.update(_entries(lines[start + 1 : end]))
    description = lines[: sections[0]] if sections else lines
    return "\n".join(_paragraphs(description)), arguments


def _paragraphs(lines: Sequence[str]) -> list[str]:
    # Line breaks within a paragraph are there for people with narrow windows.
    text = "\n".join(line.strip() for line in lines)
    return [" ".join(each.split()) for each in text.split("\n\n") if each.strip()]


def _entries(lines: Sequence[str]) -> dict[str, str]:
    entries: dict[str, str] = {}
    name = ""
    indent = next((_indent(line) for line in lines if line.strip()), 0)
    for line in lines:
        entry = _ENTRY.match(line.strip()) if _indent(line) == indent else None
        if entry:
            name = entry["name"]
            entries[name] = (entry["text"] or "").strip()
        elif name and line.strip():
            entries[name] = f"{entries[name]} {line.strip()}".strip()
    return entries


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
