"""What a carrier has before it plays it, so that a late message makes no gap."""

from __future__ import annotations

import pytest

from voxpipe.pipeline import Turn
from voxpipe.pipeline.playout import LEAD
from voxpipe.transports.telephony.testing.words import Play

from ..carrier.wire import Talk, said
from .table import WIRES

FRAME = 0.02  # seconds


@pytest.mark.parametrize("frame", [FRAME, 0.3])
@pytest.mark.parametrize("name", WIRES)
def test_in_mid_reply_a_carrier_has_as_much_ahead_whatever_its_pieces_are(
    name: str, frame: float
) -> None:
    words = WIRES[name]()
    says = said(Turn(), 3.0, words.format, frame)
    talk = Talk(words.call, [*words.opening({})], says)
    ahead, dry_at = list[float](), 0.0
    for at, message in talk.sent():
        order = words.read(message)
        if isinstance(order, Play):
            ahead.append(dry_at - at)
            dry_at = max(dry_at, at) + len(order.audio) / words.format.bytes_per_second
    began = next(n for n, seconds in enumerate(ahead) if seconds > LEAD - FRAME)
    assert min(ahead[began:-1]) >= LEAD - 2 * FRAME
