"""What sessions that are asked for over REST have in common."""

from __future__ import annotations

from typing import Any

from voxpipe.simulator.errors import Refusal, quoted
from voxpipe.simulator.wire.schema import text
from voxpipe.simulator.wire.session_schema import MODELS

DEFAULT_MODEL = "gpt-realtime"


def check_model(model: Any) -> str:
    """A model that the service knows.

    Raises:
        Refusal: it does not.
    """
    name: str = text(128)(model, "session.model")
    if name not in MODELS:
        raise Refusal(
            "invalid_model",
            f"Model {quoted(name)} is not supported in realtime mode. Supported models "
            f"are: {', '.join(MODELS)}.",
            "session.model",
        )
    return name
