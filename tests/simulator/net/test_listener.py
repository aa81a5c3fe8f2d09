"""The simulator's port when there is no descriptor for another client."""

from __future__ import annotations

import pytest
from anyio import fail_after, wait_readable
from anyio.lowlevel import checkpoint

from tests.descriptors import no_descriptors
from voxpipe.simulator import Simulator, ToneVoice


async def test_when_descriptors_are_used_up_it_says_so_once_and_goes_on_later(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with Simulator(None, ToneVoice()) as server:
        with fail_after(20), no_descriptors() as kept, kept.socket() as client:
            client.connect(("127.0.0.1", server.port))
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            while not caplog.records:
                await checkpoint()
            kept.free(2)
            await wait_readable(client)
            assert client.recv(12) == b"HTTP/1.1 404"
    (line,) = [each.getMessage() for each in caplog.records]
    assert "Too many open files" in line
