"""Finding the app that is to answer calls, and saying what is wrong with it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from voxpipe.console.app import AppError, load_app

AGENT = """
import functools

async def answer(call): ...
async def greet(call, greeting="Hello"): ...
async def book(call, day): ...
def hasty(call): ...

class Agent:
    async def __call__(self, call): ...
    async def method(self, call): ...

agent = Agent()
method = agent.method
polite = functools.partial(book, day="Sunday")
number = 42
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory with an agent in it."""
    (tmp_path / "its_agent.py").write_text(AGENT)
    (tmp_path / "its_broken_agent.py").write_text("import no_such_library")
    (tmp_path / "its_package").mkdir()
    (tmp_path / "its_package" / "agent.py").write_text(AGENT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("its_")]:
        del sys.modules[name]


@pytest.mark.parametrize(
    "name",
    [
        "its_agent:answer",
        "its_agent:greet",
        "its_agent:agent",
        "its_agent:method",
        "its_agent:polite",
        "its_package.agent:answer",
    ],
)
def test_whatever_can_be_called_with_a_call_will_do(name: str) -> None:
    module, _, attribute = name.partition(":")
    app = load_app(name)
    assert app is getattr(sys.modules[module], attribute)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("its_agent", "expected module:function, such as my_agent:answer"),
        ("its_agent:", "expected module:function"),
        (":answer", "expected module:function"),
        ("nowhere:answer", "there is no module nowhere in .*"),
        ("its_package.nothing:answer", "no module its_package.nothing"),
        ("its_agent.py:answer", r"did you mean its_agent\?"),
        ("its_package/agent.py:answer", r"did you mean its_package\.agent\?"),
        ("..its_agent:answer", "is no name of a module"),
        (
            "its_agent:reply",
            r"no reply in its_agent \(.*\); it has answer, greet",
        ),
        ("its_package:answer", "no answer in its_package .*nor any async function"),
        ("its_agent:number", "is of type int; expected async def answer"),
        ("its_agent:hasty", "is not async; expected async def answer"),
        ("its_agent:Agent", "is not async"),
        ("its_agent:book", r"a call alone \(missing a required argument: 'day'\)"),
    ],
)
def test_what_will_not_do_is_said_with_what_was_expected(name: str, words: str) -> None:
    with pytest.raises(AppError, match=words):
        load_app(name)


def test_what_an_agent_itself_cannot_import_is_not_hidden() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_library"):
        load_app("its_broken_agent:answer")
