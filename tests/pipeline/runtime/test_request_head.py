"""Heads that are HTTP for h11, and still not to be answered."""

from __future__ import annotations

import pytest

from voxpipe.pipeline.runtime.request_head import origin_form, refused

LENGTH = (b"content-length", b"4")
CHUNKED = (b"transfer-encoding", b"chunked")


@pytest.mark.parametrize(
    ("version", "headers", "status"),
    [
        (b"1.1", [LENGTH], None),
        (b"1.0", [CHUNKED], None),
        (b"1.1", [LENGTH, (b"x", b""), CHUNKED], 400),
        (b"2.0", [], 505),
        (b"0.9", [], 505),
    ],
)
def test_two_lengths_and_other_versions_are_refused(
    version: bytes, headers: list[tuple[bytes, bytes]], status: int | None
) -> None:
    wrong = refused(version, headers)
    assert (wrong and wrong.status) == status


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/a?b=http://c/d", "/a?b=http://c/d"),
        ("http://h/a?b", "/a?b"),
        ("HTTPS://h:1/a/", "/a/"),
        ("http://h", "/"),
        ("http://h?b=/c", "/?b=/c"),
        ("*", "*"),
        ("//h/a", "//h/a"),
    ],
)
def test_of_an_absolute_target_path_and_query_are_left(target: str, path: str) -> None:
    assert origin_form(target) == path
