"""The watchdog's thread, whose time is real, held until what it shall see is there."""

from __future__ import annotations

import threading

import pytest

from voxpipe.pipeline import watchdog

COMPLAIN = "_complain"  # what the watchdog's thread does


def held_until(
    monkeypatch: pytest.MonkeyPatch, patience: float = 60.0
) -> threading.Event:
    """Set by what is stubborn where it stays: until then nobody looks where it is."""

    def complain_in_time(thread: watchdog.Watchdog) -> None:
        arrived.wait(patience)
        complain(thread)

    arrived = threading.Event()
    complain = getattr(watchdog.Watchdog, COMPLAIN)
    monkeypatch.setattr(watchdog.Watchdog, COMPLAIN, complain_in_time)
    return arrived
