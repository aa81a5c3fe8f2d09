"""Genesys's side of a session for tests: it numbers its messages, and checks ours."""

from __future__ import annotations

import json
from typing import Any

from anyio import current_time

from ..carrier.wire import Wire

SESSION = "30b0e395-84d3-4570-ac13-9a62d8f514c0"
ORGANIZATION = "d7934305-0972-4844-938e-9060eef73d05"
CONVERSATION = "090eaa2f-72fa-480a-83e0-8667ff89c0ec"
PCMU = {"type": "audio", "format": "PCMU", "channels": ["external"], "rate": 8000}
L16 = PCMU | {"format": "L16"}
STEREO = PCMU | {"channels": ["external", "internal"]}


def message(kind: str, seq: int = 2, serverseq: int = 0, **parameters: Any) -> str:
    value = {
        "version": "2",
        "id": SESSION,
        "type": kind,
        "seq": seq,
        "serverseq": serverseq,
        "position": "PT0S",
        "parameters": parameters,
    }
    return json.dumps(value)


def opening(**changes: Any) -> str:
    parameters: dict[str, Any] = {
        "organizationId": ORGANIZATION,
        "conversationId": CONVERSATION,
        "participant": {
            "id": "883efee8-3d6c-4537-b500-6d7ca4b92fa0",
            "ani": "+15550100",
            "aniName": "Ada",
            "dnis": "+15550199",
        },
        "media": [STEREO, L16, PCMU],
        "inputVariables": {"table": "4"},
    }
    return message("open", 1, **(parameters | changes))


class Hook(Wire):
    """The socket of a session.

    Attributes:
        seq: of the last message.
        orders: the moment and the messages of text that came.
        audio: the moment and the audio.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seq = 1  # that of `opening`
        self.orders: list[tuple[float, dict[str, Any]]] = []
        self.audio: list[tuple[float, bytes]] = []

    def tell(self, kind: str, position: float = 0.0, **parameters: Any) -> None:
        self.seq += 1
        text = message(kind, self.seq, len(self.orders), **parameters)
        self.post(text.replace("PT0S", f"PT{position:g}S", 1))

    async def send(self, message: str | bytes, /) -> None:
        await super().send(message)
        if isinstance(message, bytes):
            self.audio.append((current_time(), message))
            return
        order = json.loads(message)
        self.orders.append((current_time(), order))
        assert order["version"] == "2"
        assert order["id"] == SESSION
        assert order["seq"] == len(self.orders)
        assert 1 <= order["clientseq"] <= self.seq

    def kinds(self) -> list[str]:
        return [order["type"] for _, order in self.orders]
