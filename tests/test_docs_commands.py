"""The commands that the documentation shows are there, with the arguments they take."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from voxpipe.console.main import command_line

ROOT = Path(__file__).parents[1]
PAGES = [
    *sorted((ROOT / "docs").glob("*.md")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    ROOT / "benchmarks" / "README.md",
]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
_FENCED = r"^```(?:sh)?\n(.*?)^```"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_command_that_is_shown_is_one(page: Path) -> None:
    shown = list(commands(page.read_text("utf-8")))
    assert not [each for each in shown if not is_one(shlex.split(each, comments=True))]


def test_there_are_many_and_a_wrong_one_is_found() -> None:
    shown = [each for page in PAGES for each in commands(page.read_text("utf-8"))]
    assert len(shown) > 50
    wrong = ["make smoek", "voxpipe simulate --port x", "voxpipe serv", "pip install x"]
    wrong += ["python -m benchmarks.jump", "pip install 'voxpipe[silver]'"]
    assert [is_one(shlex.split(each)) for each in wrong] == [False] * len(wrong)


def commands(text: str) -> Iterator[str]:
    blocks = re.findall(_FENCED, text, re.S | re.M)
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.S))
    lines = [
        line for block in blocks for line in block.replace("\\\n", " ").splitlines()
    ]
    for each in (*lines, *inline):
        told = re.sub(r"^((\$|[A-Z_]+=\S*) +)+", "", each.strip())
        told = re.split(r" {3,}", told)[0]  # what it does stands in another column
        if re.match(r"(voxpipe|make|pip|python -m|\.ci/\w+)( |$)", told):
            yield told


def is_one(words: list[str]) -> bool:
    match words:
        case ["voxpipe"]:
            return True
        case ["voxpipe", *arguments]:
            return is_parsed(arguments)
        case ["make", target, *settings]:
            are = all(re.fullmatch(r"[A-Z]+=\S+", each) for each in settings)
            return target in TARGETS and are
        case ["pip", "install", what]:
            return is_installed(what)
        case ["python", "-m", module, *_]:
            return find_spec(module) is not None
        case [script]:
            return (ROOT / script).is_file()
        case _:
            return False


def is_parsed(arguments: list[str]) -> bool:
    if arguments[-1] == "--help":
        arguments = arguments[:-1]
    try:
        command_line().parse_args(arguments)
    except SystemExit:
        return False
    return True


def is_installed(what: str) -> bool:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = "|".join(project["optional-dependencies"])
    return bool(re.fullmatch(rf"(\.|voxpipe)(\[({extras})\])?|openai", what))
