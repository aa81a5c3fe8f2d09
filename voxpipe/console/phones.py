"""The carriers that `voxpipe serve` answers, and what it says of them at its start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap

from voxpipe.pipeline import ConfigurationError
from voxpipe.transports.telephony.carrier.carrier import Carrier
from voxpipe.transports.telephony.carrier.endpoints import ANSWER
from voxpipe.transports.telephony.exotel import Exotel
from voxpipe.transports.telephony.genesys import Genesys
from voxpipe.transports.telephony.plivo import Plivo
from voxpipe.transports.telephony.telnyx import Telnyx
from voxpipe.transports.telephony.twilio import Twilio
from voxpipe.transports.telephony.vonage import Vonage

CARRIERS: tuple[type[Carrier], ...] = (Twilio, Telnyx, Plivo, Vonage, Exotel, Genesys)

_INDENT = " " * 12


def carriers(environment: Mapping[str, str]) -> list[Carrier]:
    """All that can be answered, each with the credentials that are there.

    Raises:
        ConfigurationError: some that cannot be used; says which variables.
    """
    found = list[Carrier]()
    for each in CARRIERS:
        # Files of variables like to have a blank or a newline at the end of a value.
        given = [environment.get(name, "").strip() for name in each.variables]
        try:
            found.append(each(*given))
        except ConfigurationError as error:
            names = " and ".join(each.variables)
            raise ConfigurationError(f"{names}, for {each.name}: {error}") from None
    return found


def told(carriers: Sequence[Carrier], base: str) -> str:
    """Where they are to ask and to stream; and for the known ones, how to set it."""
    known = [each for each in carriers if each.is_known]
    open_ = known or carriers  # nobody is checked
    closed = [each for each in carriers if each not in open_]
    stream = "ws" + base.removeprefix("http")
    lines = ["  webhook   " + "\n".join(_webhooks(open_, base)).lstrip()]
    streams = f"\n{_INDENT}".join(stream + each.path for each in open_)
    lines.append("  stream    " + streams)
    lines += [
        f"  closed    {each.path}: set {' and '.join(each.variables)}"
        for each in closed
    ]
    return "\n".join(lines)


def _webhooks(carriers: Sequence[Carrier], base: str) -> Iterator[str]:
    for each in carriers:
        if each.has_webhook:
            yield f"{_INDENT}{base}{each.path}{ANSWER}"
        if each.is_known:
            yield from wrap(
                f"({each.console})",
                88,
                initial_indent=_INDENT,
                subsequent_indent=_INDENT + " ",
            )
