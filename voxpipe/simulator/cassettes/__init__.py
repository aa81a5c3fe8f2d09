"""Cassettes: a session is recorded once, and replayed as often as a test likes.

    open_session(connect=recording("call.jsonl", websocket))  # writes it
    open_session(connect=replay("call.jsonl"))  # plays the service's part of it

A replay checks what the client sends. See docs/cassettes.md for the format.
"""

from .cassette import Cassette, CassetteError, CassetteMismatch, load_cassette
from .recorder import recording
from .replay import Players, replay

__all__ = [
    "Cassette",
    "CassetteError",
    "CassetteMismatch",
    "Players",
    "load_cassette",
    "recording",
    "replay",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this
