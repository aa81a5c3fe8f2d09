"""What clients do to items by hand: create, retrieve, truncate, delete."""

from __future__ import annotations

from typing import Any

from voxpipe.simulator.audio.sound import Sound, wire_format
from voxpipe.simulator.errors import Refusal
from voxpipe.simulator.protocol.journal import counted

from .conversation.conversation import DefaultConversation
from .conversation.items import ITEM, Item, make_item
from .mcp.servers import McpServers
from .responses.script_reader import ScriptReader
from .session.state import SessionState


class ItemEvents:
    """Follows a client's ``conversation.item.…`` events, whose shape was checked."""

    def __init__(
        self, session: SessionState, mcp: McpServers, reader: ScriptReader
    ) -> None:
        self._reader = reader
        self._session = session
        self._mcp = mcp

    def create(self, event: dict[str, Any], now: float) -> None:
        """Add the client's item.

        Raises:
            Refusal: the item will not do, or ``previous_item_id`` is not there.
        """
        session = self._session
        item = make_item(
            ITEM(event["item"], "item"),
            "item",
            session.ids.new("item"),
            wire_format(session.config.input["format"]),
        )
        if item.type == "function_call":
            item.call.setdefault("call_id", session.ids.call())
        approval = item.type == "mcp_approval_response"
        if approval:
            self._mcp.check(item)
        session.conversation.add(item, event.get("previous_item_id"))
        self._reader.told(item)
        session.journal.note(_came(item, session.conversation))
        session.announce(item)
        session.conclude(item)
        if approval:
            self._mcp.answer(item.call, now)

    def retrieve(self, event: dict[str, Any]) -> None:
        """Show an item with its audio.

        Raises:
            Refusal: there is no such item.
        """
        item = self._find(
            event["item_id"],
            "item_retrieve_invalid_item_id",
            "Error retrieving item: the item with id '{}' does not exist.",
        )
        self._session.outbox.emit(
            "conversation.item.retrieved", item=item.to_wire(with_audio=True)
        )

    def delete(self, event: dict[str, Any]) -> None:
        """Take an item out.

        Raises:
            Refusal: there is no such item.
        """
        item = self._find(
            event["item_id"],
            "item_delete_invalid_item_id",
            "Error deleting item: the item with id '{}' does not exist.",
        )
        self._session.conversation.remove(item.id)
        self._session.outbox.emit("conversation.item.deleted", item_id=item.id)

    def truncate(self, event: dict[str, Any]) -> None:
        """Cut assistant audio at what was heard; its transcript goes with the rest.

        Raises:
            Refusal: no such item, no assistant audio in it, or less than is to be kept.
        """
        item = self._find(
            event["item_id"],
            "item_truncate_invalid_item_id",
            "Item with item_id not found: {}",
        )
        end = int(event["audio_end_ms"])
        sound = self._to_cut(item, event.get("content_index", 0), end)
        held = len(sound.data)
        sound.cut(end)
        self._session.conversation.hold(len(sound.data) - held)
        item.content[0].text = None
        item.truncated = True
        item.revision += 1
        self._session.outbox.emit(
            "conversation.item.truncated",
            item_id=item.id,
            content_index=0,
            audio_end_ms=end,
        )

    def _to_cut(self, item: Item, index: int, end: int) -> Sound:
        """The sound that can be cut at ``end``."""
        sound = item.speech
        if sound is None or not sound.length or index != 0:
            raise Refusal(
                "unsupported_content_type",
                "Only model output audio messages can be truncated",
                "item_id",
            )
        if item.truncated:
            raise Refusal(
                "item_already_truncated",
                f"Item with item_id has already been truncated: {item.id}",
                "item_id",
            )
        if end > sound.ms:
            raise Refusal(
                "invalid_value",
                f"Audio content of {sound.ms}ms is already shorter than {end}ms",
                "audio_end_ms",
            )
        return sound

    def _find(self, id: str, code: str, message: str) -> Item:
        item = self._session.conversation.get(id)
        if item is None:
            raise Refusal(code, message.format(id[:64]), "item_id")
        return item


def _came(item: Item, conversation: DefaultConversation) -> str:
    """What the client has put in, without its words."""
    if item.type == "function_call_output":
        call_id, output = item.call.get("call_id"), item.call["output"]
        calls = (each for each in conversation if each.type == "function_call")
        name = next((c.call["name"] for c in calls if c.call["call_id"] == call_id), "")
        return f"the tool {name} answers ({counted(len(output), 'character')})"
    if item.type != "message":
        return f"an item comes: {item.type}"
    if item.role == "user" and item.words:
        return f"typed {counted(len(item.words.split()), 'word')}"
    return f"an item comes: a message by the {item.role}"
