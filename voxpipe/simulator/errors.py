"""What the simulator refuses, in the words of the service where they are known.

A `Refusal` becomes an ``error`` event and the session goes on. A `CloseFrame` ends it.
"""

from __future__ import annotations

from typing import NamedTuple
from uuid import uuid4

from anyio import EndOfStream

from voxpipe.pipeline.errors import HowLost, SessionLost, VoxpipeError

EXPIRED = "Your session hit the maximum duration of 60 minutes."
NO_FRAME = 1006  # a close code that no frame has: the connection just ends, RFC 6455
_MAX_QUOTED = 60  # characters of a client's own value that a message repeats


class ScriptError(VoxpipeError):
    """A script that cannot be followed; the message names line, field and cure."""


class VoiceError(VoxpipeError):
    """A voice that could not speak."""


class ConnectionClosed(SessionLost, EndOfStream):
    """The in-memory connection is closed: for a model's client, the session is lost.

    Attributes:
        code: the WebSocket close code, as a real socket would have carried it;
            ``None`` without a close frame.
        reason: what the closing side gave as its reason.
    """

    def __init__(self, code: int, reason: str = "", *, how: HowLost = "closed") -> None:
        if how != "closed":
            super().__init__(_ENDS.get(how, how), how=how)
            return
        if code == NO_FRAME:
            super().__init__("it ended without a goodbye", how="ended")
            return
        super().__init__(f"closed with {code}", code=code, reason=reason, how="closed")


_ENDS = {
    "reset": "it was reset, without a goodbye",
    "silent": "nothing has come for 4.5 s, not even a pong",
}


class Refusal(Exception):
    """A client event that cannot be followed. The session survives it."""

    def __init__(
        self,
        code: str | None,
        message: str,
        param: str | None = None,
        *,
        type: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param
        self.type = type

    def body(self, event_id: str | None = None) -> dict[str, object]:
        """The ``error`` object of the event; ``event_id`` is the client's."""
        return {
            "type": self.type,
            "code": self.code,
            "message": self.message,
            "param": self.param,
            "event_id": event_id,
        }

    def event(self) -> dict[str, object]:
        """The whole ``error`` event, where no session makes its id."""
        id = f"event_{uuid4()}"
        return {"type": "error", "event_id": id, "error": self.body()}

    @property
    def close_reason(self) -> str:
        """What a close frame says where nothing can go on without what was asked."""
        return ".".join(filter(None, [self.type, self.code]))


class BadKey(Refusal):
    """A key that opens nothing, or none."""


class CloseFrame(NamedTuple):
    """The close frame that ends a session; with `NO_FRAME` there is none."""

    code: int
    reason: str


def quoted(value: object) -> str:
    """``value`` as an error message repeats it: short, and never a whole document."""
    if isinstance(value, str):
        text = value if len(value) <= _MAX_QUOTED else value[:_MAX_QUOTED] + "…"
        return f"'{text}'"
    if type(value) in (dict, list):
        return _named(value)
    text = repr(value)
    return text if len(text) <= _MAX_QUOTED else text[:_MAX_QUOTED] + "…"


def _named(value: object) -> str:
    names: dict[type, str] = {
        dict: "an object",
        list: "an array",
        str: "a string",
        bool: "a boolean",
        int: "an integer",
        float: "a number",
        type(None): "null",
    }
    return names.get(type(value), "something else")


def invalid_value(param: str, value: object, supported: tuple[str, ...]) -> Refusal:
    """An enum that has no such member."""
    listed = ", ".join(f"'{each}'" for each in supported)
    plural = "values are" if len(supported) > 1 else "value is"
    return Refusal(
        "invalid_value",
        f"Invalid value: {quoted(value)}. Supported {plural}: {listed}.",
        param,
    )


def invalid_type(param: str, value: object, expected: str) -> Refusal:
    """A value of another JSON type than the field has."""
    return Refusal(
        "invalid_type",
        f"Invalid type for '{param}': expected {expected}, "
        f"but got {_named(value)} instead.",
        param,
    )


def missing(param: str) -> Refusal:
    """A required field that is not there."""
    return Refusal(
        "missing_required_parameter", f"Missing required parameter: '{param}'.", param
    )


def unknown(param: str) -> Refusal:
    """A field that the protocol does not have."""
    return Refusal("unknown_parameter", f"Unknown parameter: '{param}'.", param)
