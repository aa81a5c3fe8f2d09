"""What a page shows of any app: words, turns, tools, money, and what the agent does.

Nothing of it needs a route in the app: what runs there tells its observers. A page is
never told what a tool was given or gave back, nor why something has failed: that is for
the log.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Protocol, runtime_checkable

from voxpipe.pipeline import (
    Fault,
    Frame,
    Image,
    Processor,
    ReplyStart,
    ToolCall,
    ToolResult,
    Transcript,
    Turn,
    Usage,
    VoxpipeError,
)
from voxpipe.pipeline.observer import Activity, Agent, Observer

from .news import News
from .replies import Replies

FAILED = "The agent could not answer; the server's log says why."
REFUSED = "The agent could not take that; please try again."
UNREAD = "Nobody reads what is written: the app has no model that runs."


_HOSTED = {"running": "running", "completed": "done"}


@runtime_checkable
class _HostedCall(Protocol):
    """What becomes of a tool that the service calls itself, as its box tells it."""

    @property
    def item_id(self) -> str: ...  # see above
    @property
    def tool(self) -> str: ...
    @property
    def status(self) -> str: ...


class Shown(Observer):
    """What one page is shown.

    Args:
        replies: that it plays.

    Attributes:
        news: to be told.
    """

    wants = frozenset(
        {"transcripts", "spoken", "turns", "usage", "calls", "results", "mcp", "faults"}
    )

    def __init__(self, replies: Replies) -> None:
        self.news = News()
        self._replies = replies
        self._agents: list[tuple[Processor, Agent]] = []
        self._activity: Activity | None = None  # as it was told last
        self._timed: set[Turn] = set()  # whose latency is still to be told
        self._cost: float | None = 0.0

    # --- as `Observer`

    def begun(self, box: Processor) -> None:
        """As `Observer.begun`."""
        if isinstance(box, Agent):
            self._agents.append((box, box))
            captions = ["agent", "user"] if box.transcribes else ["agent"]
            self.news.tell("agent", "agent", captions=captions, reads=True)
        self.moved(box)

    def ended(self, box: Processor) -> None:
        """As `Observer.ended`."""
        self._agents = [each for each in self._agents if each[0] is not box]

    def moved(self, box: Processor | None = None) -> None:
        """As `Observer.moved`."""
        activity = self._activity_now()
        if activity != self._activity:
            self._activity = activity
            self.news.tell("state", "state", state=activity)

    def told(self, box: Processor, port: str, frame: Frame) -> None:
        """As `Observer.told`."""
        match frame:
            case Transcript():
                self._caption(frame)
            case ReplyStart():
                self._follow(frame.of_turn)
            case ToolCall():
                self._tool(frame.call_id, frame.name, "running")
            case ToolResult():
                state = "done" if frame.error is None else "failed"
                ms = round(frame.seconds * 1000)
                self._tool(frame.call_id, frame.name, state, ms)
            case Usage():
                self._charge(frame)
            case Fault():
                self.news.tell(("error", FAILED), "error", what=FAILED)
            case _:
                self._hosted(frame)

    # --- what the call tells

    def sounds(self, turn: Turn, since: float) -> None:
        """The page has heard the beginning of a reply, at this moment."""
        if turn in self._timed:
            self._timed.discard(turn)
            # Measured, where it was estimated; by a clock that is not ours.
            written = turn.timings.first_written
            turn.timings.first_played = max(
                since, since if written is None else written
            )
            self._tell_latency(turn)

    def complain(self, why: str) -> None:
        """What the person has sent cannot be used."""
        self.news.tell(("error", why), "error", what=why)

    def again(self) -> None:
        """The page has come back."""
        self.news.again()

    # --- what the person asks for

    def interrupt(self) -> None:
        """Silence whoever speaks."""
        for _, agent in self._agents:
            agent.interrupt()

    def write(self, text: str) -> None:
        """Have the agent read this, and answer at once, as if it had been said."""

        def send(agent: Agent) -> None:
            agent.interrupt()
            agent.send_text(text)

        self._try(send)

    def show(self, image: Image, text: str) -> None:
        """Have the agent see this; it answers if there is a text."""

        def send(agent: Agent) -> None:
            agent.send_image(image, text)
            if text:
                agent.ask()

        self._try(send)

    def _try(self, send: Callable[[Agent], object]) -> None:
        if not self._agents:
            self.complain(UNREAD)
            return
        try:
            send(self._agents[0][1])
        except VoxpipeError:  # too much waits to be sent, or the session has ended
            self.complain(REFUSED)

    # --- inner workings

    def _activity_now(self) -> Activity:
        playing = any(turn.state == "playing" for turn in self._replies.turns)
        states = {agent.activity for _, agent in self._agents}
        if playing:
            states.add("speaking")
        for each in ("speaking", "hearing", "thinking"):
            if each in states:
                return each
        return "listening"

    def _caption(self, said: Transcript) -> None:
        turn = said.of_turn
        self.news.tell(
            ("caption", said.speaker, said.item_id),
            "caption",
            speaker=said.speaker,
            item=said.item_id,
            reply=None if turn is None else self._replies.number(turn),
            text=said.text,
            final=said.final,
            heard=said.played,
        )

    def _follow(self, turn: Turn) -> None:
        if turn.is_over:
            return
        self._timed.add(turn)

        def look() -> None:
            if turn.is_over:
                turn.unwatch(key)
                self._timed.discard(turn)
                number = self._replies.number(turn)
                self.news.tell(("end", number), "end_of_reply", reply=number)
            self.moved()

        key = turn.watch(look)

    def _tell_latency(self, turn: Turn) -> None:
        times = turn.timings
        since = times.requested if times.user_stopped is None else times.user_stopped
        if since is None:
            return
        passed = {each.name: getattr(times, each.name) for each in fields(times)}
        stages = {
            name: round((at - since) * 1000)
            for name, at in passed.items()
            if at is not None
        }
        number = self._replies.number(turn)
        self.news.tell(("turn", number), "turn", reply=number, stages=stages)

    def _tool(self, id: str, name: str, state: str, ms: int | None = None) -> None:
        self.news.tell(("tool", id), "tool", id=id, name=name, state=state, ms=ms)

    def _hosted(self, frame: object) -> None:
        if isinstance(frame, _HostedCall):
            state = _HOSTED.get(frame.status, "failed")
            self._tool(frame.item_id, frame.tool, state)

    def _charge(self, usage: Usage) -> None:
        if usage.cost_usd is None or self._cost is None:
            self._cost = None
        else:
            self._cost += usage.cost_usd
        self.news.tell("cost", "cost", usd=self._cost)
