"""What was said at the desk, for the table at the end."""

from __future__ import annotations

from collections import deque

from anyio import current_time

from voxpipe.pipeline import Transcript, Turn
from voxpipe.processors.realtime.protocol.words import first_words
from voxpipe.transports.desk import DeskCall

from .demo.report import Report, TurnRecord

MOST = 1_000  # things that one side has said, remembered


class DeskRecord:
    """Writes down words; times and positions are in the turns themselves."""

    def __init__(self) -> None:
        self._call: DeskCall | None = None
        self._simulated = False
        self._began = 0.0
        self._yours = deque[str](maxlen=MOST)
        self._words = dict[str, Transcript]()  # the agent's, by item

    def begin(self, call: DeskCall, *, simulated: bool) -> None:
        """It is this call."""
        self._call, self._simulated = call, simulated
        self._began = current_time()

    def note(self, said: Transcript) -> None:
        """Somebody says this; the agent's words come before they are heard."""
        if said.speaker == "user":
            if said.final:
                self._yours.append(said.text)
            return
        if said.item_id not in self._words and len(self._words) >= MOST:
            self._words.pop(next(iter(self._words)))
        self._words[said.item_id] = said

    def report(self, cost_usd: float | None) -> Report:
        """What became of it."""
        call = self._call
        turns = [] if call is None else list(call.turns)
        return Report(
            model="the model",
            simulated=self._simulated,
            seconds=0.0,
            turns=tuple(self._turns(turns)),
            cost_usd=cost_usd,
        )

    def _turns(self, turns: list[Turn]) -> list[TurnRecord]:
        yours = list(self._yours)
        told: list[TurnRecord] = []
        for index, turn in enumerate(turns, 1):
            timings = turn.timings
            answers = timings.user_stopped is not None
            said = [
                self._words[item]
                for item in turn.generated_by_item()
                if item in self._words
            ]
            words = " ".join(each.text for each in said)
            told.append(
                TurnRecord(
                    index=index,
                    reply_id=turn.id,
                    user_words=yours.pop(0) if answers and yours else "",
                    agent_words=words,
                    agent_words_played=_heard_of(turn, words),
                    timings=timings.since(self._began),
                )
            )
        return told


def _heard_of(turn: Turn, words: str) -> str | None:
    """What to tell of a reply that was cut."""
    if not turn.is_cut:
        return None
    told = f"heard {turn.played:.1f} of {turn.generated:.1f} s ({turn.basis})"
    share = turn.played / turn.generated if turn.generated else 0.0
    heard = first_words(words, share)
    return f"{told}: {heard}" if heard else told
