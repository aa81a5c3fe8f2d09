"""What the simulated model says, calls and hears: a script.

In Python it is made of these values; `script_file` reads them from YAML.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from random import Random
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from voxpipe.simulator.errors import ScriptError

from .faults import ScriptFault
from .mcp import McpTools
from .patterns import mistake_in
from .strict import Strict


class CallTool(Strict):
    """A function call that the model makes.

    Attributes:
        name: of a tool that the session declares, or imports from an MCP server.
        arguments: as an object; a string is sent as it is, valid JSON or not.
    """

    name: str
    arguments: dict[str, Any] | str = Field(default_factory=dict[str, Any])


class Failure(Strict):
    """How a response fails: ``status_details.error`` of its ``response.done``."""

    type: str = "server_error"
    code: str = "server_error"
    message: str = "The server had an error while processing your request."


def _lines(say: str | Sequence[str]) -> tuple[str, ...]:
    return (say,) if isinstance(say, str) else tuple(say)


class ScriptedReply(Strict):
    """What the model does in one reply.

    What it says may hold ``{result.temperature}`` (a field of the newest tool result;
    ``{result}`` is all of it), ``{results.get_weather.temperature}`` (of the newest
    result of that tool) and ``{heard}`` (the caller's last known words). What cannot be
    filled in is said as ``(no result.temperature)``.

    Attributes:
        say: spoken, or written when the session asks for text. Several strings are
            several messages of the same reply.
        calls: made after speaking.
        wait_ms: before the first delta, in place of the script's ``timing``.
        fails: the reply fails in this way, after what it says and calls.
        interleaved: each item begins before the one before it has ended, as those of
            gpt-realtime-2.1 do now and then.
        reasoning_tokens: that it has thought with before; only models of the 2.x
            family do, unless the effort is ``none``.
    """

    say: Annotated[str | Sequence[str], AfterValidator(_lines)] = ()
    calls: Annotated[Sequence[CallTool], AfterValidator(tuple)] = ()
    wait_ms: float | None = Field(default=None, ge=0, le=600_000)
    fails: Failure | None = None
    interleaved: bool = False
    reasoning_tokens: int = Field(default=0, ge=0, le=1_000_000)

    @property
    def messages(self) -> tuple[str, ...]:
        """What it says, one string a message."""
        return _lines(self.say)


class Line(ScriptedReply):
    """One reply of the model: the n-th line is its n-th reply.

    Attributes:
        heard: the caller's words before this reply, for transcripts and patterns. In a
            file, words that end in ``.wav`` stand for those in the ``.txt`` beside it.
            To a model that tells speakers apart, ``A:`` begins what A says, on a line.
        unintelligible: the transcription of these words fails.
    """

    heard: str | None = None
    unintelligible: bool = False


def _pattern(text: str | None) -> str | None:
    if why := mistake_in(text or ""):
        raise PydanticCustomError(
            "pattern", "this is no regular expression: {why}", {"why": why}
        )
    return text


Pattern = Annotated[str | None, AfterValidator(_pattern)]


class When(ScriptedReply):
    """A reply that depends on what came last; it goes before those by turn.

    All conditions that it names have to hold, and it names at least one. Patterns are
    regular expressions, found anywhere, whatever the case, but without look-around and
    references to groups: they take no time. When what the
    caller said stands in the next line's ``heard``, that line has had its turn.

    Attributes:
        text: in what the caller said or typed since the last reply; with ``result``, in
            what the tool gave back.
        result: the tool that has just answered.
        instructions: in those of the response alone. Only with it does a rule answer
            out-of-band responses.
        times: how often it answers; ``None`` for always.
    """

    text: Pattern = None
    result: str | None = None
    instructions: Pattern = None
    times: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _is_about_something(self) -> Self:
        if self.text is None and self.result is None and self.instructions is None:
            raise PydanticCustomError(
                "no_condition",
                "a rule needs a condition: text (a pattern), result (a tool's name) or "
                "instructions (a pattern)",
            )
        return self


class Written(Strict):
    """What a text model answers, to ``POST /v1/responses``.

    Attributes:
        text: a pattern in what it is asked, found anywhere, whatever the case; with
            ``result``, in what the tool gave back. Without one it answers everything.
        result: the tool that has just answered.
        say: its words; what is not text becomes JSON. Fields are filled in as in those
            of a `Line`.
        calls: functions that it calls beside. What calls one, and names no ``result``,
            does not answer results.
        reasoning_tokens: that it has thought with; some put a reasoning item in front.
        wait_ms: before it answers.
        fails: the response fails in this way instead.
    """

    text: Pattern = None
    result: str | None = None
    say: str | dict[str, Any] | list[Any] = ""
    calls: Annotated[Sequence[CallTool], AfterValidator(tuple)] = ()
    reasoning_tokens: int = Field(default=0, ge=0, le=1_000_000)
    wait_ms: float = Field(default=0, ge=0, le=600_000)
    fails: Failure | None = None

    @property
    def words(self) -> str:
        """What it says, as text."""
        if isinstance(self.say, str):
            return self.say
        return json.dumps(self.say, ensure_ascii=False)


class Timing(Strict):
    """How fast the simulated service is. Milliseconds, unless it says otherwise.

    Attributes:
        first_audio_ms: from ``response.create`` to the first delta of audio.
        first_audio_spread_ms: how far that is scattered: two thirds of the replies
            take between so much less and about so much more, and a few far more
            (log-normal, of this median).
        first_text_ms: the same for text and function calls.
        text_token_ms: between two deltas of text.
        delta_ms: audio in one delta.
        speed: how many times faster than it plays audio is made.
        transcript_lead_ms: by how much a transcript runs ahead of its audio.
        transcription_ms: from commit to the caller's transcript.
        rate_limits_ms: from ``response.done`` to ``rate_limits.updated``.
    """

    first_audio_ms: float = Field(default=500, ge=0, le=600_000)
    first_audio_spread_ms: float = Field(default=0, ge=0, le=60_000)
    first_text_ms: float = Field(default=210, ge=0, le=600_000)
    text_token_ms: float = Field(default=6, ge=0, le=10_000)
    delta_ms: int = Field(default=250, ge=20, le=10_000)
    speed: float = Field(default=5, ge=0.1, le=1000)
    transcript_lead_ms: float = Field(default=500, ge=0, le=10_000)
    transcription_ms: float = Field(default=1190, ge=0, le=600_000)
    rate_limits_ms: float = Field(default=43, ge=0, le=10_000)

    def first_audio(self, dice: Random) -> float:
        """Seconds that one reply takes to its first delta of audio."""
        median, spread = self.first_audio_ms / 1000, self.first_audio_spread_ms / 1000
        if not (median and spread):
            return median
        return median * math.exp(dice.gauss(0, math.log1p(spread / median)))


class Script(Strict):
    """A conversation as the model sees it.

    Attributes:
        when: replies that depend on what came last; the first that holds is taken.
        replies: to the default conversation, in order. A reply that is interrupted
            before it has said anything is given again: somebody only paused.
        out_of_band: replies of ``conversation: "none"`` responses, in order.
        then: what follows the last reply: ``echo`` says back what was said, ``repeat``
            starts again, ``call_tools`` says it back and calls a tool of the session's
            too: the one whose name is in what was typed, else the first.
        goes_on: a session that is told what was said in another one before it, as it is
            when a client connects again, goes on behind that; a line that broke off is
            finished. Otherwise each session starts from the beginning.
        written: answers of text models; the first that fits is taken.
        timing: how fast all of it is.
        faults: what goes wrong with the connection, and when.
        mcp: MCP servers that exist only here, by the label that the session gives them.
        tokens_per_minute: the limit that ``rate_limits.updated`` tells.
        obfuscation: whether deltas carry padding, as live ones do.
    """

    when: Annotated[Sequence[When], AfterValidator(tuple)] = ()
    replies: Annotated[Sequence[Line], AfterValidator(tuple)] = ()
    out_of_band: Annotated[Sequence[Line], AfterValidator(tuple)] = ()
    then: Literal["echo", "repeat", "call_tools"] = "echo"
    goes_on: bool = False
    written: Annotated[Sequence[Written], AfterValidator(tuple)] = ()
    timing: Timing = Timing()
    faults: Annotated[Sequence[ScriptFault], AfterValidator(tuple)] = ()
    mcp: Annotated[Sequence[McpTools], AfterValidator(tuple)] = ()
    tokens_per_minute: int = Field(default=40_000, ge=1)
    obfuscation: bool = True


def checked_script(given: object) -> Script:
    """Itself, or the script of who gives none.

    Raises:
        ScriptError: it is no script.
    """
    if given is None:
        return Script()
    if not isinstance(given, Script):
        raise ScriptError(
            f"a script is a Script, not {type(given).__name__}: load_script(path) "
            "reads one from a file, and Script(replies=[Line(say=…)]) is one"
        )
    return given
