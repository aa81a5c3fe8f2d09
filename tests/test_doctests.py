"""What a docstring shows behind `>>>` is what happens: one test a module.

pytest's own way, `--doctest-modules`, imports the whole package to look for these.
"""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted((ROOT / "voxpipe").rglob("*.py"))
    if ">>>" in path.read_text("utf-8")
]


@pytest.mark.parametrize("name", MODULES)
def test_what_the_docstrings_show_is_what_happens(name: str) -> None:
    failed, tried = doctest.testmod(import_module(name))
    assert tried
    assert not failed, "the differences are printed below"
