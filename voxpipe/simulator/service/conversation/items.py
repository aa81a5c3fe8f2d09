"""The items of a conversation: how they look on the wire, and how clients make them."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass, field
from typing import Any, Literal

from voxpipe.simulator.audio.sound import Sound, WireFormat, decode_audio
from voxpipe.simulator.errors import Refusal
from voxpipe.simulator.protocol.schema import (
    Shape,
    array,
    boolean,
    fields,
    matching,
    nullable,
    one_of,
    tagged,
    text,
)

ItemStatus = Literal["in_progress", "completed", "incomplete"]


@dataclass(slots=True)
class ContentPart:
    """One piece of a message's content.

    Attributes:
        type: ``input_text``, ``input_audio``, ``input_image``, ``output_text`` or
            ``output_audio``.
        text: of text parts, and the transcript of audio parts; ``None`` when unknown.
        sound: of audio parts.
        image: the other fields of an image part.
        words: of audio of the user: what was said, by the script or the client.
    """

    type: str
    text: str | None = None
    sound: Sound | None = None
    image: dict[str, Any] | None = None
    words: str | None = None

    def to_wire(self, *, with_audio: bool) -> dict[str, Any]:
        """As the protocol shows it."""
        shown: dict[str, Any] = {"type": self.type}
        if self.image is not None:
            return shown | self.image
        if self.sound is None:
            return shown | {"text": self.text}
        if with_audio:
            shown["audio"] = self.sound.base64()
        return shown | {"transcript": self.text}


@dataclass(slots=True)
class Item:
    """A message, a function call, its output, or one of those of MCP.

    Attributes:
        content: of messages.
        call: all fields of its own that the others have.
        phase: ``commentary`` or ``final_answer``, of the messages of 2.x models.
        revision: how often it was changed after it was done; caches look at it.
    """

    id: str
    type: str = "message"
    role: str = ""
    status: ItemStatus = "completed"
    content: list[ContentPart] = field(default_factory=list[ContentPart])
    call: dict[str, Any] = field(default_factory=dict[str, Any])
    phase: str | None = None
    revision: int = 0
    truncated: bool = False

    def to_wire(self, *, with_audio: bool = False) -> dict[str, Any]:
        """As the protocol shows it; with audio only when it is retrieved."""
        shown: dict[str, Any] = {"id": self.id, "type": self.type}
        if not self.type.startswith("mcp_"):  # those have none
            shown["status"] = self.status
        if self.type != "message":
            return shown | self.call
        shown["role"] = self.role
        shown["content"] = [
            part.to_wire(with_audio=with_audio) for part in self.content
        ]
        if self.phase is not None:
            shown["phase"] = self.phase
        return shown

    @property
    def words(self) -> str | None:
        """What is said in it, as far as anybody knows."""
        # A transcript may only say how long somebody spoke: that is not what they said.
        known = [part.words if part.sound else part.text for part in self.content]
        return " ".join(each for each in known if each) or None

    @property
    def texts(self) -> list[str]:
        """What its own fields say, apart from content."""
        return [value for value in self.call.values() if isinstance(value, str)]

    @property
    def result(self) -> list[str]:
        """What a call of an MCP tool gave back, or why not, once there is something."""
        error = self.call.get("error")
        if error is not None:
            return [error["message"]]
        return [self.call["output"]] if "output" in self.call else []

    @property
    def speech(self) -> Sound | None:
        """The assistant audio of its first part, if that is what it holds."""
        if self.role == "assistant" and self.content:
            return self.content[0].sound
        return None


_ID = text(64)
_COMMON: dict[str, Shape] = {
    "id": _ID,
    "status": one_of("completed", "incomplete", "in_progress"),
    "object": one_of("realtime.item"),
}
_TEXT = text(1 << 20)
_WRITTEN = fields({"text": _TEXT}, "text")
_PICTURES = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"  # as PNG and JPEG files begin
_IMAGE_START = re.compile(r"data:image/(?:png|jpeg);base64,")


def _image_url(value: Any, path: str) -> Any:
    url = text(MAX_IMAGE)(value, path)
    start = _IMAGE_START.match(url)
    try:
        if start is not None and binascii.a2b_base64(
            url[start.end() :], strict_mode=True
        ).startswith(_PICTURES):
            return url
    except ValueError:
        pass
    raise Refusal(
        "invalid_value",
        f"Invalid '{path}': expected a base64-encoded data URI of a PNG or JPEG image "
        "('data:image/png;base64,…').",
        path,
    )


MAX_IMAGE = 20 * 1024 * 1024  # characters of a data URI

_CONTENT = {
    "user": tagged(
        "type",
        {
            "input_text": _WRITTEN,
            "input_audio": fields(
                {
                    "audio": text(1 << 25),  # 15 MiB as base64 is less
                    "transcript": _TEXT,
                },
                "audio",
            ),
            "input_image": fields(
                {
                    "image_url": _image_url,
                    "detail": one_of("auto", "low", "high"),
                },
                "image_url",
            ),
        },
    ),
    "assistant": tagged("type", {"output_text": _WRITTEN}),
    "system": tagged("type", {"input_text": _WRITTEN}),
}


def _message(role: str) -> Shape:
    return fields(_COMMON | {"content": array(_CONTENT[role], 256)}, "content")


_KINDS: dict[str, Shape] = {
    "message": tagged("role", {role: _message(role) for role in _CONTENT}),
    "function_call": fields(
        _COMMON
        | {
            "name": matching(r"[A-Za-z0-9_-]{1,64}", "the name of a function"),
            "call_id": _ID,
            "arguments": _TEXT,
        },
        "name",
        "arguments",
    ),
    "function_call_output": fields(
        _COMMON | {"call_id": _ID, "output": _TEXT}, "call_id", "output"
    ),
    "mcp_approval_response": fields(
        {
            "id": _ID,
            "approval_request_id": _ID,
            "approve": boolean,
            "reason": nullable(_TEXT),
        },
        "approval_request_id",
        "approve",
    ),
}
# Of MCP's items the others are the service's. A reference is an input, never an item.
ITEM = tagged("type", _KINDS)
REFERENCE = fields({"id": _ID}, "id")
ITEM_OR_REFERENCE = tagged("type", _KINDS | {"item_reference": REFERENCE})


def make_item(
    checked: dict[str, Any], path: str, new_id: str, format: WireFormat
) -> Item:
    """An item from what a client sent, after `ITEM` has checked it.

    Args:
        checked: the client's object.
        path: where it stood in the event, for messages.
        new_id: used when the client chose none.
        format: of the session's input audio.

    Raises:
        Refusal: audio that is not audio.
    """
    item = Item(checked.get("id") or new_id, checked["type"])
    if item.type != "message":
        shown = checked.keys() - _COMMON.keys() - {"type"}
        item.call = {name: checked[name] for name in checked if name in shown}
        return item
    item.role = checked["role"]
    for index, part in enumerate(checked["content"]):
        item.content.append(_part(part, f"{path}.content[{index}]", format))
    return item


def _part(part: dict[str, Any], path: str, format: WireFormat) -> ContentPart:
    kind = part["type"]
    if kind == "input_audio":
        data = decode_audio(part["audio"], f"{path}.audio", format)
        said, sound = part.get("transcript"), Sound(format, bytearray(data))
        return ContentPart(kind, said, sound, words=said)
    if kind == "input_image":
        detail = part.get("detail", "auto")
        image = {
            "image_url": part["image_url"],
            "detail": "high" if detail == "auto" else detail,
        }
        return ContentPart(kind, image=image)
    return ContentPart(kind, part["text"])
