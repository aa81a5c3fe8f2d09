"""What the simulated model says, calls and hears: a script, in YAML or in Python."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from .errors import ScriptError


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Call(_Strict):
    """A function call that the model makes.

    Attributes:
        name: of a tool that the session declares.
        arguments: as an object; a string is sent as it is, valid JSON or not.
    """

    name: str
    arguments: dict[str, Any] | str = Field(default_factory=dict[str, Any])


class Failure(_Strict):
    """How a response fails: ``status_details.error`` of its ``response.done``."""

    type: str = "server_error"
    code: str = "server_error"
    message: str = "The server had an error while processing your request."


def _lines(say: str | Sequence[str]) -> tuple[str, ...]:
    return (say,) if isinstance(say, str) else tuple(say)


class Line(_Strict):
    """One reply of the model: the n-th line is its n-th reply.

    What it says may hold ``{result.temperature}`` (a field of the newest tool result;
    ``{result}`` is all of it), ``{results.get_weather.temperature}`` (of the newest
    result of that tool) and ``{heard}`` (the caller's last known words). What cannot be
    filled in is said as ``(no result.temperature)``.

    Attributes:
        say: spoken, or written when the session asks for text. Several strings are
            several messages of the same reply.
        calls: made after speaking.
        heard: the caller's words before this reply, for transcripts.
        unintelligible: the transcription of these words fails.
        wait_ms: before the first delta, in place of the script's ``timing``.
        fails: the reply fails in this way instead of saying anything.
    """

    say: Annotated[str | Sequence[str], AfterValidator(_lines)] = ()
    calls: Annotated[Sequence[Call], AfterValidator(tuple)] = ()
    heard: str | None = None
    unintelligible: bool = False
    wait_ms: float | None = Field(default=None, ge=0, le=600_000)
    fails: Failure | None = None

    @property
    def messages(self) -> tuple[str, ...]:
        """What it says, one string a message."""
        return _lines(self.say)


class Timing(_Strict):
    """How fast the simulated service is. Milliseconds, unless it says otherwise.

    Attributes:
        first_audio_ms: from ``response.create`` to the first delta of audio.
        first_text_ms: the same for text and function calls.
        text_token_ms: between two deltas of text.
        delta_ms: audio in one delta.
        speed: how many times faster than it plays audio is made.
        transcript_lead_ms: by how much a transcript runs ahead of its audio.
        transcription_ms: from commit to the caller's transcript.
        rate_limits_ms: from ``response.done`` to ``rate_limits.updated``.
    """

    first_audio_ms: float = Field(default=500, ge=0, le=600_000)
    first_text_ms: float = Field(default=210, ge=0, le=600_000)
    text_token_ms: float = Field(default=6, ge=0, le=10_000)
    delta_ms: int = Field(default=250, ge=20, le=10_000)
    speed: float = Field(default=5, ge=0.1, le=1000)
    transcript_lead_ms: float = Field(default=500, ge=0, le=10_000)
    transcription_ms: float = Field(default=1190, ge=0, le=600_000)
    rate_limits_ms: float = Field(default=43, ge=0, le=10_000)


class Script(_Strict):
    """A conversation as the model sees it.

    Attributes:
        replies: to the default conversation, in order. A reply that is interrupted
            before it has said anything is given again: somebody only paused.
        out_of_band: replies of ``conversation: "none"`` responses, in order.
        then: what follows the last reply: ``echo`` says back what was said, ``repeat``
            starts again.
        timing: how fast all of it is.
        tokens_per_minute: the limit that ``rate_limits.updated`` tells.
        obfuscation: whether deltas carry padding, as live ones do.
    """

    replies: Annotated[Sequence[Line], AfterValidator(tuple)] = ()
    out_of_band: Annotated[Sequence[Line], AfterValidator(tuple)] = ()
    then: Literal["echo", "repeat"] = "echo"
    timing: Timing = Timing()
    tokens_per_minute: int = Field(default=40_000, ge=1)
    obfuscation: bool = True


def load_script(path: str | Path) -> Script:
    """Read a script from a YAML file.

    Raises:
        ScriptError: the file cannot be read, is not YAML, or a field of it will not
            do; the message names the line, the field and the cure.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScriptError(f"cannot read the script {path}: {error}") from error
    return parse_script(text, name=str(path))


def parse_script(text: str, *, name: str = "script") -> Script:
    """A script from YAML text; ``name`` stands for the file in messages.

    Raises:
        ScriptError: as `load_script`.
    """
    try:
        data = yaml.safe_load(text)
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or error
        raise ScriptError(f"{name}{line}: this is not YAML: {problem}") from error
    if data is None:
        data = {}
    try:
        return Script.model_validate(data)
    except ValidationError as error:
        # A field with two types has two complaints; the simpler type's is enough.
        first = {_place(each): each for each in reversed(error.errors())}
        told = [_explain(name, tree, each) for each in reversed(first.values())]
        problems = "\n".join(told)
        raise ScriptError(problems) from None


def _explain(name: str, tree: yaml.Node | None, problem: Any) -> str:
    place = list(_place(problem))
    field = ".".join(str(each) for each in place) or "the whole file"
    return f"{name}, line {_line(tree, place)}, {field}: {_cure(problem, place)}"


def _place(problem: Any) -> tuple[Any, ...]:
    """Keys and indexes, without pydantic's names for the types it has tried."""
    return tuple(
        each
        for each in problem["loc"]
        if isinstance(each, int) or (each.isidentifier() and each != "str")
    )


def _cure(problem: Any, place: list[Any]) -> str:
    if problem["type"] != "extra_forbidden":
        return f"{problem['msg']}; it is {type(problem['input']).__name__} here"
    models = [model for model in _MODELS if _stands_at(model, place[:-1])]
    known = ", ".join(models[0].model_fields) if models else "see the documentation"
    return f"there is no such field; the fields here are {known}"


_MODELS: tuple[type[_Strict], ...] = (Script, Line, Call, Timing, Failure)
_PLACES: dict[type[_Strict], str] = {
    Script: r"",
    Line: r"(replies|out_of_band)\.\d+",
    Call: r"(replies|out_of_band)\.\d+\.calls\.\d+",
    Timing: r"timing",
    Failure: r"(replies|out_of_band)\.\d+\.fails",
}


def _stands_at(model: type[_Strict], place: Iterable[Any]) -> bool:
    path = ".".join(str(each) for each in place)
    return re.fullmatch(_PLACES[model], path) is not None


def _line(tree: yaml.Node | None, place: Iterable[Any]) -> int:
    """The line of the innermost part of ``place`` that stands in the file."""
    line, node = 1, tree
    for step in place:
        mark, node = _child(node, step)
        if node is None:
            break
        line = mark
    return line


def _child(node: yaml.Node | None, step: Any) -> tuple[int, yaml.Node | None]:
    """What stands under ``step``, and the line of its key or of itself."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        items: list[yaml.Node] = node.value
        if step < len(items):
            return items[step].start_mark.line + 1, items[step]
    return 0, None
