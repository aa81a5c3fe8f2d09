"""Money: what each reply and each transcript has cost, as the service counts tokens."""

from __future__ import annotations

from voxpipe.pipeline import Usage
from voxpipe.processors.realtime import events as ev
from voxpipe.processors.realtime.money.prices import Bill, cost_usd, speech_usd

from .outbox import Outbox
from .response import Response
from .updates import SessionSettings


class UsageMeter:
    """Keeps the bill of a session.

    Args:
        in_force: the models that are paid for.
        outbox: where each item of the bill is told.
        host: that is talked to; regional ones cost more.

    Attributes:
        bill: the total.
    """

    def __init__(
        self, in_force: SessionSettings, outbox: Outbox, host: str = ""
    ) -> None:
        self._in_force = in_force
        self._outbox = outbox
        self._host = host
        self.bill = Bill()

    def response(self, told: ev.Response, response: Response) -> None:
        """A response has been made; or its bill is told, which was thought lost."""
        if told.usage is None:
            return
        tokens = response.tokens or told.usage.by_class()
        cost = cost_usd(self._in_force.settings.model, tokens, self._host)
        self.bill.add(tokens, cost)
        if "usage" in self._outbox.told:
            name = response.id
            usage = Usage(kind="reply", tokens=tokens, cost_usd=cost, reply_id=name)
            self._outbox.tell("usage", usage)

    def transcription(self, event: ev.TranscriptionEvent, now: float) -> None:
        """The caller's words have been written down."""
        if event.usage is None:
            return
        tokens = event.usage.by_class()
        transcriber = self._in_force.settings.transcriber
        model = transcriber.model if transcriber else ""
        seconds = event.usage.seconds or 0.0
        cost = speech_usd(model, tokens, seconds, self._host)
        self.bill.add({}, cost)
        usage = Usage(
            kind="transcription", tokens=tokens, cost_usd=cost, reply_id=event.item_id
        )
        self._outbox.tell("usage", usage)
