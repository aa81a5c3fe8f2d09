"""Which hosts are this machine."""

from __future__ import annotations

import pytest

from voxpipe.pipeline.runtime.hosts import is_loopback


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:10.0.0.1", False),
        ("localhost", True),
        ("localhost.example.com", False),
        ("10.0.0.1", False),
    ],
)
def test_loopback_is_this_machine_and_no_name_that_looks_like_it(
    host: str, loopback: bool
) -> None:
    assert is_loopback(host) is loopback
