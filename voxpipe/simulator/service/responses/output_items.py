"""What a response says and calls, item by item, with the events that fill each."""

from __future__ import annotations

from base64 import b64encode

from voxpipe.simulator.audio.sound import Sound, WireFormat
from voxpipe.simulator.service.conversation.items import ContentPart, Item, ItemStatus
from voxpipe.simulator.service.session.output_item import OutputItem, Place


class TextItem(OutputItem):
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

    def write(self, piece: str) -> None:
        """Add a piece of text or transcript."""
        self._text += piece
        if not self.item.truncated:  # by a client that did not wait for its end
            self.item.content[0].text = self._text
        self._emit(
            f"{self._event}.delta",
            content_index=0,
            delta=piece,
            **self._session.padding(),
        )

    def close(self, status: ItemStatus) -> None:
        """Close the part and then the item."""
        self._emit(f"{self._event}.done", content_index=0, **{self._field: self._text})
        self._emit("response.content_part.done", content_index=0, part=self._shown())
        super().close(status)

    def _content(self) -> ContentPart:
        return ContentPart("output_text", "")

    def _shown(self) -> dict[str, str]:
        return {"type": self._part, self._field: self._text}


class AudioItem(TextItem):
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

    def close(self, status: ItemStatus) -> None:
        """Close audio, transcript, part and item."""
        self._emit("response.output_audio.done", content_index=0)
        super().close(status)

    def _content(self) -> ContentPart:
        return ContentPart("output_audio", "", self._sound)


class FunctionCallItem(OutputItem):
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

    def close(self, status: ItemStatus) -> None:
        """Close the arguments and then the item."""
        call = self.item.call
        self._emit(
            "response.function_call_arguments.done",
            call_id=call["call_id"],
            name=call["name"],
            arguments=call["arguments"],
        )
        super().close(status)
