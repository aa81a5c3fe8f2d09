"""Money: what each reply and each transcript has cost, as the service counts tokens."""

from __future__ import annotations

from voxpipe.pipeline import Usage
from voxpipe.processors.realtime import events as ev
from voxpipe.processors.realtime.config.settings import Settings
from voxpipe.processors.realtime.money.prices import Bill, cost_usd, transcription_usd

from .outbox import Outbox


class UsageMeter:
    """Keeps the bill of a session.

    Args:
        settings: the models that are paid for.
        effects: where each item of the bill is told.
        host: that is talked to; regional ones cost more.

    Attributes:
        bill: the total.
    """

    def __init__(self, settings: Settings, effects: Outbox, host: str = "") -> None:
        self._settings = settings
        self._host = host
        self._effects = effects
        self.bill = Bill()

    def configure(self, settings: Settings) -> None:
        """Other settings are in force."""
        self._settings = settings

    def reply(self, response: ev.Response) -> None:
        """A reply has been made."""
        if response.usage is None:
            return
        tokens = response.usage.by_class()
        cost = cost_usd(self._settings.model, tokens, self._host)
        self.bill.add(tokens, cost)
        usage = Usage(kind="reply", tokens=tokens, cost_usd=cost, reply_id=response.id)
        self._effects.tell("usage", usage)

    def transcription(self, event: ev.TranscriptionEvent) -> None:
        """The caller's words have been written down."""
        if event.usage is None:
            return
        tokens = event.usage.by_class()
        transcriber = self._settings.transcriber
        model = transcriber.model if transcriber else ""
        cost = transcription_usd(model, tokens, event.usage.seconds, self._host)
        self.bill.add({}, cost)
        usage = Usage(
            kind="transcription", tokens=tokens, cost_usd=cost, reply_id=event.item_id
        )
        self._effects.tell("usage", usage)
