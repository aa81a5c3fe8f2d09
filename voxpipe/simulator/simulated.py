"""A simulated model in place of the service: `open_session` connects to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import ClassVar, Protocol
from urllib.parse import parse_qs, urlsplit

from .memory import MemoryConnection, connect_in_memory
from .protocol.session_config import LIFETIME, AnyKind
from .script.script import Script, checked_script
from .voices.speech import Voice
from .voices.tones import ToneVoice


class _Address(Protocol):
    """Where a client wants its session, as far as it matters here."""

    @property
    def url(self) -> str:
        """``wss://…/realtime?model=…``; nobody goes there."""
        ...


@dataclass(frozen=True, slots=True)
class Simulated:
    """Opens a session with a simulated model wherever one of the service is asked for.

    Attributes:
        numbers: of the sessions, which are opened one after the other.
        needs_key: no API key opens anything here, so none is looked for.
    """

    script: Script
    voice: Voice
    seed: int | None
    lifetime: float
    numbers: Iterator[int] = field(
        default_factory=lambda: count(1), repr=False, compare=False
    )
    needs_key: ClassVar[bool] = False

    def __call__(self, address: _Address) -> MemoryConnection:
        """Open the session that the address asks for: its kind and its model."""
        kind, model = _asked(address.url)
        number = next(self.numbers)
        return connect_in_memory(
            self.script,
            self.voice,
            kind=kind,
            model=model,
            deployment=urlsplit(address.url).path.startswith("/openai/"),
            seed=None if self.seed is None else self.seed + number - 1,
            lifetime=self.lifetime,
            number=number,
        )


def simulated(
    script: Script | None = None,
    voice: Voice | None = None,
    *,
    seed: int | None = None,
    lifetime: float = LIFETIME,
) -> Simulated:
    """Simulate the model: no key, no network, and in virtual time if the test is::

        async with open_session(connect=simulated(script)) as session:
            model = Realtime(session)

    It serves conversations, transcriptions and translations: what it is asked for.

    Args:
        script: what the model says and calls, in each session from the beginning;
            without one it says back what was typed, or how long it heard somebody.
        voice: how it sounds; by default a hum for each syllable (`ToneVoice`), for
            which nothing has to be installed.
        seed: makes all ids reproducible; those of each session are others.
        lifetime: seconds after which the service ends a session.

    Returns:
        What `open_session`, `open_transcription` and `open_translation` take as
        ``connect``.

    Raises:
        ScriptError: it is no script.
    """
    return Simulated(checked_script(script), voice or ToneVoice(), seed, lifetime)


def _asked(url: str) -> tuple[AnyKind, str | None]:
    """Which session a URL asks for, and the model; ``None`` for the newest."""
    where = urlsplit(url)
    query = parse_qs(where.query)
    model = query.get("model", [None])[0]
    if where.path.endswith("/translations"):
        return "translation", model
    if model is None and query.get("intent") == ["transcription"]:
        return "transcription", None
    return "realtime", model
