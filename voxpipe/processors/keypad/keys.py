"""Keys become words: a model hears speech, and reads what was pressed."""

from __future__ import annotations

import math
from typing import NoReturn

from anyio import EndOfStream, move_on_after

from voxpipe.pipeline import Dtmf, Input, Output, Processor, Text, WiringError

TEXT = "I have pressed {keys} on my telephone."
MOST = 64  # keys; more is a hand that lies on them


class Keys(Processor):
    """Tell a model which keys its caller presses, as if they had been written.

    A stage: ``call.pressed >> Keys() >> model.reads``. Keys that follow one another are
    told together, and asked to be answered once: when ``end`` is pressed, when none has
    been for a while, or when there are as many as there can be.

    Args:
        end: the key that ends a number, which is not told unless it comes alone;
            ``""`` for none.
        pause: seconds without a key after which those that came are told; `math.inf`
            waits for ``end``.
        most: keys that a number has; the last of them ends it.
        text: what is told, in the caller's words; ``{keys}`` stands for the keys.

    Raises:
        WiringError: an end that is no key, a pause or a number that is none, or a text
            without ``{keys}``.
    """

    input = Input[Dtmf]()
    output = Output[Text]()

    def __init__(
        self, *, end: str = "#", pause: float = 3.0, most: int = MOST, text: str = TEXT
    ) -> None:
        if len(end) > 1 or end not in "0123456789*#ABCD":
            _refuse("its end is one of 0-9, *, #, A-D, or empty", end)
        if not pause > 0:
            _refuse("its pause is a number of seconds above 0", pause)
        if not 1 <= most <= MOST:
            _refuse(f"a number has 1 to {MOST} keys", most)
        if "{keys}" not in text:
            _refuse("its text has {keys} in it", text)
        self._end, self._pause, self._most, self._text = end, pause, most, text

    async def run(self) -> None:
        """Tell what is pressed until no more keys come."""
        keys = ""
        while True:
            with move_on_after(self._pause if keys else math.inf):
                try:
                    key = (await self.input.receive()).digit
                except EndOfStream:
                    break
                if key != self._end or not keys:
                    keys += key
                if key != self._end and len(keys) < self._most:
                    continue
            await self._tell(keys)
            keys = ""
        if keys:
            await self._tell(keys)

    async def _tell(self, keys: str) -> None:
        await self.output.send(Text(text=self._text.replace("{keys}", keys)))


def _refuse(what: str, got: object) -> NoReturn:
    raise WiringError(f"Keys tells a model what is pressed: {what}, not {got!r}")
