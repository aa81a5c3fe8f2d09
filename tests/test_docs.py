"""Every Python program in docs/ runs as it stands on its page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PROGRAMS = [
    pytest.param(page.name, source, id=f"{page.name}-{number}")
    for page in sorted(DOCS.glob("*.md"))
    for number, source in enumerate(
        re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.S | re.M)
    )
]


def test_every_page_is_in_the_index_and_has_a_program() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    pages = {page.name for page in DOCS.glob("*.md")} - {"README.md"}
    assert set(re.findall(r"\]\((\w+\.md)\)", index)) == pages
    assert {param.values[0] for param in PROGRAMS} == pages


@pytest.mark.parametrize(("page", "source"), PROGRAMS)
def test_the_program_runs(page: str, source: str) -> None:
    exec(compile(source, page, "exec"), {"__name__": "docs"})
