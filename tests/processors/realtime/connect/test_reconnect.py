"""How often, and when, another session is tried."""

from __future__ import annotations

import ssl
from itertools import islice, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import AudioFrame, SessionLost, TransportError
from voxpipe.processors.realtime import ConfigurationError, Reconnect, SessionRefused
from voxpipe.processors.realtime.config.settings import PCM_24K
from voxpipe.processors.realtime.connect.reconnect import (
    FIRST_WAIT,
    LONGEST_WAIT,
    SPACING,
    Limiter,
    is_fatal,
    waits,
)


def refused(code: str, status: int = 0) -> SessionRefused:
    return SessionRefused("no", code, status=status)


def untrusted() -> TransportError:
    error = TransportError("its certificate is not trusted")
    error.__cause__ = ssl.SSLCertVerificationError()
    return error


@pytest.mark.parametrize(
    "error",
    [
        refused("invalid_api_key", 401),
        refused("", 403),
        refused("model_not_found", 404),
        refused("insufficient_quota", 429),
        refused("invalid_api_key"),
        refused("unknown_parameter"),
        SessionLost("policy", code=1008),
        SessionLost("not authorised", code=3000),
        ConfigurationError("no API key"),
        untrusted(),
        ValueError("of a connection that is the program's own"),
    ],
)
def test_what_cannot_be_mended_is_not_tried_again(error: Exception) -> None:
    assert is_fatal(error)


@pytest.mark.parametrize(
    "error",
    [
        refused("slow_down", 429),
        refused("", 502),
        refused("server_is_overloaded", 503),
        refused("rate_limit_exceeded"),
        SessionLost("went away", code=1012),
        SessionLost("went away", how="reset"),
        TransportError("DNS knows no such name"),
    ],
)
def test_what_passes_is_tried_again(error: Exception) -> None:
    assert not is_fatal(error)


@given(st.lists(st.floats(0, 1), min_size=12, max_size=12))
def test_waits_are_anything_up_to_a_bound_that_doubles(draws: list[float]) -> None:
    longest = FIRST_WAIT
    for draw, wait in zip(draws, waits(iter(draws).__next__), strict=False):
        assert wait == draw * longest
        longest = min(2 * longest, LONGEST_WAIT)


def test_the_first_attempt_is_made_within_a_quarter_of_a_second() -> None:
    assert [*islice(waits(lambda: 1.0), 3)] == [0.25, 0.5, 1.0]


@given(st.lists(st.floats(0, 100), max_size=300))
def test_of_all_attempts_two_are_never_closer_than_the_limiter_says(
    wanted: list[float],
) -> None:
    limiter = Limiter()
    places = [limiter.place(each) for each in wanted]
    assert all(at >= want for at, want in zip(places, wanted, strict=True))
    gaps = [b - a for a, b in pairwise(places)]
    assert all(gap >= SPACING - 1e-9 for gap in gaps)


@pytest.mark.parametrize("patience", [0, -1, float("inf"), float("nan")])
def test_patience_is_some_time_and_not_for_ever(patience: float) -> None:
    with pytest.raises(ConfigurationError, match="reconnect=None"):
        Reconnect(patience=patience)


@pytest.mark.parametrize("say", ["One moment, please.", b"\0\0"])
def test_what_is_said_is_a_recording(say: Any) -> None:
    with pytest.raises(ConfigurationError, match="no model can speak"):
        Reconnect(say=say)
    assert Reconnect(say=AudioFrame(data=b"\0\0", format=PCM_24K)).say is not None
