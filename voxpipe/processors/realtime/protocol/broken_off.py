"""Replies whose session was lost while it made them.

What was to be heard of them is in their stores, and is heard. One of which nothing has
come is asked for again; one that was being said is asked to go on where its sound
stopped; one that has called a tool is over, for the reply that follows goes on.
"""

from __future__ import annotations

from voxpipe.pipeline import PlayedItem

from .client_events import going_on
from .remote_playback import SECONDS_PER_CHARACTER
from .response import Response
from .responses import Responses
from .transcripts import Transcripts
from .truncation import played_words

LOST = "the session was lost"


class BrokenOff:
    """Decides what becomes of them.

    Args:
        responses: knows them.
        transcripts: knows their words.
    """

    def __init__(self, responses: Responses, transcripts: Transcripts) -> None:
        self._responses = responses
        self._transcripts = transcripts

    def lose(self, now: float) -> tuple[list[Response], list[Response]]:
        """The session is lost: gives what to ask for again, and what is over."""
        making = [each for each in self._responses.making if each.phase == "making"]
        again = [each for each in making if self._is_to_be_made(each, now)]
        self._responses.making.clear()
        return again, [each for each in making if each not in again]

    def _is_to_be_made(self, response: Response, now: float) -> bool:
        conclude = self._responses.conclude
        if response.turn.is_cut or response.cancelled:
            conclude(response, "cancelled", LOST, now)
        elif response.is_aside and response.turn.generated:
            conclude(response, "failed", LOST, now)  # somebody may have taken of it
        elif response.is_aside:
            response.texts.clear()
            response.finals.clear()
            response.wanted.clear()
            self._responses.forget(response, goes_on=False)
            return True
        elif response.has_called:
            self._break_off(response)
            conclude(response, "incomplete", LOST, now)
        elif _is_whole(response):
            conclude(response, "completed", "", now)
        else:
            self._break_off(response)
            self._ask_on(response)
            return True
        return False

    def _ask_on(self, response: Response) -> None:
        begun = bool(response.turn.generated or response.text.strip())
        options = response.options
        if options is None:  # the service had begun it: now it is ours to ask for
            response.options, response.follow_up = {}, not begun
        if begun and response.text.strip():
            own = str((options or {}).get("instructions") or "")
            response.rest = going_on(response.text, own)
        self._responses.forget(response, goes_on=begun)

    def _break_off(self, response: Response) -> None:
        """Of each item there are so many words as there is sound of it."""
        made = response.turn.generated_by_item()
        for item_id in dict.fromkeys(item_id for item_id, _ in response.texts):
            if item_id in response.whole:
                continue
            said = response.words_of(item_id)
            if response.is_spoken:
                seconds = made.get(item_id, 0.0)
                length = max(seconds, len(said) * SECONDS_PER_CHARACTER)
                part = PlayedItem(item_id, 0, length, seconds, "estimated")
                said = played_words(said, part) if seconds else ""
            self._transcripts.break_off(response, item_id, said)


def _is_whole(response: Response) -> bool:
    items = {item_id for item_id, _ in response.texts}
    return bool(items) and items <= response.whole and not response.silent
