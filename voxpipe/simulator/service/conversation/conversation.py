"""The default conversation: items in their order, and how much of them is kept."""

from __future__ import annotations

from collections.abc import Iterator

from voxpipe.simulator.errors import Refusal

from .items import Item

MAX_ITEMS = 10_000
MAX_TEXT = 64 * 1024 * 1024  # characters of text and images
MAX_AUDIO = 64 * 1024 * 1024  # bytes, 23 minutes of audio/pcm


class DefaultConversation:
    """Items by id and by order.

    It keeps every item of a session, but not every sound: of the oldest ones only the
    durations stay, so that an hour of conversation has a bound.
    """

    def __init__(self, id: str) -> None:
        self.id = id
        self._items: dict[str, Item] = {}
        self._order: list[str] = []
        self._sizes: dict[str, int] = {}  # characters, as counted when it came
        self._text = 0
        self._audio = 0

    def __iter__(self) -> Iterator[Item]:
        return (self._items[id] for id in self._order)

    def __len__(self) -> int:
        return len(self._order)

    def __contains__(self, id: object) -> bool:
        return id in self._items

    def get(self, id: str) -> Item | None:
        """The item of this id, or nothing."""
        return self._items.get(id)

    @property
    def first_id(self) -> str | None:
        """The id of the first item, or nothing when there is none."""
        return self._order[0] if self._order else None

    @property
    def last_id(self) -> str | None:
        """The id of the last item, or nothing when there is none."""
        return self._order[-1] if self._order else None

    def before(self, id: str) -> str | None:
        """The id of the item before ``id``; nothing for the first."""
        place = self._place(id)
        return self._order[place - 1] if place else None

    def add(self, item: Item, after: str | None = None) -> None:
        """Insert ``item`` after the item ``after``, at the front for ``root``.

        Raises:
            Refusal: an id that is taken, an ``after`` that is not there, or no room.
        """
        if item.id in self._items:
            raise Refusal(
                "invalid_value",
                f"Item with item_id already exists: {item.id}",
                "item.id",
            )
        size = _text_size(item)
        if len(self) >= MAX_ITEMS or self._text + size > MAX_TEXT:
            raise Refusal(
                "conversation_too_large",
                f"This simulator keeps at most {MAX_ITEMS} items and {MAX_TEXT} "
                "characters in one conversation. Delete some items.",
            )
        self._order.insert(self._place_after(after), item.id)
        self._items[item.id] = item
        self._sizes[item.id] = size
        self._text += size
        self.hold(_audio_size(item))

    def hold(self, size: int) -> None:
        """Note that ``size`` more bytes of audio are held, and forget the oldest."""
        self._audio += size
        if self._audio <= MAX_AUDIO:
            return
        for item in self:
            if self._audio <= MAX_AUDIO // 2:
                break
            self._audio -= _audio_size(item)
            for part in item.content:
                if part.sound is not None:
                    part.sound.data.clear()

    def remove(self, id: str) -> None:
        """Take the item out; it must be there."""
        item = self._items.pop(id)
        self._order.remove(id)
        self._text -= self._sizes.pop(id)
        self._audio -= _audio_size(item)

    def _place_after(self, after: str | None) -> int:
        if after is None:
            return len(self._order)
        if after == "root":
            return 0
        if after not in self._items:
            raise Refusal(
                "invalid_value",
                f"Previous item with item_id not found: {after[:64]}",
                "previous_item_id",
            )
        return self._place(after) + 1

    def _place(self, id: str) -> int:
        # Almost always asked for one of the last ones.
        for place in range(len(self._order) - 1, -1, -1):
            if self._order[place] == id:
                return place
        raise KeyError(id)


def _text_size(item: Item) -> int:
    size = sum(len(value) for value in item.texts)
    for part in item.content:
        size += len(part.text or "")
        if part.image is not None:
            size += len(part.image["image_url"])
    return size


def _audio_size(item: Item) -> int:
    return sum(len(part.sound.data) for part in item.content if part.sound is not None)
