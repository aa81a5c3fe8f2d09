"""What sessions that are asked for over REST have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from voxpipe.simulator.errors import Refusal, quoted
from voxpipe.simulator.protocol.schema import text
from voxpipe.simulator.protocol.session_schema import MODELS

DEFAULT_MODEL = "gpt-realtime"


def check_model(model: Any, known: Sequence[str] = MODELS) -> str:
    """A model that the service knows.

    Raises:
        Refusal: it does not.
    """
    name: str = text(128)(model, "session.model")
    if name not in known:
        raise Refusal(
            "invalid_model",
            f"Model {quoted(name)} is not supported here. Supported models "
            f"are: {', '.join(known)}.",
            "session.model",
        )
    return name
