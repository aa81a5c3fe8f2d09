"""The items of a conversation in the program's hands: list, change, summarise."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any
from uuid import uuid4

from anyio import Lock, current_time, fail_after, move_on_after

from voxpipe.pipeline import (
    AudioFormat,
    AudioFrame,
    TransportError,
    VoxpipeError,
)
from voxpipe.pipeline.runtime.wakeup import Wakeup
from voxpipe.processors.realtime import events as ev
from voxpipe.processors.realtime.errors import ItemRefused
from voxpipe.processors.realtime.protocol.conversation import Conversation
from voxpipe.processors.realtime.protocol.export import Export, exported
from voxpipe.processors.realtime.protocol.history import Entry, History
from voxpipe.processors.realtime.protocol.item_edits import Act, ItemEdit

from . import summary as sm

ANSWER_TIMEOUT = 10.0  # seconds for the service's word; it takes a round trip
# For an item with its audio: an hour of it has 230 MB. A line that is dead ends sooner.
RETRIEVE_TIMEOUT = 60.0
LOOK_INTERVAL = 1.0  # seconds between looks whether nobody speaks, if nothing is told
SHARE = 0.25  # of a budget, for the summary itself


class NoSummary(VoxpipeError):
    """The model has not summarised what it was asked to; nothing was changed."""


class Items:
    """What can be done to the items of a conversation; iterate for those there are.

    Each order is awaited until the service has answered. All of them raise:

    * `ItemRefused` when the service would not, with its code,
    * `SessionLost` when the session has ended first,
    * `TransportError` when there is no answer within 10 s; an item that is retrieved
      has 60 s to come.

    Args:
        conversation: whose items they are.
        format: of the session's audio.
        flush: sends what was ordered.
        moves: gives, for a block, what is set whenever the conversation moves.
        report: told of what `keep_within` could not do.
    """

    def __init__(
        self,
        conversation: Conversation,
        format: AudioFormat,
        flush: Callable[[], None],
        moves: Callable[[], AbstractContextManager[Wakeup]],
        report: Callable[[str], None],
    ) -> None:
        self._conversation = conversation
        self._format = format
        self._flush = flush
        self._report = report
        self._moves = moves
        self._summarising = Lock()
        self._summaries: set[str] = set()  # those that stand in the conversation

    def __repr__(self) -> str:
        return f"<Items {len(self._history)}>"

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._history)

    def __len__(self) -> int:
        return len(self._history)

    @property
    def tokens(self) -> int:
        """About how many tokens all items are, as input of the next reply."""
        return sum(sm.tokens_of(entry) for entry in self._history)

    async def create(self, item: dict[str, Any], *, after: str | None = None) -> Entry:
        """Put an item into the conversation, without asking for a reply.

        Args:
            item: as the service reads it; it gets an ``id`` if it has none.
            after: the item before it, or ``root`` for the beginning; default: the end.
        """
        item_id = str(item.get("id") or _new_id())
        fields = {} if after is None else {"previous_item_id": after}
        await self._done("create", item_id, item=item | {"id": item_id}, **fields)
        found = self._history.find(item_id)
        return found or Entry(item_id, "system")  # it was deleted since

    async def retrieve(self, item_id: str) -> ev.Item:
        """The item as the service holds it, with the audio in its content.

        `audio_of` makes a frame of that.
        """
        item = await self._done("retrieve", item_id)
        assert item is not None
        return item

    def audio_of(self, item: ev.Item) -> AudioFrame:
        """All audio of an item that was retrieved; empty for one that has none.

        Raises:
            FormatError: the service sent something else.
        """
        parts = [part.audio for part in item.content or () if part.audio]
        frames = [AudioFrame.from_base64(part, self._format) for part in parts]
        data = b"".join(b64decode(frame.base64) for frame in frames)
        return AudioFrame(data=data, format=self._format)

    async def truncate(self, item_id: str, seconds: float, *, part: int = 0) -> None:
        """Keep only so much of what the model has spoken, and none of its transcript.

        Replies that are interrupted are truncated without this.

        Args:
            item_id: one of the model's.
            seconds: of its audio that stay.
            part: which of its parts.

        Raises:
            ValueError: less than no time.
        """
        if not seconds >= 0:
            raise ValueError(f"expected 0 s or more to keep, got {seconds} s")
        end = round(seconds * 1000)
        await self._done("truncate", item_id, content_index=part, audio_end_ms=end)

    async def delete(self, item_id: str) -> None:
        """Take an item out of the conversation; the model does not know it any more."""
        await self._done("delete", item_id)

    async def summarise(self, budget_tokens: int) -> sm.Summary | None:
        """Have old turns replaced by a summary, so that all fits into a budget.

        The model writes it out of band; then, while nobody speaks, a system item takes
        the place of the old ones. System items of the program stay, as does the last
        turn, and a call is never parted from its result.

        Args:
            budget_tokens: for the items and the summary together, as `tokens` counts.

        Returns:
            What was done, or ``None`` where it fits already or nothing old may go.

        Raises:
            ValueError: a budget of nothing.
            NoSummary: the model has made none; nothing was changed.
        """
        if budget_tokens <= 0:
            raise ValueError(f"expected a budget in tokens, got {budget_tokens}")
        async with self._summarising:
            if self.tokens <= budget_tokens:
                return None
            await self._nobody_speaks()
            stay = budget_tokens * (1 - SHARE)
            old = sm.old_turns(self._history, stay, self._summaries)
            if not old:
                return None
            return await self._replace(old, budget_tokens * SHARE)

    async def keep_within(self, budget_tokens: int, *, every: float = 5.0) -> None:
        """Summarise whenever it gets too long; start it as a task beside the pipeline.

        It ends with the conversation. What goes wrong is reported, and tried again.

        Args:
            budget_tokens: as of `summarise`.
            every: seconds between two looks.
        """
        over = self._conversation.edits.over
        while not over.is_set():
            try:
                await self.summarise(budget_tokens)
            except (NoSummary, TransportError) as error:
                if not over.is_set():
                    self._report(f"old turns could not be summarised: {error}")
            with move_on_after(every):
                await over.wait()

    async def restore(self, history: History) -> Export:
        """Tell another session's conversation to this one, item by item.

        Returns:
            What was told, and what could not be.
        """
        told = exported(history)
        for item in told.items:
            await self.create(item)
        return told

    # --- inner workings

    @property
    def _history(self) -> History:
        return self._conversation.history

    async def _replace(self, old: Sequence[Entry], tokens: float) -> sm.Summary:
        asked = self._conversation.request(sm.request(old, tokens), current_time())
        self._flush()
        outcome = await asked.reply.outcome()
        if outcome.status != "completed" or not outcome.text.strip():
            raise NoSummary(
                f"the summary is {outcome.status}: {outcome.reason or 'it is empty'}"
            )
        await self._nobody_speaks()
        item = sm.item_with(outcome.text, _new_id())
        made = await self.create(item, after=self._before(old[0].item_id))
        self._summaries.add(made.item_id)
        await self._nobody_speaks()
        gone = [each for each in old if self._history.find(each.item_id) is not None]
        edits = [self._conversation.edits.ask("delete", e.item_id) for e in gone]
        self._flush()
        try:
            for edit in edits:
                await self._deleted(edit)
        finally:
            for edit in edits:
                self._conversation.edits.forget(edit)
        names = tuple(entry.item_id for entry in old)
        self._summaries.difference_update(names)
        return sm.Summary(made.item_id, outcome.text, names)

    async def _deleted(self, edit: ItemEdit) -> None:
        try:
            await self._answer(edit)
        except ItemRefused as refused:
            if refused.code != "item_delete_invalid_item_id":  # it is gone already
                raise

    def _before(self, item_id: str) -> str:
        before = "root"
        for entry in self._history:
            if entry.item_id == item_id:
                break
            before = entry.item_id
        return before

    async def _nobody_speaks(self) -> None:
        with self._moves() as moved:
            while not self._conversation.is_quiet:
                self._conversation.edits.check_open()
                # What is not begun in time tells nobody.
                with move_on_after(LOOK_INTERVAL):
                    await moved.wait()

    async def _done(self, act: Act, item_id: str, **fields: Any) -> ev.Item | None:
        edit = self._conversation.edits.ask(act, item_id, **fields)
        self._flush()
        return await self._answer(edit)

    async def _answer(self, edit: ItemEdit) -> ev.Item | None:
        patience = RETRIEVE_TIMEOUT if edit.act == "retrieve" else ANSWER_TIMEOUT
        try:
            with fail_after(patience):
                return await edit.answer()
        except TimeoutError:
            raise TransportError(
                f"expected the service's word on an order to {edit.act} an item, got "
                f"none within {patience:.0f} s"
            ) from None
        finally:
            self._conversation.edits.forget(edit)


def _new_id() -> str:
    return f"item_{uuid4().hex[:24]}"  # 29 characters; the service takes 32
