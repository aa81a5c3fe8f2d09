"""What a carrier owes at our endpoints: a class for each, with all that is its own."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import ClassVar

from voxpipe.transports.telephony.forms import BadRequest
from voxpipe.transports.telephony.placed import PlacedCall

from .call import CarrierCall
from .fields import NAME
from .request import Request


@dataclass(frozen=True, slots=True)
class Asked:
    """What a webhook was told.

    Attributes:
        call_id: the carrier's name for the call.
        caller: who is calling; empty where it does not say.
        called: the number that they called; likewise.
        is_over: it tells of the end of the call, and asks nothing.
        is_news: it tells what else becomes of it, and asks nothing either.
    """

    call_id: str
    caller: str = field(default="", repr=False)
    called: str = field(default="", repr=False)
    is_over: bool = False
    is_news: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a webhook answers: the text, which can hold a ticket, and its media type."""

    text: str = field(repr=False)
    kind: str = "text/xml"


class Carrier:
    """One account at a carrier, by whose credentials it is known.

    A carrier tells its webhook (``/twilio/answer``) of a call, is told where to stream,
    and brings the ticket of that answer back in the first messages of the stream. One
    without a webhook (`has_webhook`) opens streams by itself, each known by what it is
    signed with. Where that has a time in it, one before its `Carrier` was made is
    refused: somebody may have overheard it, and nobody here knows any more whether it
    has come.

    Args:
        credentials: in the order of `variables`; without them it knows nobody.

    Attributes:
        name: for people.
        path: where its streams come; its webhook is at ``/answer`` behind that.
        call: one call over its WebSocket.
        variables: of the environment, in which its credentials are.
        credentials: what to give, and where it is found, for people.
        console: where its webhook is to be set, for people.
        unsigned: what was expected of a request that it has not signed.
        ticket: the parameter in which a stream brings its ticket back.
        has_webhook: it asks what to do with a call.
        signs_streams: each upgrade to one, as `has_opened` sees; if not, nobody but the
            carrier knows at which URL a stream is expected.
        streams_orders: a call that was placed streams to its order's own URL, without
            a ticket.
        is_known: there are credentials, so that it can be told from anybody else.
    """

    name: ClassVar[str]
    path: ClassVar[str]
    call: ClassVar[type[CarrierCall]]
    variables: ClassVar[tuple[str, ...]]
    credentials: ClassVar[str]
    console: ClassVar[str]
    unsigned: ClassVar[str]
    ticket: ClassVar[str] = "voxpipe-ticket"
    has_webhook: ClassVar[bool] = True
    signs_streams: ClassVar[bool] = True
    streams_orders: ClassVar[bool] = False

    is_known: bool

    def __init__(self, *credentials: str | None) -> None:
        raise NotImplementedError

    def has_asked(self, request: Request) -> bool:
        """Whether this request to the webhook is the carrier's.

        Raises:
            BadRequest: it cannot be read.
        """
        raise NotImplementedError

    def has_opened(self, request: Request) -> bool:
        """Whether this upgrade to a stream is, where it `signs_streams`."""
        return not self.signs_streams

    def is_of(self, call: CarrierCall, request: Request) -> bool:
        """Whether a stream begins as the upgrade has said that `has_opened` it."""
        return True

    def asked(self, request: Request) -> Asked:
        """What a request to the webhook says.

        Raises:
            BadRequest: it is none of the carrier's.
        """
        raise NotImplementedError

    def answer(self, url: str, ticket: str) -> Answer:
        """Have the call streamed, both ways.

        Args:
            url: ``wss://``, without a query.
            ticket: that the stream is to bring back; hexadecimal digits.
        """
        raise NotImplementedError

    def answer_to(self, asked: Asked, url: str, ticket: str) -> Answer:
        """Likewise, for a carrier whose stream is to be told which call it is."""
        return self.answer(url, ticket)

    def noted(self) -> Answer:
        """Thank you, there is nothing to be done."""
        return Answer("<Response/>")

    def heed(
        self, placed: PlacedCall | None, part: str | None, request: Request
    ) -> bool:
        """Take note of what it tells of a call that was placed, at the order's own URL.

        Args:
            placed: the order; ``None`` if it is over, or was none.
            part: of the URL, behind the order's token.
            request: the carrier's.

        Returns:
            Whether it is to be answered as a call that comes in.

        Raises:
            BadRequest: it cannot be read.
        """
        raise BadRequest(404, f"expected no calls that are placed by {self.name}")

    def parting(self) -> Answer:
        """Let go who has picked up, without a word."""
        return self.noted()

    def take_ticket(self, parameters: MutableMapping[str, str]) -> str | None:
        """The ticket that came with a stream, out of its parameters."""
        return parameters.pop(self.ticket, None)


def call_id_of(fields: Mapping[str, str], name: str) -> str:
    """The carrier's name for a call, in the field ``name``.

    Raises:
        BadRequest: there is none, or something else.
    """
    call_id = fields.get(name, "")
    if NAME.fullmatch(call_id) is None:
        raise BadRequest(400, f"expected the {name} of a call")
    return call_id
