"""Tokens open one call, for a minute, for whom the app has made them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import ConfigurationError
from voxpipe.transports.browser import Tokens
from voxpipe.transports.browser import tokens as module

SECRET = "0123456789abcdef"


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def test_a_token_tells_once_what_it_was_made_with() -> None:
    tokens = Tokens(SECRET, now=Clock())
    token = tokens.mint(caller="Ada", plan="pro")
    assert await tokens.check(token) == {"caller": "Ada", "plan": "pro"}
    assert await tokens.check(token) is None


async def test_another_process_with_the_secret_takes_it() -> None:
    clock = Clock()
    token = Tokens(SECRET, now=clock).mint()
    assert await Tokens(SECRET.encode(), now=clock).check(token) == {}
    assert await Tokens("another secret of mine", now=clock).check(token) is None


async def test_a_token_expires_and_is_forgotten_then() -> None:
    clock = Clock()
    tokens = Tokens(SECRET, now=clock)
    used, late = tokens.mint(seconds=10), tokens.mint(seconds=10)
    assert await tokens.check(used) is not None
    clock.now += 10.1
    assert await tokens.check(late) is None
    assert await tokens.check(used) is None
    assert tokens.mint() != tokens.mint()


async def test_the_wall_clock_is_the_clock_if_none_is_given() -> None:
    tokens = Tokens(SECRET)
    assert await tokens.check(tokens.mint()) == {}


async def test_a_memory_that_is_full_takes_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_USED", 2)
    tokens = Tokens(SECRET, now=Clock())
    told = [await tokens.check(tokens.mint()) for _ in range(3)]
    assert told == [{}, {}, None]


async def test_what_was_not_signed_here_is_refused_before_anything_else_is_done() -> (
    None
):
    asked: list[float] = []

    def clock() -> float:
        asked.append(1_000.0)
        return asked[-1]

    tokens = Tokens(SECRET, now=clock)
    token = tokens.mint()
    asked.clear()
    assert await tokens.check(token[:-1] + "x") is None
    assert not asked
    assert await tokens.check(token) == {}


@given(st.text(max_size=200))
async def test_anything_else_is_none(text: str) -> None:
    assert await Tokens(SECRET, now=Clock()).check(text) is None


@given(at=st.integers(0, 500), to=st.characters(codec="ascii"))
async def test_a_token_of_which_one_character_is_another_is_none(
    at: int, to: str
) -> None:
    tokens = Tokens(SECRET, now=Clock())
    token = tokens.mint(caller="Ada")
    at %= len(token)
    changed = token[:at] + to + token[at + 1 :]
    assert (await tokens.check(changed) is None) == (changed != token)


def test_a_secret_that_can_be_guessed_is_refused_and_so_is_an_endless_token() -> None:
    with pytest.raises(ConfigurationError, match="at least 16 bytes, got 6"):
        Tokens("secret")
    tokens = Tokens(SECRET)
    for seconds in (0, -1, 3_601, float("nan")):
        with pytest.raises(ValueError, match="an hour at most"):
            tokens.mint(seconds=seconds)
    with pytest.raises(ValueError, match="at most 4096 characters"):
        tokens.mint(about="a" * 4_096)


def test_what_is_no_text_is_refused_where_the_token_is_made() -> None:
    about: dict[str, Any] = {"customer": 17}
    with pytest.raises(ValueError, match=r"customer= is .* a text, not int"):
        Tokens(SECRET).mint(**about)


def test_a_secret_is_in_no_repr() -> None:
    assert SECRET not in repr(Tokens(SECRET))
