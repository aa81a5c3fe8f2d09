"""The programs in docs/ run as they stand on their pages; links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
FRONT = {"README.md", "index.md"}  # of the folder, and of the site
PROGRAMS = [
    pytest.param(page.name, source, id=f"{page.name}-{number}")
    for page in sorted(DOCS.glob("*.md"))
    for number, source in enumerate(
        re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.S | re.M)
    )
]
TEXTS = [*DOCS.glob("*.md"), *ROOT.glob("*.md"), *ROOT.glob("benchmarks/*.md")]


def test_every_page_is_in_the_index_and_all_but_some_have_a_program() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    pages = {page.name for page in DOCS.glob("*.md")} - FRONT
    assert set(re.findall(r"\]\((\w+\.md)\)", index)) == pages
    # Their readers write no program. Tests of their own hold them to the code.
    bare = {"inside.md", "reliability.md", "security.md"}
    assert {param.values[0] for param in PROGRAMS} == pages - bare


def test_the_site_has_the_chapters_of_the_index() -> None:
    index, site = ((DOCS / name).read_text("utf-8") for name in sorted(FRONT))
    chapters = {
        title: re.findall(r"\]\((\w+)\.md\)", table)
        for title, table in re.findall(
            r"^## (.+?)\n(.*?)(?=^## |\Z)", index, re.S | re.M
        )
    }
    trees = re.findall(r":caption: ([^\n]+)\n\n(.*?)\n```", site, re.S)
    assert {title: pages.split("\n") for title, pages in trees[:-1]} == chapters
    assert trees[-1][0] == "Reference"


@pytest.mark.parametrize(("page", "source"), PROGRAMS)
def test_the_program_runs(page: str, source: str) -> None:
    exec(compile(source, page, "exec"), {"__name__": "docs"})


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_links_lead_somewhere(text: Path) -> None:
    assert not [
        link
        for link in re.findall(r"\]\(([^\s)]+)\)", _prose(text))
        if not link.startswith("https://")
        for path, _, anchor in [link.partition("#")]
        for target in [text.parent / path if path else text]
        if not target.exists() or (anchor and anchor not in _anchors(target))
    ]


def _prose(text: Path) -> str:
    return re.sub(r"^```.*?^```", "", text.read_text("utf-8"), flags=re.S | re.M)


def _anchors(text: Path) -> set[str]:
    """Of its headings, as GitHub and the site make them."""
    headings = re.findall(r"^#+ (.+)", _prose(text), re.M)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}
