"""What the parts of one session share."""

from __future__ import annotations

from dataclasses import dataclass

from voxpipe.simulator.protocol.ids import Ids
from voxpipe.simulator.protocol.outbox import Outbox, Timers
from voxpipe.simulator.protocol.session_config import SessionConfig
from voxpipe.simulator.script.script import Script
from voxpipe.simulator.service.conversation.conversation import DefaultConversation
from voxpipe.simulator.service.conversation.items import Item


@dataclass(slots=True)
class SessionState:
    """One session's state, apart from what only one part of it needs.

    Attributes:
        spoken: whether there is any assistant audio, which fixes the voice.
    """

    ids: Ids
    outbox: Outbox
    timers: Timers
    config: SessionConfig
    conversation: DefaultConversation
    script: Script
    spoken: bool = False

    def announce(self, item: Item) -> None:
        """Tell the client that ``item`` has entered the conversation."""
        self._tell("conversation.item.added", item)

    def conclude(self, item: Item) -> None:
        """Tell the client that ``item`` is final."""
        self._tell("conversation.item.done", item)

    def _tell(self, event: str, item: Item) -> None:
        if item.id in self.conversation:  # and has not been deleted meanwhile
            self.outbox.emit(
                event,
                previous_item_id=self.conversation.before(item.id),
                item=item.to_wire(),
            )

    def padding(self) -> dict[str, str]:
        """The ``obfuscation`` of a delta, unless the script does without."""
        if not self.script.obfuscation:
            return {}
        return {"obfuscation": self.ids.padding()}
