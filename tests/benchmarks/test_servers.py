"""That what calls the servers speaks their protocol, and sees what they use."""

from __future__ import annotations

import pytest

from benchmarks import servers

from ..websocket.ends import Ends, on_a_wire


def test_the_frames_that_are_sent_are_read() -> None:
    def scene(ends: Ends) -> None:
        ends.feed(servers.frame(servers.MEDIA))
        assert ends.heard.messages == [servers.MEDIA.decode()]

    on_a_wire("websockets", scene)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["voxpipe", "websockets", "uvicorn", "hypercorn"])
def test_a_server_is_called_and_its_time_is_seen(name: str) -> None:
    outcome = servers.trial(name, "asyncio", 5, 0.4)
    assert outcome.cost > 1
