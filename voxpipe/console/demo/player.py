"""What plays a recording on this machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from shutil import which

_PLAYERS = {
    "play": "play",  # of sox
    "afplay": "afplay",  # of macOS
    "pw-play": "pw-play",  # of PipeWire
    "paplay": "paplay",  # of PulseAudio
    "aplay": "aplay",  # of ALSA
    "ffplay": "ffplay -autoexit -nodisp",
    "xdg-open": "xdg-open",
}


def how_to_play(
    path: str,
    installed: Callable[[str], object] = which,
    platform: str = sys.platform,
) -> str:
    """A command that plays the file, or what to do where there is none.

    Args:
        path: of the recording.
        installed: whether a program is there.
        platform: as `sys.platform`.

    >>> how_to_play("call.wav", installed=lambda program: program == "aplay")
    'aplay call.wav'
    """
    for program, command in _PLAYERS.items():
        if installed(program):
            return f"{command} {path}"
    return f"start {path}" if platform == "win32" else f"open {path} in any player"
