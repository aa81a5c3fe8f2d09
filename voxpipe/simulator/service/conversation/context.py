"""What a response is given as input: what it weighs, and how much of it was cached."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, NamedTuple

from voxpipe.simulator.errors import Refusal
from voxpipe.simulator.protocol.json_types import is_object
from voxpipe.simulator.protocol.session_schema import reasons

from .items import Item
from .tokens import Tokens, add, count_item, count_text

_CACHE_STEP = 64  # tokens; all cached counts seen are multiples of it
_MAX_RECENT = 4  # recent inputs that a new one may share its beginning with
_MAX_WEIGHTS = 20_000
_WINDOW, _REASONING_WINDOW = 28_224, 96_000  # input tokens: context less the output


class Segment(NamedTuple):
    """A stretch of the input that is either the same as before or not.

    Attributes:
        key: equal for equal stretches.
        tokens: what it weighs.
    """

    key: Hashable
    tokens: Tokens


class WeighedInput(NamedTuple):
    """The input of one response, counted."""

    tokens: Tokens
    cached: Tokens


class ContextWindow:
    """Weighs the input of each response and remembers the last ones for the cache.

    Args:
        model: its family gives the size of the window.
    """

    def __init__(self, model: str) -> None:
        self._window = _REASONING_WINDOW if reasons(model) else _WINDOW
        self._recent: deque[list[Segment]] = deque(maxlen=_MAX_RECENT)
        self._first_kept: Hashable = None  # where truncation has left off
        self._weights: dict[str, tuple[int, Tokens]] = {}  # by item, with its revision
        self._prefix: tuple[str, Tokens] = ("", Tokens())

    def weigh(
        self,
        instructions: str,
        tools: Sequence[dict[str, Any]],
        items: Iterable[Item],
        truncation: Any,
    ) -> WeighedInput:
        """Count an input.

        Args:
            instructions: in force for this response.
            tools: offered to it.
            items: the conversation so far, or what the client gave in its place.
            truncation: the session's setting.

        Raises:
            Refusal: too long, and truncation is disabled.
        """
        segments = [self._head(instructions, tools)]
        segments += [self._segment(item) for item in items]
        segments = self._fit(segments, truncation)
        cached = max(
            (_common(before, segments) for before in self._recent),
            key=lambda tokens: tokens.total,
            default=Tokens(),
        )
        self._recent.append(segments)
        return WeighedInput(add(each.tokens for each in segments), cached)

    def _head(self, instructions: str, tools: Sequence[dict[str, Any]]) -> Segment:
        text = instructions + (json.dumps(tools) if tools else "")
        if text != self._prefix[0]:
            self._prefix = (text, Tokens(text=count_text(text)))
        return Segment(text, self._prefix[1])

    def _segment(self, item: Item) -> Segment:
        known = self._weights.get(item.id)
        if known is None or known[0] != item.revision:
            known = (item.revision, count_item(item))
            if len(self._weights) >= _MAX_WEIGHTS:
                self._weights.clear()
            if item.status != "in_progress":
                self._weights[item.id] = known
        return Segment((item.id, item.revision), known[1])

    def _fit(self, segments: list[Segment], truncation: Any) -> list[Segment]:
        window, keep = self._window, 1.0
        if is_object(truncation):
            limits = truncation.get("token_limits", {})
            window = min(window, limits.get("post_instructions", window))
            keep = truncation["retention_ratio"]
        keys = [each.key for each in segments]
        first = 1
        if truncation != "disabled" and self._first_kept in keys:
            first = keys.index(self._first_kept)
        weight = sum(each.tokens.total for each in segments[first:])
        if weight > window:
            if truncation == "disabled":
                raise _too_long(weight, window)
            while weight > window * keep and first < len(segments):
                weight -= segments[first].tokens.total
                first += 1
            self._first_kept = keys[first] if first < len(segments) else None
        return segments[:1] + segments[first:]


def _too_long(weight: int, window: int) -> Refusal:
    return Refusal(
        "context_length_exceeded",
        f"The conversation has {weight} tokens; this model takes {window}, and "
        "truncation is disabled.",
    )


def _common(before: list[Segment], now: list[Segment]) -> Tokens:
    """The part of ``now`` that ``before`` began with, in whole cache steps."""
    same: list[Tokens] = []
    for old, new in zip(before, now, strict=False):
        if old.key != new.key:
            break
        same.append(new.tokens)
    room = add(same).total // _CACHE_STEP * _CACHE_STEP
    text = audio = image = 0
    for each in same:
        take = min(each.text, room - text - audio - image)
        text += take
        take = min(each.audio, room - text - audio - image)
        audio += take
        image += min(each.image, room - text - audio - image)
    return Tokens(text, audio, image)
