"""A call by a browser: like one by telephone, and with a page beside it."""

from __future__ import annotations

import logging
from base64 import b64decode
from collections.abc import Mapping, Sequence

from anyio import CancelScope, current_time, sleep_until

from voxpipe.pipeline import AudioFormat, AudioFrame, Image, ImageError, Turn
from voxpipe.pipeline.queue import Delivery
from voxpipe.transports.telephony.carrier import events as carrier
from voxpipe.transports.telephony.carrier.call import CarrierCall

from .codec import BrowserCodec
from .messages import (
    Interrupted,
    Muted,
    PicturePiece,
    PlayedTo,
    Unusable,
    Written,
)
from .seat import PATIENCE, Seat
from .shown import Shown

logger = logging.getLogger(__name__)

MAX_UNHEARD = 3.0  # seconds that were sent, until the page must have heard some of them
MAX_PICTURE = 2 * 2**20  # bytes; a JPEG of 2,048 pixels has half of it
SILENCE = 0.1  # seconds in one frame, while the microphone is shut


class BrowserCall(CarrierCall):
    """One call by a browser; made by `BrowserEndpoints`.

    The loudspeaker's own clock says what was heard. When the connection is lost the
    agent waits for it for 30 s, and goes on where the ear stopped. A page that hears
    nothing of what it is sent, as in a tab that is throttled, is waited for.

    Args:
        seat: the connections, one after the other.
        format: of the audio, both ways; 16-bit PCM.
        caller: who it is, if the app knows.
        parameters: what the app knows of them.

    Attributes:
        shown: what the page shows; to be set as an observer around the app.
    """

    codec = BrowserCodec
    shows_words = True

    def __init__(
        self,
        seat: Seat,
        *,
        format: AudioFormat,
        caller: str = "",
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        self._page = BrowserCodec(format)
        start = carrier.Started(seat.name, format, caller, "", parameters or {})
        super().__init__(seat, self._page, start)
        self._seat = seat
        self._replies = self._page.replies
        self.shown = Shown(self._replies)
        self._unheard_since: float | None = None  # too much was sent and not heard
        self._is_muted = False
        self._silence = CancelScope()  # made here while it is
        self._picture = bytearray()  # base64 of one that is not whole
        self._is_too_large = False
        seat.lost, seat.resumed = self._lost, self._resumed

    # --- the connection

    def _lost(self) -> None:
        now = current_time()
        logger.info(
            "call=%s has lost its connection: the seat is kept for %g s",
            self.id[-8:],
            PATIENCE,
        )
        self.paused = True
        self._picture.clear()
        self._replies.forget()
        self._pace()
        if self._playout is not None:
            self._playout.forgotten(now)

    def _resumed(self) -> None:
        logger.info("call=%s goes on over another connection", self.id[-8:])
        self.paused, self.heard_at = False, current_time()
        self._pace()
        self.shown.again()

    # --- what the page says

    def _take_at_once(self, message: str | bytes) -> bool:
        # Fifty times a second; all that is not audio is for a task.
        return type(message) is bytes and super()._take_at_once(message)

    def _act(self, event: carrier.Event) -> Sequence[Delivery] | carrier.Wanted:
        match event:
            case PlayedTo():
                self._played_to(event)
            case Interrupted():
                self._interrupt()
            case Muted():
                self._mute(event.muted)
            case Written():
                self.shown.write(event.text)
            case PicturePiece():
                self._add_to_picture(event)
            case Unusable():
                self._complain(event.why)
            case _:
                return super()._act(event)
        return ()

    def _hear(self, audio: carrier.Audio) -> Sequence[Delivery]:
        return () if self._is_muted else super()._hear(audio)

    def _played_to(self, played: PlayedTo) -> None:
        turn = self._replies.heard(played.reply, played.seconds)
        if turn is None:
            return
        if self._playout is not None:
            self._playout.confirm(turn, played.seconds)
        if played.seconds > 0:
            self.shown.sounds(turn, self.heard_at - played.seconds)
        self._pace()

    def _interrupt(self) -> None:
        for turn in self._replies.turns:
            turn.cut()
        self.shown.interrupt()

    def _mute(self, muted: bool) -> None:
        self._due = None  # what is said meanwhile is no gap
        if muted == self._is_muted:
            return
        self._is_muted = muted
        self._silence.cancel()
        if muted and self._tasks is not None:
            self._silence = CancelScope()
            self._tasks.start_soon(self._be_silent, self._silence)

    async def _be_silent(self, muted: CancelScope) -> None:
        # Or whoever waits for a pause to answer would wait for ever.
        at, data = current_time(), self.format.silence(SILENCE)
        with muted:
            while not self._hung_up:
                self.heard_at = at
                frame = self._intake.feed(data)
                if frame is not None:
                    await self.heard.send(frame)
                at += SILENCE
                await sleep_until(at)

    def _add_to_picture(self, piece: PicturePiece) -> None:
        picture = self._picture
        if len(picture) + len(piece.data) > MAX_PICTURE * 4 // 3 + 4:
            self._is_too_large = True
            picture.clear()
        if not self._is_too_large:
            picture += piece.data.encode("utf-8")
        if piece.more:
            return
        if self._is_too_large:
            self._complain(f"a picture is too large: at most {MAX_PICTURE} bytes")
        else:
            self._show_picture(bytes(picture), piece.text)
        self._is_too_large = False
        picture.clear()

    def _show_picture(self, base64: bytes, text: str) -> None:
        try:
            image = Image(data=b64decode(base64, validate=True))
        except (ValueError, ImageError) as error:
            why = str(error) if isinstance(error, ImageError) else "it is no base64"
            self._complain(f"a picture cannot be read: {why}")
        else:
            self.shown.show(image, text)

    def _complain(self, why: str) -> None:
        self.report(why)
        self.shown.complain(why)

    # --- what we say

    @property
    def sending_since(self) -> float | None:
        """As `Call` has it."""
        since = self._unheard_since
        return super().sending_since if since is None else since

    async def _write(self, frame: AudioFrame) -> None:
        await super()._write(frame)
        self._pace()
        self.shown.moved()

    async def _clear(self, _: Turn | None) -> None:
        await super()._clear(_)
        self._pace()

    def _pace(self) -> None:
        """Go on speaking while the page is there, and hears it."""
        if self._replies.unheard <= MAX_UNHEARD:
            self._unheard_since = None
        elif self._unheard_since is None:
            self._unheard_since = current_time()
            self.report(
                f"the page has heard nothing of {MAX_UNHEARD:g} s that were sent: it "
                "is waited for"
            )
        if self._playout is None:
            return
        if self._seat.is_taken and self._unheard_since is None:
            self._playout.resume()
        else:
            self._playout.suspend()
