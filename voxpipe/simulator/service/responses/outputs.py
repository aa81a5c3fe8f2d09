"""The items that a response makes, with the events that open, fill and close them."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from voxpipe.simulator.audio.sound import Sound, WireFormat
from voxpipe.simulator.service.conversation.items import Item, Part, Status
from voxpipe.simulator.service.session import Session


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item stands.

    Attributes:
        session: whose client is told.
        response_id: of the response that makes it.
        index: its number there.
        aside: whether it stays out of the conversation.
    """

    session: Session
    response_id: str
    index: int
    aside: bool


class Output:
    """One item of a response; ``item`` is in progress and without content."""

    def __init__(self, place: Place, item: Item) -> None:
        self.item = item
        self._session = place.session
        self._aside = place.aside
        self._ids = {"response_id": place.response_id, "output_index": place.index}

    def open(self) -> None:
        """Tell the client that it begins."""
        self._tell("response.output_item.added")
        if not self._aside:
            self._session.conversation.add(self.item)
            self._session.announce(self.item)

    def close(self, status: Status) -> None:
        """Tell the client that it is final."""
        self.item.status = status
        self.item.revision += 1
        if not self._aside:
            self._session.conclude(self.item)
        self._tell("response.output_item.done")

    def _tell(self, event: str) -> None:
        self._session.outbox.emit(
            event,
            **self._ids,
            item=self.item.wire(),
        )

    def _emit(self, event: str, **fields: Any) -> None:
        self._session.outbox.emit(event, item_id=self.item.id, **self._ids, **fields)


class TextOutput(Output):
    """A written message."""

    _event, _part, _field = "response.output_text", "text", "text"

    def __init__(self, place: Place, item: Item) -> None:
        super().__init__(place, item)
        self._text = ""

    def open(self) -> None:
        """Tell the client that it begins, with its only part."""
        super().open()
        self.item.content = [self._content()]
        self._emit("response.content_part.added", content_index=0, part=self._shown())

    def write(self, token: str) -> None:
        """Add a token of text or transcript."""
        self._text += token
        self.item.content[0].text = self._text
        self._emit(
            f"{self._event}.delta",
            content_index=0,
            delta=token,
            **self._session.padding(),
        )

    def close(self, status: Status) -> None:
        """Close the part and then the item."""
        self._emit(f"{self._event}.done", content_index=0, **{self._field: self._text})
        self._emit("response.content_part.done", content_index=0, part=self._shown())
        super().close(status)

    def _content(self) -> Part:
        return Part("output_text", "")

    def _shown(self) -> dict[str, str]:
        return {"type": self._part, self._field: self._text}


class SpokenOutput(TextOutput):
    """A spoken message, with the transcript of what it says."""

    _event, _part = "response.output_audio_transcript", "audio"
    _field = "transcript"

    def __init__(self, place: Place, item: Item, format: WireFormat) -> None:
        super().__init__(place, item)
        self.format = format
        self._sound = Sound(format, bytearray())

    def speak(self, data: bytes) -> None:
        """Add audio."""
        session = self._session
        session.spoken = True
        if self.item.id in session.conversation:
            self._sound.append(data)
            session.conversation.hold(len(data))
        else:
            self._sound.length += len(data)
        self._emit(
            "response.output_audio.delta",
            content_index=0,
            delta=b64encode(data).decode(),
        )

    def close(self, status: Status) -> None:
        """Close audio, transcript, part and item."""
        self._emit("response.output_audio.done", content_index=0)
        super().close(status)

    def _content(self) -> Part:
        return Part("output_audio", "", self._sound)


class CallOutput(Output):
    """A function call."""

    def write(self, piece: str) -> None:
        """Add a piece of its arguments."""
        call = self.item.call
        call["arguments"] += piece
        self._emit(
            "response.function_call_arguments.delta",
            call_id=call["call_id"],
            delta=piece,
            **self._session.padding(),
        )

    def close(self, status: Status) -> None:
        """Close the arguments and then the item."""
        call = self.item.call
        self._emit(
            "response.function_call_arguments.done",
            call_id=call["call_id"],
            name=call["name"],
            arguments=call["arguments"],
        )
        super().close(status)
