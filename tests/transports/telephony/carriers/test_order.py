"""Messages in another order than they were sent in, and messages that come twice.

A WebSocket keeps them in order, and Telnyx alone says that what it puts into it may not
be. The others are believed: what they send is heard as it comes.
"""

from __future__ import annotations

from base64 import b64encode

import pytest
from anyio import sleep

from voxpipe.transports.telephony.telnyx import TelnyxCall

from ..carrier.wire import Talk, Wire
from .table import WIRES

CAME = (1, 2, 4, 3, 3, 5, 6, 6, 8, 7, 9)  # the numbers of 20 ms each
SHUFFLED = [name for name in WIRES if WIRES[name]().call is TelnyxCall]


@pytest.mark.parametrize("name", WIRES)
def test_what_comes_out_of_order_or_twice_is_heard_in_order_and_once_where_it_may(
    name: str,
) -> None:
    words = WIRES[name]()
    size = words.format.bytes_in(0.02)

    def frame(number: int) -> bytes:
        return bytes([number]) * size

    opening = [*words.opening({})]
    messages = [words.media(b64encode(frame(n)).decode(), n) for n in CAME]

    async def hang_up(call: object, wire: Wire) -> None:
        wire.post(*messages, *words.stop())
        await sleep(1.0)
        wire.leave()  # which is all that some say

    talk = Talk(words.call, opening, [5.0], hang_up)
    numbers = sorted(set(CAME)) if name in SHUFFLED else CAME
    assert talk.heard.data == b"".join(map(frame, numbers))
    assert talk.call.ended == "caller"
