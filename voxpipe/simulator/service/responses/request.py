"""What a response is asked for: a ``response.create`` over the session's settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from voxpipe.simulator.audio.sound import WireFormat, wire_format
from voxpipe.simulator.errors import Refusal
from voxpipe.simulator.protocol.schema import (
    Shape,
    an_object,
    array,
    boolean,
    one_of,
    overrides,
    text,
)
from voxpipe.simulator.protocol.session_config import check_reasoning_field
from voxpipe.simulator.protocol.session_schema import (
    FORMAT,
    PROMPT,
    REASONING,
    TOOL_CHOICE,
    TOOLS,
    VOICE,
    max_output_tokens,
    modalities,
    reasons,
)
from voxpipe.simulator.service.conversation.items import (
    ITEM_OR_REFERENCE,
    Item,
    make_item,
)
from voxpipe.simulator.service.session.state import SessionState

from .script_reader import Wish


def _metadata(value: Any, path: str) -> Any:
    pairs = an_object(value, path)
    if len(pairs) > 16:
        raise Refusal(
            "object_above_max_properties",
            f"Invalid '{path}': at most 16 pairs, but got {len(pairs)}.",
            path,
        )
    for key, each in pairs.items():
        text(64)(key, path)
        text(512)(each, f"{path}.{key}")
    return pairs


# Known of `instructions` from clients that live on it; of the others it is inferred.
RESPONSE: Shape = overrides(
    {
        "conversation": one_of("auto", "none"),
        "input": array(ITEM_OR_REFERENCE, 1000),
        "instructions": text(),
        "audio": overrides({"output": overrides({"format": FORMAT, "voice": VOICE})}),
        "output_modalities": modalities,
        "max_output_tokens": max_output_tokens,
        "metadata": _metadata,
        "tools": TOOLS,
        "tool_choice": TOOL_CHOICE,
        "parallel_tool_calls": boolean,
        "reasoning": REASONING,
        "prompt": PROMPT,
    }
)


Offered = Callable[[Sequence[dict[str, Any]]], Sequence[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class ResponseRequest:
    """Everything that holds for one response.

    Attributes:
        wish: what decides the words.
        instructions: in force, the response's own or the session's.
        items: the model's input.
        modality: ``audio`` or ``text``.
        limit: output tokens; ``None`` for as many as it takes.
        reasons: whether the model thinks before it speaks.
    """

    wish: Wish
    instructions: str
    items: list[Item]
    modality: str
    audio: dict[str, Any]
    speed: float
    limit: int | None
    metadata: dict[str, str] | None
    reasons: bool

    @property
    def aside(self) -> bool:
        """Whether it is out of band."""
        return self.wish.aside

    @property
    def voice(self) -> str:
        """The name of the voice; of a custom one the id."""
        voice: str | dict[str, str] = self.audio["voice"]
        return voice if isinstance(voice, str) else voice["id"]

    @property
    def format(self) -> WireFormat:
        """Of the audio that it makes."""
        return wire_format(self.audio["format"])


def read_request(
    session: SessionState, params: Any, offered: Offered
) -> ResponseRequest:
    """Check a ``response`` object and put it over the session's settings.

    Args:
        session: whose settings hold.
        params: the object.
        offered: gives, for tools as they are declared, those that can be called.

    Raises:
        Refusal: naming the first field that will not do.
    """
    asked = RESPONSE(params, "response")
    for name in ("reasoning", "parallel_tool_calls"):
        if name in asked:
            check_reasoning_field(session.config.model, f"response.{name}")
    now = session.config.now
    settings = {**now, **asked}
    output = {**now["audio"]["output"], **asked.get("audio", {}).get("output", {})}
    aside = asked.get("conversation") == "none"
    reasoning: dict[str, Any] = settings.get("reasoning") or {}
    limit = settings["max_output_tokens"]
    return ResponseRequest(
        Wish(
            asked.get("instructions"),
            offered(settings["tools"]),
            settings["tool_choice"],
            aside,
        ),
        settings["instructions"],
        _input(session, asked),
        settings["output_modalities"][0],
        {"format": output["format"], "voice": output["voice"]},
        output["speed"],
        None if limit == "inf" else limit,
        asked.get("metadata"),
        reasons(session.config.model) and reasoning.get("effort") != "none",
    )


def _input(session: SessionState, asked: dict[str, Any]) -> list[Item]:
    if "input" not in asked:
        return list(session.conversation)
    format = wire_format(session.config.input["format"])
    items: list[Item] = []
    for index, each in enumerate(asked["input"]):
        path = f"response.input[{index}]"
        if each["type"] == "item_reference":
            items.append(_referred(session, each["id"], path))
        else:
            items.append(make_item(each, path, session.ids.new("item"), format))
    return items


def _referred(session: SessionState, id: str, path: str) -> Item:
    item = session.conversation.get(id)
    if item is None:
        raise Refusal(
            "invalid_value", f"Item with item_id not found: {id}", f"{path}.id"
        )
    return item
