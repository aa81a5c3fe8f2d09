from __future__ import annotations

import pytest

from voxpipe.console.demo.player import how_to_play


@pytest.mark.parametrize(
    ("installed", "platform", "told"),
    [
        ({"play", "aplay"}, "linux", "play call.wav"),
        ({"ffplay"}, "linux", "ffplay -autoexit -nodisp call.wav"),
        (set[str](), "win32", "start call.wav"),
        (set[str](), "linux", "open call.wav in any player"),
    ],
)
def test_it_names_a_program_that_is_there(
    installed: set[str], platform: str, told: str
) -> None:
    assert how_to_play("call.wav", installed.__contains__, platform) == told
