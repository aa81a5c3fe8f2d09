"""What the parts of one session share, and what they have a voice speak."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from voxpipe.simulator.protocol.ids import Ids
from voxpipe.simulator.protocol.journal import Journal
from voxpipe.simulator.protocol.outbox import Outbox, Request, Requests, Timers
from voxpipe.simulator.protocol.session_config import SessionConfig
from voxpipe.simulator.script.script import Script
from voxpipe.simulator.service.conversation.conversation import DefaultConversation
from voxpipe.simulator.service.conversation.items import Item


@dataclass(frozen=True, slots=True, eq=False)
class SpeechRequest(Request[bytes | None]):
    """A text that somebody outside the session has to speak.

    What comes of it is 16-bit mono at 24 kHz; ``None`` when the voice could not.

    Attributes:
        text: the words.
        voice: as the session names it; custom voices by their id.
        speed: 0.25 to 1.5.
    """

    text: str
    voice: str
    speed: float


@dataclass(slots=True)
class SessionState:
    """One session's state, apart from what only one part of it needs.

    Attributes:
        dice: for what is not always the same.
        spoken: whether there is any assistant audio, which fixes the voice.
    """

    ids: Ids
    outbox: Outbox
    timers: Timers
    requests: Requests
    config: SessionConfig
    conversation: DefaultConversation
    script: Script
    journal: Journal
    dice: Random = field(default_factory=Random)
    spoken: bool = False

    def announce(self, item: Item) -> None:
        """Tell the client that ``item`` has entered the conversation."""
        self._tell("conversation.item.added", item)

    def conclude(self, item: Item, *, made: bool = False) -> None:
        """Tell the client that ``item``, which a response may have made, is final."""
        self._tell("conversation.item.done", item, made=made)

    def _tell(self, event: str, item: Item, *, made: bool = False) -> None:
        if item.id not in self.conversation:
            return  # it has been deleted meanwhile
        before = self.conversation.before(item.id)
        if made and before == self.conversation.first_id:
            before = None  # as live, of whatever reason: `added` had it
        self.outbox.emit(event, previous_item_id=before, item=item.to_wire())

    def padding(self) -> dict[str, str]:
        """The ``obfuscation`` of a delta, unless the script does without."""
        if not self.script.obfuscation:
            return {}
        return {"obfuscation": self.ids.padding()}
