"""What is asked of any carrier for one call: read here, once."""

from __future__ import annotations

import re

from voxpipe.pipeline import ConfigurationError

RING = 30.0  # seconds; some five rings, and shorter than most mailboxes wait
QUEUED = 60.0  # seconds that a carrier may take until it rings, and from there to us
# ITU-T E.164: 15 digits at most; SIP addresses as in RFC 3261, without spaces.
_NUMBER = re.compile(r"\+[1-9]\d{1,14}", re.ASCII)
_ADDRESS = re.compile(r"sips?:[\x21-\x7e]{1,255}")


def check_numbers(to: str, from_: str) -> None:
    """Refuse what no carrier could call, without repeating it.

    Raises:
        ConfigurationError: says which, and what was expected.
    """
    if not (_NUMBER.fullmatch(to) or _ADDRESS.fullmatch(to)):
        raise ConfigurationError(
            "to= is a number such as +15550100123 (a plus, the country's code, digits "
            "only), or sip:…"
        )
    if not _NUMBER.fullmatch(from_):
        raise ConfigurationError(
            "from_= is a number of yours such as +15550100123 (a plus, the country's "
            "code, digits only)"
        )


def check_ring(seconds: float) -> int:
    """Whole seconds that it may ring.

    Raises:
        ConfigurationError: fewer than 5, or more than 120: not every carrier does so.
    """
    if not 5 <= seconds <= 120:
        raise ConfigurationError(f"ring= is 5 to 120 seconds, not {seconds:g}")
    return round(seconds)
